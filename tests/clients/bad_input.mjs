// What nobody should send, and the server must answer all the same.
// GUILDHALL_URL=http://127.0.0.1:3000 node --test bad_input.mjs
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { call, initialize, mcp, MCP_HEADERS, send, stall } from './lib/raw.mjs'
import { issuePaths, refusal, refusedOnTheWire } from './lib/refusals.mjs'
import { byHost, byPath, domain, nodes, unique, withOrganization } from './lib/rpc.mjs'

const [base] = nodes()
const { port } = new URL(base)
let ann
let bearer
let server
let other
before(async () => {
  ann = await withOrganization('Ann')
  bearer = { authorization: `Bearer ${ann.token}` }
  server = await ann.client.mcpServers.create({ name: 'One', slug: `clients-${unique()}` })
  other = await ann.client.mcpServers.create({ name: 'Other', slug: `clients-${unique()}` })
})

after(async () => {
  assert.equal((await send(`${base}/healthz`, { method: 'GET' })).status, 200, 'the server is not well afterwards')
  assert.deepEqual((await ann.client.auth.getSession()).user, ann.user)
})

test('both addresses of a server answer', async () => {
  for (const url of [byPath(server), byHost(server), `${byPath(server)}/reader-1`, `${byHost(server)}/reader-1`]) {
    const answer = await initialize(url)
    assert.equal(answer.status, 200, `${url}: ${answer.text}`)
    assert.ok(answer.headers['mcp-session-id'], 'no session id')
  }
  const { status } = await initialize(base + '/mcp', { host: `${server.slug}.${domain}:${port}` })
  assert.equal(status, 200)
})

test('a foreign Host is 421, wherever it knocks', async () => {
  const hosts = [
    'evil.example',
    `evil.example:${port}`,
    `a.${server.slug}.${domain}`,
    `${domain}.evil.example`,
    `evil${domain}`,
  ]
  for (const host of hosts) {
    for (const path of ['/rpc/auth/getSession', '/mcp', '/openapi.json', `/s/${server.slug}/mcp`]) {
      const answer = await send(base + path, { headers: { host, ...MCP_HEADERS }, body: '{}' })
      assert.equal(answer.status, 421, `${host} ${path}: ${answer.text.slice(0, 200)}`)
    }
  }
})

test('an unknown slug is 404, by host and by path', async () => {
  for (const slug of [`nobody-${unique()}`, 'www', 'api']) {
    for (const url of [byHost({ slug }), byPath({ slug })]) assert.equal((await initialize(url)).status, 404, url)
  }
})

test('a malformed tracking id is refused, not served as another', async () => {
  for (const id of ['a%20b', 'a'.repeat(129), '%00', 'x%2Fy']) {
    const answer = await initialize(`${byPath(server)}/${id}`)
    assert.ok([400, 404].includes(answer.status), `${id}: ${answer.status}`)
  }
})

test('a foreign Origin at the MCP endpoint is 403', async () => {
  for (const origin of ['https://evil.example', 'null', `http://evil.example:${port}`]) {
    for (const url of [byPath(server), byHost(server)]) {
      assert.equal((await initialize(url, { origin })).status, 403, `${origin} ${url}`)
    }
  }
})

test('a body over the limit is 413, announced or not', async () => {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/list',
    params: { x: 'x'.repeat(2 * 1024 * 1024) },
  })
  for (const chunked of [false, true]) {
    assert.equal((await send(byPath(server), { headers: MCP_HEADERS, body, chunked })).status, 413)
    refusedOnTheWire(
      await call(base, 'organization.create', { headers: bearer, body, chunked }),
      'PAYLOAD_TOO_LARGE',
      413,
    )
  }
})

test('a header that does not end is hung up on after about ten seconds', async () => {
  const { ms, text } = await stall(
    base,
    `POST /rpc/auth/getSession HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-Slow: `,
    20_000,
  )
  assert.ok(ms > 5_000 && ms < 15_000, `${ms} ms`)
  assert.ok(text === '' || /^HTTP\/1\.1 408/.test(text), text)
})

test('JSON of a thousand levels is a clear 400', async () => {
  const deep = '['.repeat(1000) + ']'.repeat(1000)
  const rpc = await call(base, 'walkthrough.import', { headers: bearer, body: `{"json":{"document":${deep}}}` })
  const error = refusedOnTheWire(rpc, 'BAD_REQUEST', 400)
  assert.ok(error.message.length > 0)
  const url = byPath(server)
  const body = `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"x":${deep}}}`
  assert.equal((await send(url, { headers: MCP_HEADERS, body })).status, 400)
  const batch = await call(base, '__batch__', { headers: { ...bearer, 'x-orpc-batch': 'buffered' }, body: deep })
  assert.equal(batch.status, 400)
})

