// Files: the client sends a File, and the archive becomes documents.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync, crc32 } from 'node:zlib'
import { withOrganization } from '../lib/rpc.mjs'

/** A ZIP archive with one file. */
function archive(name, text) {
  const [path, content] = [Buffer.from(name), Buffer.from(text)]
  const packed = deflateRawSync(content)
  const facts = Buffer.alloc(26)
  facts.writeUInt16LE(20, 0)
  facts.writeUInt16LE(8, 4)
  facts.writeUInt32LE(crc32(content), 10)
  facts.writeUInt32LE(packed.length, 14)
  facts.writeUInt32LE(content.length, 18)
  facts.writeUInt16LE(path.length, 22)
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), facts, path, packed])
  const central = Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), facts, Buffer.alloc(14), path])
  const end = Buffer.alloc(18)
  end.writeUInt16LE(1, 4)
  end.writeUInt16LE(1, 6)
  end.writeUInt32LE(central.length, 8)
  end.writeUInt32LE(local.length, 12)
  return new File([local, central, Buffer.from('PK\x05\x06'), end], 'docs.zip', { type: 'application/zip' })
}

test('a File that the client sends becomes documents', async () => {
  const { client } = await withOrganization('Ann')
  const { id: namespaceId } = await client.knowledge.createNamespace({ name: 'Handbook' })
  const { jobId } = await client.knowledge.ingestArchive({ namespaceId, archive: archive('a.md', '# Otters\n\nSwim.') })
  let job
  for (let n = 0; n < 100 && job?.status !== 'completed'; n++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    job = await client.knowledge.getJob({ jobId })
  }
  assert.deepEqual([job.status, job.processed, job.failed], ['completed', 1, []])
  const [hit] = await client.knowledge.search({ query: 'otter', namespaceIds: [namespaceId] })
  assert.equal(hit.path, 'a.md')
})
