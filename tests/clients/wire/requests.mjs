// Requests: methods, headers, and bodies that no client would send.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { isDefinedError } from '@orpc/client'
import { call, send } from '../lib/raw.mjs'
import { issuePaths, refusal, refusedOnTheWire, refusedWith } from '../lib/refusals.mjs'
import { nodes, rpc, signUp, unique, withOrganization } from '../lib/rpc.mjs'

const MIB = 1024 * 1024
const [base] = nodes()
let ann
let bearer
before(async () => {
  ann = await withOrganization('Ann')
  bearer = { authorization: `Bearer ${ann.token}` }
})

/** A fetch that remembers the requests that went through it. */
function recorder() {
  const requests = []
  const fetchAndTell = async (request, init) => {
    const response = await fetch(request, init)
    requests.push({ method: request.method, url: request.url, status: response.status })
    return response
  }
  return { requests, fetch: fetchAndTell }
}

test('queries answer to GET as to POST, with and without input', async () => {
  const { requests, fetch } = recorder()
  const get = rpc({ token: ann.token, method: 'GET', fetch })
  assert.deepEqual((await get.auth.getSession()).user, ann.user)
  assert.deepEqual(
    await get.organization.listMembers({ pageSize: 5 }),
    await ann.client.organization.listMembers({ pageSize: 5 }),
  )
  const { members } = await get.organization.listMembers({})
  assert.ok(members[0].createdAt instanceof Date)
  assert.deepEqual(
    requests.map(request => request.method),
    ['GET', 'GET', 'GET'],
  )
})

test('a refusal over GET is the same refusal', async () => {
  const get = rpc({ token: ann.token, method: 'GET' })
  await refusedWith(get.mcpServers.get({ serverId: 'srv_01jd0000000000000000000000' }), 'RESOURCE_NOT_FOUND', 404, {
    resource: 'mcp_server',
  })
  assert.deepEqual(await issuePaths(get.mcpServers.get({ serverId: 'x' })), ['serverId'])
})

test('a mutation does not answer to GET, and nothing happens', async () => {
  const { requests, fetch } = recorder()
  const get = rpc({ token: ann.token, method: 'GET', fetch })
  const slug = `clients-${unique()}`
  const error = await refusal(get.organization.create({ name: 'By GET', slug }))
  assert.deepEqual([error.code, error.status], ['METHOD_NOT_SUPPORTED', 405])
  assert.deepEqual(
    requests.map(request => [request.method, request.status]),
    [['GET', 405]],
  )
  await ann.client.organization.create({ name: 'By POST', slug })
})

test('HEAD and OPTIONS run nothing', async () => {
  for (const method of ['HEAD', 'OPTIONS']) {
    const slug = `clients-${unique()}`
    const input = { name: 'Never', slug }
    await call(base, 'organization.create', { method, headers: bearer, input })
    await ann.client.organization.create({ name: `After ${method}`, slug })
  }
})

test('an unknown procedure is an ORPCError NOT_FOUND, in any namespace and method', async () => {
  for (const method of ['POST', 'GET']) {
    const client = rpc({ token: ann.token, method })
    for (const nothing of [
      client.nothing.here,
      client.account.nothing,
      client.organization,
      client.organization.create.more,
    ]) {
      const error = await refusal(nothing({}))
      assert.deepEqual([error.code, error.status, isDefinedError(error)], ['NOT_FOUND', 404, false])
    }
  }
  refusedOnTheWire(await send(`${base}/rpc/auth//getSession`, { headers: bearer, body: '{}' }), 'NOT_FOUND', 404)
  refusedOnTheWire(await send(`${base}/rpc/Auth/getSession`, { headers: bearer, body: '{}' }), 'NOT_FOUND', 404)
})

