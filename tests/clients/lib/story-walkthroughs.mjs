// In, out, in again: what an import keeps and an export gives back.
import { isDeepStrictEqual } from 'node:util'

/** What of a document must survive; what only the exporting system can know is left out. */
export const comparable = {
  document(document) {
    const { version, metadata = null, walkthrough, steps } = document
    const { title, description = null, type, status, estimatedDurationMinutes = null, tags = [] } = walkthrough
    const head = {
      title,
      description,
      type,
      status,
      estimatedDurationMinutes,
      tags,
      metadata: walkthrough.metadata ?? null,
    }
    const ordered = steps.toSorted((a, b) => a.displayOrder - b.displayOrder)
    return { version, metadata, walkthrough: head, steps: ordered.map(comparable.step) }
  },
  step(step, place) {
    const texts = { introductionForAgent: '', contextForAgent: '', contentForUser: '', operationsForAgent: '' }
    return {
      place,
      title: step.title,
      contentFields: { ...texts, ...step.contentFields },
      metadata: step.metadata ?? null,
    }
  },
  /** What a tool said, without the line that tells an anonymous caller how to be known again. */
  withoutHandle({ text, visitor }) {
    const line = visitor === null ? -1 : text.lastIndexOf(`\nvisitor: ${visitor}`)
    return line === -1 ? text : text.slice(0, line)
  },
  /** Whether `kept` is `said`, but for what looks like a secret, which is masked. */
  masked(kept, said) {
    if (typeof kept === 'string' && typeof said === 'string') {
      const pieces = kept.split('[masked]').map(piece => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      return new RegExp(`^${pieces.join('[^]*')}$`).test(said)
    }
    if (kept === null || said === null || typeof kept !== 'object' || typeof said !== 'object') return kept === said
    const keys = Object.keys(kept).sort()
    if (!isDeepStrictEqual(keys, Object.keys(said).sort())) return false
    return keys.every(key => comparable.masked(kept[key], said[key]))
  },
  withoutVisitor(input) {
    if (input === null || typeof input !== 'object') return input
    const { visitor: _, ...rest } = input
    return rest
  },
}

/** Imports a document, exports it, imports that and exports again; all four say the same. The first one's row. */
export async function publish(check, client, document) {
  const subject = 'walkthroughs'
  const title = document.walkthrough.title
  const imported = await client.walkthrough.import({ document })
  check.same(subject, `${title}: title`, imported.title, title)
  check.same(subject, `${title}: steps`, imported.stepCount, document.steps.length)
  const first = await client.walkthrough.export({ walkthroughId: imported.id })
  check.same(subject, `${title}: export of the import`, comparable.document(first), comparable.document(document))
  const copy = await client.walkthrough.import({ document: first })
  check.holds(subject, `${title}: the copy is another`, copy.id !== imported.id, copy.id)
  const second = await client.walkthrough.export({ walkthroughId: copy.id })
  const timeless = ({ exportedAt: _, ...rest }) => rest
  check.same(subject, `${title}: export, import, export`, timeless(second), timeless(first))
  if (imported.status === 'published') return imported
  return client.walkthrough.update({ walkthroughId: imported.id, status: 'published' })
}
