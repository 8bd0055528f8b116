// Two at once, over all nodes: of what works once, one use counts.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { codeTo } from '../lib/letters.mjs'
import { discover, post, redeem, REDIRECT, refusedAt, register, request, welcomeAt } from '../lib/oauth.mjs'
import { Person } from '../lib/person.mjs'
import { withOrganization } from '../lib/rpc.mjs'
import { publish } from './servers.mjs'

const AT_ONCE = 8
const atOnce = one => Promise.all(Array.from({ length: AT_ONCE }, one))

let url, metadata, clientId
before(async () => {
  const server = await publish(await withOrganization('Olga'), 'Races')
  url = server.endpoint.path
  metadata = (await discover(url)).server
  clientId = await register(metadata)
})

test('of many who bring one code at once, at most one gets tokens, and those end', async () => {
  const asked = request(metadata, clientId)
  const back = await new Person('reader').signIn(asked.url)
  const code = back.searchParams.get('code')
  const form = { grant_type: 'authorization_code', code, code_verifier: asked.verifier, redirect_uri: REDIRECT }

  const answers = await atOnce(() => post(metadata.token_endpoint, { ...form, client_id: clientId }))

  const statuses = answers.map(answer => answer.status).sort()
  assert.deepEqual(statuses, [200, ...Array(AT_ONCE - 1).fill(400)])
  await refusedAt(url, answers.find(answer => answer.status === 200).said.access_token)
})

test('a client that asks for the same twice, as after a lost answer, is one client', async () => {
  const asked = request(metadata, clientId)
  const { refresh_token } = await redeem(metadata, asked, await new Person('reader').signIn(asked.url))
  const form = { grant_type: 'refresh_token', client_id: clientId }

  const answers = await atOnce(() => post(metadata.token_endpoint, { ...form, refresh_token }))

  assert.deepEqual([...new Set(answers.map(answer => answer.status))], [200])
  assert.equal(new Set(answers.map(answer => answer.said.refresh_token)).size, 1)
  for (const answer of answers) await welcomeAt(url, answer.said.access_token)
})

test('guesses at once are as many guesses', async () => {
  const person = new Person('guessed')
  const page = await person.press(await person.open(request(metadata, clientId).url), 'allow', { email: person.email })
  const code = await codeTo(person.email)

  const tried = await atOnce(() => person.press(page, 'code', { code: 'wrong' }))
  const late = await person.press(page, 'code', { code })

  // The fifth is told like those after it.
  assert.equal(tried.filter(answer => /This is not the code/.test(answer.text)).length, 4)
  assert.deepEqual([late.status, late.location], [400, undefined])
})

test('the right code at once is one sign-in', async () => {
  const person = new Person('hasty')
  const page = await person.press(await person.open(request(metadata, clientId).url), 'allow', { email: person.email })
  const code = await codeTo(person.email)

  const tried = await atOnce(() => person.press(page, 'code', { code }))

  assert.equal(tried.filter(answer => answer.location).length, 1)
})
