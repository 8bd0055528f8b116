// Idempotency-Key: the same question twice is one deed and one answer.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { refusedWith } from '../lib/refusals.mjs'
import { rpc, unique, withOrganization } from '../lib/rpc.mjs'

let ann
before(async () => {
  ann = await withOrganization('Ann')
})

const keyed = (person, key) => rpc({ token: person.token, headers: { 'idempotency-key': key } })

test('the same key and input give the first answer again, and one thing is made', async () => {
  const client = keyed(ann, unique())
  const first = await client.walkthrough.create({ title: 'Once', type: 'course' })
  const second = await client.walkthrough.create({ title: 'Once', type: 'course' })
  assert.deepEqual(second, first)
  const { items } = await ann.client.walkthrough.list({ search: 'Once' })
  assert.deepEqual(
    items.map(item => item.id),
    [first.id],
  )
})

test('ten at once under one key make one thing', async () => {
  const client = keyed(ann, unique())
  const make = () => client.walkthrough.create({ title: 'Together', type: 'course' })
  const answers = await Promise.allSettled(Array.from({ length: 10 }, make))
  const made = answers.filter(answer => answer.status === 'fulfilled').map(answer => answer.value.id)
  for (const { reason } of answers.filter(answer => answer.status === 'rejected')) assert.equal(reason.code, 'CONFLICT')
  assert.equal(new Set(made).size, 1)
  const { items } = await ann.client.walkthrough.list({ search: 'Together' })
  assert.deepEqual(
    items.map(item => item.id),
    [made[0]],
  )
})

test('the same key with another input is CONFLICT', async () => {
  const client = keyed(ann, unique())
  await client.walkthrough.create({ title: 'First', type: 'course' })
  const other = client.walkthrough.create({ title: 'Other', type: 'course' })
  await refusedWith(other, 'CONFLICT', 409, { reason: 'idempotency_key_reused' })
  const { items } = await ann.client.walkthrough.list({ search: 'Other' })
  assert.deepEqual(items, [])
})

test('a key belongs to its caller', async () => {
  const bob = await withOrganization('Bob')
  const key = unique()
  const [one, two] = [
    await keyed(ann, key).walkthrough.create({ title: 'Mine', type: 'course' }),
    await keyed(bob, key).walkthrough.create({ title: 'Mine', type: 'course' }),
  ]
  assert.notEqual(one.id, two.id)
})

test('a refused call may be mended under its key', async () => {
  const slug = `clients-${unique()}`
  const client = keyed(ann, unique())
  const taken = client.organization.create({ name: 'Taken', slug: ann.organization.slug })
  await refusedWith(taken, 'RESOURCE_ALREADY_EXISTS', 409, { resource: 'organization', field: 'slug' })
  assert.equal((await client.organization.create({ name: 'Mended', slug })).slug, slug)
})
