// An incoming webhook as Slack has it, on this machine: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'

const PATH = '/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx'
const TEXT = ['plain_text', 'mrkdwn']

/** What Slack refuses with `invalid_blocks` or `invalid_payload`. */
function problem({ text, blocks, mrkdwn, unfurl_links, unfurl_media, ...rest }) {
  if (Object.keys(rest).length > 0) return `unknown fields: ${Object.keys(rest)}`
  if (![mrkdwn, unfurl_links, unfurl_media].every(flag => [undefined, true, false].includes(flag))) return 'a flag'
  if (typeof text !== 'string' || text === '') return 'no_text'
  for (const { type, text: shown, fields, elements } of blocks ?? []) {
    const pieces = [shown, ...(fields ?? []), ...(elements ?? [])].filter(Boolean)
    if (!['header', 'section', 'context', 'divider'].includes(type)) return `a block of type ${type}`
    if (type === 'header' && shown?.type !== 'plain_text') return 'a header that is not plain text'
    if (pieces.some(piece => !TEXT.includes(piece.type))) return 'a text of another type'
    const most = type === 'header' ? 150 : 3000
    if (pieces.some(piece => piece.text.length < 1 || piece.text.length > most)) return 'a text of no length'
  }
  return undefined
}

/** A webhook that takes messages: `{ url, messages, close }`. */
export async function slack() {
  const messages = []
  const server = createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    const answer = (status, words) => response.writeHead(status, { 'content-type': 'text/html' }).end(words)
    if (request.url !== PATH) return answer(404, 'no_service')
    if (request.method !== 'POST') return answer(405, 'invalid_method')
    if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) return answer(400, 'invalid_payload')
    let payload
    try {
      payload = JSON.parse(Buffer.concat(chunks).toString())
    } catch {
      return answer(400, 'invalid_payload')
    }
    const bad = problem(payload)
    if (bad) return answer(400, bad)
    messages.push(payload)
    return answer(200, 'ok')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => new Promise(done => server.close(done))
  return { url: `http://127.0.0.1:${server.address().port}${PATH}`, messages, close }
}

/** Everything that a reader of a message sees, as one text. */
export function readable({ text, blocks = [] }) {
  const pieces = blocks.flatMap(block => [block.text, ...(block.fields ?? []), ...(block.elements ?? [])])
  const words = [text, ...pieces.filter(Boolean).map(piece => piece.text)].join('\n')
  assert.ok(!/<[!@#]/.test(words), `nobody is called by name: ${words}`)
  return words
}