test('an empty body and a missing content type are no input', async () => {
  const url = `${base}/rpc/auth/getSession`
  for (const request of [{}, { body: '' }, { body: '{}' }]) {
    const answer = await send(url, { headers: bearer, ...request })
    assert.deepEqual([answer.status, answer.json?.json.user], [200, ann.user])
  }
})

test('a body that is not JSON by its content type is refused, so that no foreign page can send it unasked', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    const headers = { ...bearer, 'content-type': type }
    const answer = await call(base, 'organization.create', {
      headers,
      input: { name: 'Plain', slug: `clients-${unique()}` },
    })
    refusedOnTheWire(answer, 'BAD_REQUEST', 400)
  }
})

test('malformed JSON, a wrong envelope and bad meta are BAD_REQUEST', async () => {
  const bodies = [
    '{',
    '{"json":',
    'null',
    '[]',
    '"text"',
    '7',
    '{"json":{"pageSize":1e}}',
    '{"json":{"pageSize":5},"meta":[[1,"pageSize"]]}',
    '{"json":{},"meta":[[1,"missing","deep"]]}',
    '{"json":{},"meta":7}',
    '\u0000',
  ]
  for (const body of bodies) {
    const answer = await call(base, 'organization.listMembers', { headers: bearer, body })
    refusedOnTheWire(answer, 'BAD_REQUEST', 400)
  }
  const latin1 = Buffer.from('{"json":{"name":"\xff\xfe"}}', 'latin1')
  refusedOnTheWire(await call(base, 'organization.create', { headers: bearer, body: latin1 }), 'BAD_REQUEST', 400)
})

test('a body over 1 MiB is PAYLOAD_TOO_LARGE, announced or not', async () => {
  const big = rpc({ token: ann.token }).organization.create({ name: 'x'.repeat(MIB + 1), slug: 'big' })
  await refusedWith(big, 'PAYLOAD_TOO_LARGE', 413, { limit: MIB })
  const body = JSON.stringify({ json: { name: 'x'.repeat(2 * MIB) } })
  for (const chunked of [false, true]) {
    const error = refusedOnTheWire(
      await call(base, 'organization.create', { headers: bearer, body, chunked }),
      'PAYLOAD_TOO_LARGE',
      413,
    )
    assert.deepEqual(error.data, { limit: MIB })
  }
})

test('a body just under 1 MiB is read', async () => {
  const body = JSON.stringify({ json: { name: 'x'.repeat(MIB - 100) } })
  refusedOnTheWire(await call(base, 'organization.create', { headers: bearer, body }), 'BAD_REQUEST', 400)
})

test('x-organization chooses the organization for one call, by id or slug', async () => {
  const other = await ann.client.organization.create({ name: 'Other', slug: `clients-${unique()}` })
  await ann.client.account.switchOrganization({ organizationId: ann.organization.id })
  for (const [said, expected] of [
    [other.id, other],
    [other.slug, other],
    [ann.organization.slug, ann.organization],
  ]) {
    const answer = await rpc({ token: ann.token, headers: { 'x-organization': said } }).organization.get({})
    assert.equal(answer.id, expected.id)
  }
  assert.equal((await ann.client.organization.get({})).id, ann.organization.id)
})

test('x-organization of others, of nobody and of no form is refused alike', async () => {
  const bob = await withOrganization('Bob')
  const refusals = []
  for (const said of [
    bob.organization.id,
    bob.organization.slug,
    'org_01jd0000000000000000000000',
    `nobody-${unique()}`,
  ]) {
    const error = await refusal(rpc({ token: ann.token, headers: { 'x-organization': said } }).walkthrough.list({}))
    refusals.push([error.code, error.status, error.data, error.message])
  }
  for (const one of refusals) assert.deepEqual(one, refusals[0])
  assert.ok([403, 404].includes(refusals[0][1]))
})

test('a new user works in its personal organization', async () => {
  const { client } = await signUp('Cara')
  const organization = await client.organization.get({})
  assert.deepEqual([organization.isPersonal, organization.memberCount], [true, 1])
})
