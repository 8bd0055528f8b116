// The live feed: with the unmodified client, through cuts; as WebSocket, for who may and as long as they may.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { ClientRetryPlugin } from '@orpc/client/plugins'
import { reader } from '../lib/browser.mjs'
import { cuttable } from '../lib/cut.mjs'
import { follow } from '../lib/follow.mjs'
import { nodes, PASSWORD, rpc, unique, withOrganization } from '../lib/rpc.mjs'
import { accepted, socket } from '../lib/socket.mjs'

const [node] = nodes()
const file = ({ client }, title) => client.supportTickets.create({ title, conciseSummary: 's' })

test('a reader whose line is cut again and again gets each event once, in order, and none of others', async t => {
  const [olga, nina] = [await withOrganization('Olga'), await withOrganization('Nina')]
  const line = await cuttable()
  t.after(line.close)
  const patient = rpc({ token: olga.token, urls: [line.url], plugins: [new ClientRetryPlugin()] })
  const live = await follow(patient, { context: { retry: Number.POSITIVE_INFINITY, retryDelay: 20 } })
  const hers = await follow(nina.client)

  const titles = Array.from({ length: 40 }, (_, index) => `ticket ${index}`)
  const write = title => Promise.all([file(olga, title), file(nina, `her ${title}`)])
  // Who has heard nothing yet has nothing to go on from.
  await write(titles[0])
  await live.next('ticket.created')
  const written = (async () => {
    for (const [index, title] of titles.entries()) {
      if (index % 4 === 3) line.cut()
      if (index > 0) await write(title)
    }
  })()
  for (const _ of titles.slice(1)) await live.next('ticket.created')
  for (const _ of titles) await hers.next('ticket.created')
  await written

  assert.deepEqual(
    live.seen.map(one => one.ticket.title),
    titles,
  )
  assert.deepEqual(
    hers.seen.map(one => one.ticket.title),
    titles.map(title => `her ${title}`),
  )
  assert.ok(line.lines() > 1, `the line was cut: ${line.lines()} connections`)
  await Promise.all([live.close(), hers.close()])
})

test('who may not follow hears so before the stream begins', async () => {
  const olga = await withOrganization('Olga')
  await assert.rejects(rpc().supportTickets.live({}), { code: 'UNAUTHORIZED', status: 401 })
  const foreign = rpc({ token: olga.token, headers: { 'x-organization': 'nobodys-organization' } })
  await assert.rejects(foreign.supportTickets.live({}), { code: 'RESOURCE_NOT_FOUND' })
  await assert.rejects(olga.client.supportTickets.live({ more: 1 }), { code: 'BAD_REQUEST' })
})

test('a WebSocket tells the same to who bears a token, from where it was', async () => {
  const olga = await withOrganization('Olga')
  const headers = { authorization: `Bearer ${olga.token}` }
  const first = accepted(await socket(node, { headers }))
  await file(olga, 'one')
  const one = await first.next()
  assert.deepEqual([one.type, one.ticket.title], ['ticket.created', 'one'])
  first.close()
  await first.closed
  await file(olga, 'two')
  await file(olga, 'three')

  const last = nodes().at(-1)
  const again = accepted(await socket(last, { headers, query: `?since=${one.id}` }))
  assert.deepEqual([(await again.next()).ticket.title, (await again.next()).ticket.title], ['two', 'three'])
  again.close()
  assert.equal(await socket(node), 401)
  assert.equal(await socket(node, { headers: { authorization: 'Bearer nonsense' } }), 401)
  assert.equal(await socket(node, { headers, query: '?since=yesterday' }), 400)
})

test('a token for one WebSocket opens one, on any node, in its own organization', async () => {
  const olga = await withOrganization('Olga')
  const { token } = await olga.client.supportTickets.createLiveToken({})
  const query = `?token=${encodeURIComponent(token)}`
  const live = accepted(await socket(nodes().at(-1), { query, headers: { origin: 'https://desk.example.test' } }))
  await file(olga, 'by token')
  assert.equal((await live.next()).ticket.title, 'by token')
  assert.equal(await socket(node, { query }), 401, 'it was used')
  live.close()
})

