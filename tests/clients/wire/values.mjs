// Values: what goes in comes out, times are numbers, and a Date is a Date.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { rpc, unique, withOrganization } from '../lib/rpc.mjs'

let ann
let began
before(async () => {
  began = Date.now()
  ann = await withOrganization('Ann')
})

test('the connectivity check answers', async () => {
  const answer = await rpc().example.execute({ name: 'ANN', age: 7 })
  assert.deepEqual(answer, { name: 'ANN', age: 7, message: 'hello, ANN!' })
})

test('a procedure without input takes nothing, an empty object, and undefined', async () => {
  const answers = await Promise.all([
    ann.client.auth.getSession(),
    ann.client.auth.getSession({}),
    ann.client.auth.getSession(undefined),
  ])
  for (const answer of answers) assert.deepEqual(answer.user, ann.user)
})

test('a user has exactly the fields of the contract', () => {
  const { id, createdAt, ...rest } = ann.user
  assert.match(id, /^usr_[0-7][0-9a-hjkmnp-tv-z]{25}$/)
  assert.ok(Number.isInteger(createdAt) && createdAt >= began - 2000 && createdAt <= Date.now() + 2000)
  assert.deepEqual(rest, { email: ann.email, name: 'Ann', username: null, image: null, emailVerified: false })
})

test('text of any script survives, and what is left out is null', async () => {
  const name = 'Ünïcødé 🏛️ 李 "q" <b>\\n\n\t'
  const slug = `clients-${unique()}`
  const made = await ann.client.organization.create({
    name,
    slug,
    description: undefined,
    website: 'https://example.test/',
  })
  const { id, createdAt, updatedAt, ...rest } = made
  assert.match(id, /^org_[0-7][0-9a-hjkmnp-tv-z]{25}$/)
  assert.deepEqual([typeof createdAt, typeof updatedAt], ['number', 'number'])
  const website = 'https://example.test/'
  assert.deepEqual(rest, { name, slug, description: null, logoUrl: null, website, isPersonal: false, plan: 'free' })
  const { owner, memberCount, ...got } = await ann.client.organization.get({ organizationId: id })
  assert.deepEqual(got, made)
  assert.deepEqual([owner.id, memberCount], [ann.user.id, 1])
})

test('a Date arrives as a Date, exact to the millisecond', async () => {
  const headers = { 'x-organization': ann.organization.id }
  const answer = await rpc({ token: ann.token, headers }).organization.listMembers({})
  const { members, ...counts } = answer
  assert.deepEqual(counts, { totalCount: 1, page: 1, pageSize: 20, totalPages: 1 })
  const [{ id, createdAt, ...member }] = members
  assert.match(id, /^mem_/)
  assert.ok(createdAt instanceof Date)
  assert.ok(createdAt.getTime() >= began - 2000 && createdAt.getTime() <= Date.now() + 2000)
  const { user } = ann
  assert.deepEqual(member, { userId: user.id, role: 'owner', name: 'Ann', email: user.email, image: null })
  const got = await rpc({ token: ann.token }).organization.get({
    organizationId: ann.organization.id,
    includeMembers: true,
  })
  assert.ok(got.members[0].createdAt instanceof Date)
  assert.deepEqual(got.members, members)
})

test('emails are trimmed and lower-cased, slugs lower-cased', async () => {
  const email = `Mixed-${unique()}@Example.TEST`
  const { user } = await rpc().auth.signUp({ email: ` ${email} `, password: 'correct horse battery staple' })
  assert.deepEqual([user.email, user.name], [email.toLowerCase(), null])
  assert.deepEqual(await ann.client.mcpServers.validateSubdomain({ subdomain: 'Wire-ABC-123' }), {
    subdomain: 'wire-abc-123',
  })
})

test('pages are cut as asked and join without a gap', async () => {
  for (const title of ['one', 'two', 'three']) await ann.client.walkthrough.create({ title, type: 'course' })
  const whole = await ann.client.walkthrough.list({})
  assert.deepEqual([whole.items.length, whole.nextCursor], [3, null])
  const first = await ann.client.walkthrough.list({ limit: 2 })
  assert.deepEqual([first.items.length, typeof first.nextCursor], [2, 'string'])
  const second = await ann.client.walkthrough.list({ limit: 2, cursor: first.nextCursor })
  assert.equal(second.nextCursor, null)
  assert.deepEqual([...first.items, ...second.items], whole.items)
})
