// Readers sign in at their organization's own authorization server; the client sees ours only.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { answered, discover, redeem, refusedAt, register, request, welcomeAt } from '../lib/oauth.mjs'
import { Person } from '../lib/person.mjs'
import { issuers, unique, withOrganization } from '../lib/rpc.mjs'
import { typescriptWith } from '../lib/sdk.mjs'
import { CLIENT_ID, CLIENT_SECRET, signInUpstream, upstream } from '../lib/upstream.mjs'
import { Wallet } from '../lib/wallet.mjs'
import { publish, readers } from './servers.mjs'

const tag = unique()
const PEOPLE = {
  ann: { email: `ann-${tag}@example.test`, email_verified: true, name: 'Ann' },
  bob: { email: `bob-${tag}@example.test`, email_verified: false, name: 'Bob' },
  cleo: { email: `cleo-${tag}@example.test`, email_verified: 'true', name: 'Cleo' },
  dan: { email: `dan-${tag}@example.test`, email_verified: 'false', name: 'Dan' },
}

let olga
const started = []
before(async () => {
  olga = await withOrganization('Olga')
})
after(() => Promise.all(started.map(one => one.close())))

/** A server whose readers sign in at an authorization server of their own, which is started for it. */
async function withUpstream(inIdToken) {
  const server = await publish(olga, 'Help with a sign-in of its own')
  const redirectUris = Object.values(issuers(server)).map(issuer => `${issuer}/oauth/callback`)
  const own = await upstream({ redirectUris, people: PEOPLE, inIdToken })
  started.push(own)
  const config = await olga.client.oauthConfigs.create({
    name: 'Our own',
    metadataUrl: own.metadataUrl,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
  })
  assert.equal(JSON.stringify(config).includes(CLIENT_SECRET), false)
  const metadata = await olga.client.oauthConfigs.validate({ metadataUrl: own.metadataUrl })
  assert.equal(metadata.issuer, own.issuer)
  await configure(server, 'custom_oauth', config.id)
  return { server, own, config }
}

const configure = (server, authType, customOauthConfigId) =>
  olga.client.mcpServers.updateConfiguration({
    serverId: server.id,
    authType,
    supportTicketType: 'dashboard',
    ...(customOauthConfigId ? { customOauthConfigId } : {}),
  })

/** From the consent page through the organization's own sign-in and back to the client. */
async function through(person, authorizationUrl, own, login) {
  const asked = await person.open(authorizationUrl)
  assert.equal(asked.status, 200, asked.text)
  assert.doesNotMatch(asked.html, /name="email"/)
  const away = await person.press(asked, 'allow')
  assert.equal(away.status, 303, away.text)
  assert.equal(away.location.origin, own.issuer)
  for (const name of ['state', 'nonce', 'code_challenge']) assert.ok(away.location.searchParams.get(name), name)
  assert.equal(away.location.searchParams.get('code_challenge_method'), 'S256')
  const returned = await signInUpstream(person, away.location, own.issuer, login)
  const done = await person.open(returned)
  assert.equal(done.status, 303, done.text)
  return { back: done.location, returned, away: away.location }
}

for (const [inIdToken, where] of [
  [true, 'in the ID token'],
  [false, 'at userinfo only'],
]) {
  for (const face of ['path', 'host']) {
    test(`a reader comes in by ${face} from a sign-in that says the address ${where}`, async () => {
      const { server, own } = await withUpstream(inIdToken)
      const person = new Person('elsewhere')
      const wallet = new Wallet()
      const client = await typescriptWith(server.endpoint[face], wallet)
      try {
        const { back, returned, away } = await through(person, await client.begin(), own, 'ann')
        assert.equal(back.searchParams.get('iss'), server.issuer[face])

        const first = await client.finish(back)

        assert.equal(first.call.answer?.status, 'pending')
        assert.equal((await client.refresh()).call.answer?.status, 'pending')
        const people = await readers(olga, server)
        assert.deepEqual(
          people.map(one => [one.email, one.displayName]),
          [[PEOPLE.ann.email, 'Ann']],
        )
        assert.equal(own.asked.includes('/me'), !inIdToken)
        const passed = ['code', 'state'].map(name => returned.searchParams.get(name))
        const hidden = [...own.secrets, ...passed, away.searchParams.get('nonce')]
        assert.equal(own.secrets.length, 4, 'the secret and three tokens')
        const seen = wallet.everything() + decodeURIComponent(back.href) + JSON.stringify(first)
        for (const secret of hidden) assert.equal(seen.includes(secret), false, `the client was given ${secret}`)
      } finally {
        await client.close()
      }
    })
  }
}

