// Refusals: every code typed, with its status and data, so that a program can switch on it.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { PASSWORD, rpc, unique, withOrganization } from '../lib/rpc.mjs'
import { issuePaths, refusal, refusedWith } from '../lib/refusals.mjs'

// A well-formed id of each kind that was never given to anything.
const nowhere = prefix => `${prefix}_01jd0000000000000000000000`

let ann
let bob
before(async () => {
  ;[ann, bob] = await Promise.all([withOrganization('Ann'), withOrganization('Bob')])
})

test('BAD_REQUEST names every problem at once, each with its path', async () => {
  const paths = await issuePaths(
    ann.client.organization.create({ name: '', slug: '-x-', website: 'javascript:alert(1)' }),
  )
  assert.deepEqual([...new Set(paths)], ['name', 'slug', 'website'])
})

test('BAD_REQUEST for an unknown field, which is named', async () => {
  const error = await refusal(
    ann.client.organization.create({ name: 'Fine', slug: `clients-${unique()}`, isPersonal: true }),
  )
  assert.deepEqual([error.code, error.status, error.data.issues.length], ['BAD_REQUEST', 400, 1])
  assert.match(JSON.stringify(error.data.issues), /isPersonal/)
})

test('BAD_REQUEST for a missing field, a wrong type and a malformed id', async () => {
  assert.deepEqual(await issuePaths(ann.client.mcpServers.get({ serverId: 'nonsense' })), ['serverId'])
  assert.deepEqual(await issuePaths(ann.client.mcpServers.get({ serverId: nowhere('tkt') })), ['serverId'])
  assert.deepEqual(await issuePaths(ann.client.walkthrough.list({ limit: '20' })), ['limit'])
  const error = await refusal(ann.client.mcpServers.get({}))
  assert.equal(error.code, 'BAD_REQUEST')
  assert.match(JSON.stringify(error.data.issues), /serverId/)
})

test('UNAUTHORIZED 401 without a token, with a bad one and with a wrong password', async () => {
  const data = { reason: 'unauthenticated' }
  await refusedWith(rpc().auth.getSession(), 'UNAUTHORIZED', 401, data)
  await refusedWith(rpc({ token: 'nonsense' }).auth.getSession(), 'UNAUTHORIZED', 401, data)
  const [header, claims, signature] = ann.token.split('.')
  const forged = `${header}.${claims}.${signature.split('').reverse().join('')}`
  await refusedWith(rpc({ token: forged }).auth.getSession(), 'UNAUTHORIZED', 401, data)
  await refusedWith(rpc().auth.signIn({ email: ann.email, password: `${PASSWORD}!` }), 'UNAUTHORIZED', 401, data)
  const email = `nobody-${unique()}@example.test`
  await refusedWith(rpc().auth.signIn({ email, password: PASSWORD }), 'UNAUTHORIZED', 401, data)
})

test('UNAUTHORIZED 403 in an organization that is not yours', async () => {
  const switched = ann.client.account.switchOrganization({ organizationId: bob.organization.id })
  await refusedWith(switched, 'UNAUTHORIZED', 403, { reason: 'not_yours' })
})

test("RESOURCE_NOT_FOUND is the same for what never was and what is another organization's", async () => {
  const theirs = await bob.client.mcpServers.create({ name: 'Theirs', slug: `clients-${unique()}` })
  const answers = []
  for (const serverId of [nowhere('srv'), theirs.id]) {
    await refusedWith(ann.client.mcpServers.get({ serverId }), 'RESOURCE_NOT_FOUND', 404, { resource: 'mcp_server' })
    answers.push((await refusal(ann.client.mcpServers.get({ serverId }))).message)
  }
  assert.equal(answers[0], answers[1])
  const ticketId = nowhere('tkt')
  await refusedWith(ann.client.supportTickets.get({ ticketId }), 'RESOURCE_NOT_FOUND', 404, { resource: 'ticket' })
  const sessionId = nowhere('mcs')
  const calls = ann.client.sessions.getToolCalls({ sessionId })
  await refusedWith(calls, 'RESOURCE_NOT_FOUND', 404, { resource: 'mcp_session' })
  const walkthroughId = nowhere('wkt')
  const walkthrough = ann.client.walkthrough.export({ walkthroughId })
  await refusedWith(walkthrough, 'RESOURCE_NOT_FOUND', 404, { resource: 'walkthrough' })
})

test('INVALID_SUBDOMAIN says why', async () => {
  const cases = {
    abc: 'length',
    ['a'.repeat(37)]: 'length',
    under_score: 'characters',
    'dots.in.it': 'characters',
    Status: 'reserved',
    www: 'reserved',
  }
  for (const [subdomain, reason] of Object.entries(cases)) {
    await refusedWith(ann.client.mcpServers.validateSubdomain({ subdomain }), 'INVALID_SUBDOMAIN', 422, { reason })
  }
})

test('SUBDOMAIN_ALREADY_EXISTS has no data, wherever the other is', async () => {
  const slug = `clients-${unique()}`
  await bob.client.mcpServers.create({ name: 'First', slug })
  await refusedWith(
    ann.client.mcpServers.validateSubdomain({ subdomain: slug.toUpperCase() }),
    'SUBDOMAIN_ALREADY_EXISTS',
    409,
    undefined,
  )
  await refusedWith(ann.client.mcpServers.create({ name: 'Second', slug }), 'SUBDOMAIN_ALREADY_EXISTS', 409, undefined)
})

test('RESOURCE_ALREADY_EXISTS names the thing and the field', async () => {
  const slug = ann.organization.slug.toUpperCase()
  const created = bob.client.organization.create({ name: 'Twice', slug })
  await refusedWith(created, 'RESOURCE_ALREADY_EXISTS', 409, { resource: 'organization', field: 'slug' })
  const again = rpc().auth.signUp({ email: ann.email.toUpperCase(), password: PASSWORD })
  await refusedWith(again, 'RESOURCE_ALREADY_EXISTS', 409, { resource: 'user', field: 'email' })
})