test('a NUL in a text is BAD_REQUEST and names the field', async () => {
  const slug = `clients-${unique()}`
  assert.deepEqual(await issuePaths(ann.client.organization.create({ name: 'a\0b', slug })), ['name'])
  assert.deepEqual(await issuePaths(ann.client.walkthrough.list({ search: 'a\0b' })), ['search'])
  assert.deepEqual(
    await issuePaths(ann.client.walkthrough.create({ title: 'x', type: 'course', tags: ['ok', 'a\0'] })),
    ['tags.1'],
  )
})

test('a lone surrogate is BAD_REQUEST', async () => {
  const body = '{"json":{"name":"a\\ud800b","slug":"clients-surrogate"}}'
  refusedOnTheWire(await call(base, 'organization.create', { headers: bearer, body }), 'BAD_REQUEST', 400)
})

const contentFields = {
  version: 'v1',
  introductionForAgent: '',
  contextForAgent: '',
  contentForUser: 'Hi',
  operationsForAgent: '',
}
const step = (displayOrder, more = {}) => ({ title: `Step ${displayOrder}`, contentFields, displayOrder, ...more })
const walkthrough = {
  title: 'Fine',
  description: null,
  type: 'course',
  status: 'draft',
  estimatedDurationMinutes: null,
  tags: [],
  metadata: null,
}
const document = (more = {}, steps = [step(0), step(1)]) => ({
  version: '1.0',
  exportedAt: '2026-01-01T00:00:00.000Z',
  walkthrough: { ...walkthrough, ...more },
  steps,
})

async function importIsRefused(bad, expected) {
  const before = await ann.client.walkthrough.list({})
  const paths = await issuePaths(ann.client.walkthrough.import({ document: bad }))
  assert.deepEqual([...new Set(paths)], expected.map(path => `document.${path}`).sort())
  assert.deepEqual(await ann.client.walkthrough.list({}), before)
}

test('a malformed import names every problem with its path, and nothing is made', async () => {
  const steps = [
    step(0, { title: '' }),
    step(1, { contentFields: { ...contentFields, contentForUser: 7 } }),
    step(2, { contentFields: { ...contentFields, operationsForAgent: 'x'.repeat(50_001) } }),
    step(-1),
  ]
  await importIsRefused(document({ title: 'x'.repeat(101), type: 'poem', tags: ['ok', ''] }, steps), [
    'walkthrough.title',
    'walkthrough.type',
    'walkthrough.tags.1',
    'steps.0.title',
    'steps.1.contentFields.contentForUser',
    'steps.2.contentFields.operationsForAgent',
    'steps.3.displayOrder',
  ])
})

test('an import of two steps in one place names the second, and nothing is made', async () => {
  await importIsRefused(document({}, [step(0), step(3), step(3)]), ['steps.2.displayOrder'])
})

test('an import of another format or with unknown fields is refused, and nothing is made', async () => {
  await importIsRefused({ ...document(), version: '2.0' }, ['version'])
  const error = await refusal(ann.client.walkthrough.import({ document: document({ colour: 'red' }) }))
  assert.equal(error.code, 'BAD_REQUEST')
  assert.match(JSON.stringify(error.data.issues), /colour/)
  const { items } = await ann.client.walkthrough.list({ search: 'Fine' })
  assert.deepEqual(items, [])
})

test('a session of one server is unknown at another', async () => {
  const hello = await initialize(byPath(server))
  const id = hello.headers['mcp-session-id']
  assert.ok(id, 'no session id')
  const headers = { 'mcp-session-id': id, 'mcp-protocol-version': '2025-11-25' }
  assert.equal((await mcp(byPath(server), 'ping', {}, headers)).status, 200)
  assert.equal((await mcp(byHost(server), 'ping', {}, headers)).status, 200)
  assert.equal((await mcp(byPath(other), 'ping', {}, headers)).status, 404)
  assert.equal((await mcp(byHost(other), 'tools/list', {}, headers)).status, 404)
  assert.equal((await mcp(byPath(server), 'ping', {}, { ...headers, 'mcp-session-id': 'nonsense' })).status, 404)
})

test('a broken tool call is an answer, and the server goes on', async () => {
  const hello = await initialize(byPath(server))
  const headers = { 'mcp-session-id': hello.headers['mcp-session-id'], 'mcp-protocol-version': '2025-11-25' }
  for (const params of [
    {},
    { name: 7 },
    { name: 'no_such_tool', arguments: {} },
    { name: 'get_support', arguments: { title: 'a\0' } },
    { name: 'get_support', arguments: [] },
  ]) {
    const answer = await mcp(byPath(server), 'tools/call', params, headers)
    assert.ok(answer.status < 500, `${JSON.stringify(params)}: ${answer.status}`)
    assert.match(answer.text, /"error"|"isError":true/, JSON.stringify(params))
  }
})