test('whoever is no member any more hears nothing more, within five seconds', async () => {
  const olga = await withOrganization('Olga')
  const max = await withOrganization('Max')
  const { member } = await olga.client.organization.inviteMember({ userId: max.user.id, role: 'viewer' })
  const query = `?organization=${olga.organization.id}`
  const headers = { authorization: `Bearer ${max.token}` }
  const live = accepted(await socket(nodes().at(-1), { query, headers }))
  await file(olga, 'seen')
  assert.equal((await live.next()).ticket.title, 'seen')

  const began = Date.now()
  await olga.client.organization.removeMember({ memberId: member.id })
  const code = await live.closed
  assert.ok(Date.now() - began < 5000, `${Date.now() - began} ms`)
  assert.ok(code >= 4000, `closed with ${code}`)
  assert.equal(await socket(node, { query, headers }), 404)
})

/** What a page at `origin` gets of a WebSocket: its first news, or how it was closed. */
async function inPage(page, origin, query = '') {
  await page.goto(`${origin}/blank-${unique()}`)
  const url = `${node.replace(/^http/, 'ws')}/api/support-tickets/live${query}`
  await page.evaluate(address => {
    globalThis.heard = new Promise(resolve => {
      const live = new WebSocket(address)
      live.onmessage = ({ data }) => resolve(JSON.parse(data).ticket.title)
      globalThis.opened = new Promise((open, refuse) => {
        live.onopen = () => open(true)
        live.onclose = ({ code }) => (resolve(code), refuse(new Error(`closed with ${code}`)))
      })
      globalThis.opened.catch(() => {}) // where that is what is waited for
    })
  }, url)
  return { opened: () => page.evaluate('globalThis.opened'), heard: () => page.evaluate('globalThis.heard') }
}

test('a browser follows with its cookie from a page of ours, and a foreign page needs a token', async t => {
  const olga = await withOrganization('Olga')
  // Chromium takes pages that a test makes up for ones of the Internet, and asks before they may call this machine.
  const page = await reader(t, { javaScriptEnabled: true, permissions: ['local-network-access'] })
  // On the same machine, so that the browser sends the cookie along.
  const neighbour = createServer((_, response) => response.end('a page')).listen(0, '127.0.0.1')
  await once(neighbour, 'listening')
  t.after(() => neighbour.close())
  const foreign = `http://127.0.0.1:${neighbour.address().port}`
  const blank = { contentType: 'text/html', body: '<!doctype html><title>blank</title>' }
  await page.route(`${node}/blank-*`, route => route.fulfill(blank))
  await page.goto(`${node}/blank-${unique()}`)
  const signIn = { json: { email: olga.email, password: PASSWORD } }
  const status = await page.evaluate(async input => {
    const headers = { 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: JSON.stringify(input) }
    return (await fetch('/rpc/auth/signIn', init)).status
  }, signIn)
  assert.equal(status, 200)

  const ours = await inPage(page, node, `?organization=${olga.organization.id}`)
  await ours.opened()
  await file(olga, 'with a cookie')
  assert.equal(await ours.heard(), 'with a cookie')

  const theirs = await inPage(page, foreign, `?organization=${olga.organization.id}`)
  assert.equal(await theirs.heard(), 1006, 'it is refused before it is one')

  const { token } = await olga.client.supportTickets.createLiveToken({})
  const invited = await inPage(page, foreign, `?token=${encodeURIComponent(token)}`)
  await invited.opened()
  await file(olga, 'with a token')
  assert.equal(await invited.heard(), 'with a token')
})

test('a cookie counts only from a page that says it is ours', async () => {
  const olga = await withOrganization('Olga')
  const signIn = await fetch(`${node}/rpc/auth/signIn`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ json: { email: olga.email, password: PASSWORD } }),
  })
  const cookie = signIn.headers.getSetCookie()[0].split(';')[0]
  const query = `?organization=${olga.organization.id}`
  const open = origin => socket(node, { query, headers: { cookie, ...(origin ? { origin } : {}) } })
  accepted(await open(node)).close()
  for (const origin of [undefined, 'null', 'https://evil.example.test', `${node}.evil.example.test`]) {
    assert.ok([401, 403].includes(await open(origin)), `${origin}`)
  }
})
