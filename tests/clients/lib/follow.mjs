// Following the tickets of an organization with the unmodified client: what came, in order, each with its id.
import assert from 'node:assert/strict'
import { getEventMeta } from '@orpc/client'

const PATIENCE_MS = 20_000

/** `next(type)` waits for the next news and says it is of that type; `seen` is all of them. */
export async function follow(client, options) {
  const iterator = await client.supportTickets.live({}, options)
  const seen = []
  async function next(type) {
    let clock
    const late = new Promise((_, reject) => {
      clock = setTimeout(() => reject(new Error(`no ${type ?? 'news'} in ${PATIENCE_MS / 1000} s`)), PATIENCE_MS)
    })
    const { value, done } = await Promise.race([iterator.next(), late]).finally(() => clearTimeout(clock))
    assert.ok(!done, 'the stream ended')
    const id = Number(getEventMeta(value)?.id)
    assert.ok(Number.isInteger(id) && id > (seen.at(-1)?.id ?? 0), `ids rise: ${id}`)
    seen.push({ id, type: value.type, ticket: value.ticket })
    if (type) assert.equal(value.type, type)
    return seen.at(-1)
  }
  return { next, seen, close: () => iterator.return?.() }
}
