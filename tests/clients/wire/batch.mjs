// Batches: several calls in one request, each with its own answer.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { isDefinedError, ORPCError } from '@orpc/client'
import { BatchLinkPlugin } from '@orpc/client/plugins'
import { send } from '../lib/raw.mjs'
import { nodes, rpc, unique, withOrganization } from '../lib/rpc.mjs'

const [base] = nodes()
let ann
before(async () => {
  ann = await withOrganization('Ann')
})

/** A user as a picker shows one. */
const asMember = ({ id, name, email, image }) => ({ id, name, email, image })

/** A client that batches, and the requests it made. */
function batching(mode, link = {}) {
  const requests = []
  const plugins = [new BatchLinkPlugin({ mode, groups: [{ condition: () => true, context: {} }] })]
  const fetchAndTell = async (request, init) => {
    const response = await fetch(request, init)
    requests.push([request.method, request.headers.get('x-orpc-batch'), response.status])
    return response
  }
  return { requests, client: rpc({ token: ann.token, plugins, fetch: fetchAndTell, ...link }) }
}

for (const mode of ['streaming', 'buffered']) {
  test(`ten calls in one ${mode} batch, success and refusal mixed`, async () => {
    const { client, requests } = batching(mode)
    const slug = `clients-${unique()}`
    const answers = await Promise.allSettled([
      client.organization.getMembers(),
      client.mcpServers.get({ serverId: 'srv_01jd0000000000000000000000' }),
      client.organization.listMembers({}),
      client.mcpServers.get({ serverId: 'nonsense' }),
      client.organization.create({ name: 'In a batch', slug }),
      client.nothing.here({}),
      client.mcpServers.validateSubdomain({ subdomain: 'abc' }),
      client.example.execute({ name: 'ANN', age: 1 }),
      client.walkthrough.list({}),
      client.auth.getSession(),
    ])
    assert.deepEqual(requests, [['POST', mode, 207]])
    const value = index => answers[index].value
    const error = index => {
      const { reason } = answers[index]
      assert.ok(reason instanceof ORPCError, `${index}: ${reason?.stack ?? JSON.stringify(value(index))}`)
      return [reason.code, reason.status, isDefinedError(reason)]
    }
    assert.deepEqual(value(0), [asMember(ann.user)])
    assert.deepEqual(error(1), ['RESOURCE_NOT_FOUND', 404, true])
    assert.ok(value(2).members[0].createdAt instanceof Date)
    assert.deepEqual(error(3), ['BAD_REQUEST', 400, true])
    assert.equal(value(4).slug, slug)
    assert.deepEqual(error(5), ['NOT_FOUND', 404, false])
    assert.deepEqual(error(6), ['INVALID_SUBDOMAIN', 422, true])
    assert.equal(value(7).message, 'hello, ANN!')
    assert.deepEqual(value(8).items, [])
    assert.equal(value(9).user.id, ann.user.id)
  })

  test(`a ${mode} batch of queries by GET, and no mutation in it`, async () => {
    const { client, requests } = batching(mode, { method: 'GET' })
    const slug = `clients-${unique()}`
    const [members, session, made] = await Promise.allSettled([
      client.organization.getMembers(),
      client.auth.getSession(),
      client.organization.create({ name: 'By GET', slug }),
    ])
    assert.deepEqual(requests, [['GET', mode, 207]])
    assert.deepEqual([members.value, session.value.user], [[asMember(ann.user)], ann.user])
    assert.deepEqual([made.reason.code, made.reason.status], ['METHOD_NOT_SUPPORTED', 405])
    await ann.client.organization.create({ name: 'By POST', slug })
  })

  test(`a ${mode} batch of a stranger is refused item by item`, async () => {
    const { client, requests } = batching(mode, { headers: { authorization: 'Bearer nonsense' }, token: undefined })
    const answers = await Promise.allSettled([client.auth.getSession(), client.example.execute({ name: 'X', age: 1 })])
    assert.deepEqual(requests, [['POST', mode, 207]])
    const { reason } = answers[0]
    assert.ok(reason instanceof ORPCError, String(reason))
    assert.deepEqual([reason.code, reason.status], ['UNAUTHORIZED', 401])
  })
}

test('items of one batch may ask for different organizations', async () => {
  const other = await ann.client.organization.create({ name: 'Other', slug: `clients-${unique()}` })
  const items = [ann.organization, other].map(organization => ({
    url: 'http://elsewhere.invalid/rpc/organization/get',
    headers: { 'x-organization': organization.id },
    body: { json: {} },
  }))
  const headers = {
    authorization: `Bearer ${ann.token}`,
    'content-type': 'application/json',
    'x-orpc-batch': 'buffered',
  }
  const answer = await send(`${base}/rpc/__batch__`, { headers, body: JSON.stringify(items) })
  assert.equal(answer.status, 207)
  const ids = answer.json.toSorted((a, b) => a.index - b.index).map(item => item.body.json.id)
  assert.deepEqual(ids, [ann.organization.id, other.id])
})

test('a batch that is none, or too long, is refused at once', async () => {
  const headers = {
    authorization: `Bearer ${ann.token}`,
    'content-type': 'application/json',
    'x-orpc-batch': 'buffered',
  }
  const post = items => send(`${base}/rpc/__batch__`, { headers, body: JSON.stringify(items) })
  const item = { url: `${base}/rpc/auth/getSession`, body: {} }
  assert.equal((await post({ not: 'a list' })).status, 400)
  assert.equal((await post([7])).status, 400)
  assert.equal((await post(Array.from({ length: 10 }, () => item))).status, 207)
  assert.equal((await post(Array.from({ length: 11 }, () => item))).status, 413)
})
