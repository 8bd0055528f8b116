// What a person is told: the next step that is not done, as an agent reads it and as programs do.
import { randomBytes } from 'node:crypto'

const SECTIONS = [
  ['introduction_for_agent', 'What this step is for', 'introductionForAgent'],
  ['context_for_agent', 'Background', 'contextForAgent'],
  ['operations_for_agent', 'Operations to perform', 'operationsForAgent'],
  ['content_for_user', 'Show this to the user word for word', 'contentForUser'],
]

/** Where somebody is: `rows` are the steps in order, each with whether it is done. */
export function guided(rows) {
  const first = rows[0]
  const done = rows.filter(row => row.done).length
  const next = rows.find(row => !row.done)
  const percent = Math.floor((done * 200 + rows.length) / (rows.length * 2))
  return {
    status: next ? 'step' : 'finished',
    walkthrough: { id: first.walkthroughId, title: first.walkthroughTitle },
    ...(next && {
      step: {
        id: next.id,
        title: next.title,
        displayOrder: next.displayOrder,
        contentFields: JSON.parse(next.contentFields),
      },
    }),
    progress: {
      completedSteps: done,
      totalSteps: rows.length,
      progressPercent: next ? Math.min(percent, 99) : percent,
    },
  }
}

/** The same for an agent. */
export function text({ status, walkthrough, step, progress }) {
  if (status === 'not_started') return 'No walkthrough was started yet. Call start_walkthrough first.'
  if (status === 'unknown_step') return 'No such step. Call get_next_step without currentStepId.'
  if (status === 'finished') return `All steps of "${walkthrough.title}" are done.`
  const suffix = randomBytes(8).toString('hex')
  let written = `# "${walkthrough.title}": step ${step.displayOrder + 1} of ${progress.totalSteps}, "${step.title}"\n`
  for (const [tag, heading, field] of SECTIONS) {
    const content = step.contentFields[field]?.trimEnd()
    if (content) written += `\n${heading}:\n<${tag}_${suffix}>\n${content}\n</${tag}_${suffix}>\n`
  }
  return (
    written +
    `\nProgress: ${progress.completedSteps} of ${progress.totalSteps} steps done (${progress.progressPercent} %).` +
    `\nCurrent step id: ${step.id}\nWhen this step is done, call get_next_step with this id as currentStepId.\n`
  )
}
