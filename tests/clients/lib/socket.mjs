// A WebSocket to the tickets of an organization, for who can send headers.
import assert from 'node:assert/strict'
import WebSocket from 'ws'

const PATIENCE_MS = 20_000

/** Opens one: `{ next, closed, close }`, or the status of the answer that refused it. */
export function socket(node, { query = '', headers = {} } = {}) {
  const url = `${node.replace(/^http/, 'ws')}/api/support-tickets/live${query}`
  const ws = new WebSocket(url, { headers })
  const news = []
  const waiting = []
  ws.on('message', data => {
    news.push(JSON.parse(data.toString()))
    waiting.shift()?.()
  })
  const closed = new Promise(resolve => ws.on('close', code => resolve(code)))
  async function next() {
    if (news.length === 0) {
      await new Promise((resolve, reject) => {
        waiting.push(resolve)
        setTimeout(() => reject(new Error('no news')), PATIENCE_MS).unref()
      })
    }
    return news.shift()
  }
  return new Promise((resolve, reject) => {
    ws.on('open', () => resolve({ next, closed, close: () => ws.close() }))
    ws.on('unexpected-response', (_, { statusCode }) => {
      resolve(statusCode)
      ws.terminate()
    })
    ws.on('error', error => (ws.readyState === WebSocket.CONNECTING ? undefined : reject(error)))
  })
}

/** What an accepted socket is; a refused one fails here. */
export function accepted(opened) {
  assert.equal(typeof opened, 'object', `refused with ${opened}`)
  return opened
}