test('an address is of whom the sign-in vouches for, in a word or otherwise', async () => {
  const { server, own } = await withUpstream(true)
  const { server: metadata } = await discover(server.endpoint.path)
  const clientId = await register(metadata)
  for (const login of ['bob', 'cleo', 'dan']) {
    const asked = request(metadata, clientId)
    const { back } = await through(new Person(login), asked.url, own, login)
    await welcomeAt(server.endpoint.path, (await redeem(metadata, asked, back)).access_token)
  }

  const people = (await readers(olga, server)).map(one => [one.displayName, one.email])

  assert.deepEqual(people.sort(), [
    ['Bob', null],
    ['Cleo', PEOPLE.cleo.email],
    ['Dan', null],
  ])
})

test('who says no there, or on our page, is not signed in, and the client hears of it', async () => {
  const { server, own } = await withUpstream(true)
  const { server: metadata } = await discover(server.endpoint.path)
  const clientId = await register(metadata)

  const there = request(metadata, clientId)
  const { back } = await through(new Person('no'), there.url, own, undefined)
  const here = request(metadata, clientId)
  const person = new Person('no')
  const denied = await person.press(await person.open(here.url), 'deny')

  for (const [asked, answer] of [
    [there, back],
    [here, denied.location],
  ]) {
    answered(answer, asked, metadata.issuer)
    assert.equal(answer.searchParams.get('error'), 'access_denied')
    assert.equal(answer.searchParams.has('code'), false)
  }
  assert.deepEqual(await readers(olga, server), [])
})

test('the way back works in the browser that was sent, and once', async () => {
  const { server, own } = await withUpstream(true)
  const { server: metadata } = await discover(server.endpoint.path)
  const asked = request(metadata, await register(metadata))
  const person = new Person('victim')
  const away = await person.press(await person.open(asked.url), 'allow')
  const returned = await signInUpstream(person, away.location, own.issuer, 'ann')

  const stolen = await new Person('thief').open(returned)
  const done = await person.open(returned)
  const twice = await person.open(returned)

  for (const refused of [stolen, twice]) assert.deepEqual([refused.status, refused.location], [400, undefined])
  await redeem(metadata, asked, done.location)
})

test('a new secret is not for the server that was there before', async () => {
  const { server, own, config } = await withUpstream(true)
  const { server: metadata } = await discover(server.endpoint.path)
  const asked = request(metadata, await register(metadata))
  const person = new Person('between')
  const away = await person.press(await person.open(asked.url), 'allow')
  const returned = await signInUpstream(person, away.location, own.issuer, 'ann')
  const next = await upstream({ redirectUris: [], people: {}, inIdToken: true })
  started.push(next)
  const clientSecret = 'another secret that only the next server is told'
  await olga.client.oauthConfigs.update({ oauthConfigId: config.id, metadataUrl: next.metadataUrl, clientSecret })

  const late = await person.open(returned)

  assert.deepEqual([late.status, late.location], [400, undefined])
  assert.equal(own.asked.includes('/token'), false)
})

test('a token ends with the sign-in that it was given for', async () => {
  const { server, own, config } = await withUpstream(true)
  const url = server.endpoint.path
  const { server: metadata } = await discover(url)
  const clientId = await register(metadata)
  const token = async () => {
    const asked = request(metadata, clientId)
    const { back } = await through(new Person('ann'), asked.url, own, 'ann')
    return (await redeem(metadata, asked, back)).access_token
  }
  const before = await token()
  await welcomeAt(url, before)

  await configure(server, 'platform_oauth')

  await refusedAt(url, before)
  const mailed = request(metadata, clientId)
  const between = (await redeem(metadata, mailed, await new Person('ann').signIn(mailed.url))).access_token
  await welcomeAt(url, between)
  await configure(server, 'custom_oauth', config.id)
  await refusedAt(url, between)
  const after = await token()
  await welcomeAt(url, after)
  const other = await olga.client.oauthConfigs.create({
    name: 'Another',
    metadataUrl: own.metadataUrl,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
  })
  await configure(server, 'custom_oauth', other.id)
  await refusedAt(url, after)
})
