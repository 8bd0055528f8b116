// Signing in and out: tokens that rotate, sessions that end, and the cookie a browser gets.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { call } from '../lib/raw.mjs'
import { refusal, refusedOnTheWire, refusedWith } from '../lib/refusals.mjs'
import { nodes, PASSWORD, rpc, signUp, unique } from '../lib/rpc.mjs'

const [base] = nodes()
const refused = promise => refusedWith(promise, 'UNAUTHORIZED', 401, { reason: 'unauthenticated' })

test('tokens last as long as they say', async () => {
  const before = Date.now()
  const { session } = await signUp('Ann')
  const minutes = (session.accessTokenExpiresAt - before) / 60_000
  assert.ok(minutes > 9 && minutes < 11, `${minutes} minutes`)
  assert.ok(session.refreshTokenExpiresAt > session.accessTokenExpiresAt)
  assert.deepEqual(Object.keys(session).sort(), [
    'accessToken',
    'accessTokenExpiresAt',
    'refreshToken',
    'refreshTokenExpiresAt',
  ])
  const [header] = session.accessToken.split('.')
  const { alg, kid } = JSON.parse(Buffer.from(header, 'base64url'))
  assert.equal(alg, 'EdDSA')
  const jwks = await (await fetch(`${base}/.well-known/jwks.json`)).json()
  assert.ok(jwks.keys.some(key => key.kid === kid))
  assert.ok(
    jwks.keys.every(key => key.d === undefined),
    'a private key is public',
  )
})

test('a refresh token works once; used again it ends the whole session', async () => {
  const { user, session } = await signUp('Ann')
  const second = await rpc().auth.refresh({ refreshToken: session.refreshToken })
  assert.notEqual(second.refreshToken, session.refreshToken)
  assert.deepEqual((await rpc({ token: second.accessToken }).auth.getSession()).user, user)
  const third = await rpc().auth.refresh({ refreshToken: second.refreshToken })
  await sleep(11_000) // the grace for a lost answer is 10 s
  assert.deepEqual((await rpc({ token: third.accessToken }).auth.getSession()).user, user)
  await refused(rpc().auth.refresh({ refreshToken: session.refreshToken }))
  await refused(rpc().auth.refresh({ refreshToken: third.refreshToken }))
  for (const tokens of [session, second, third]) await refused(rpc({ token: tokens.accessToken }).auth.getSession())
})

test('a refresh token is no access token, nor the other way round', async () => {
  const { session } = await signUp('Ann')
  await refused(rpc({ token: session.refreshToken }).auth.getSession())
  await refused(rpc().auth.refresh({ refreshToken: 'nonsense' }))
  const { code } = await refusal(rpc().auth.refresh({ refreshToken: session.accessToken }))
  assert.ok(['BAD_REQUEST', 'UNAUTHORIZED'].includes(code), code)
})

test('signing out ends the access token at once, and only this session', async () => {
  const { email, session, user } = await signUp('Ann')
  const other = await rpc().auth.signIn({ email: email.toUpperCase(), password: PASSWORD })
  assert.deepEqual(other.user, user)
  const client = rpc({ token: session.accessToken })
  assert.deepEqual(await client.auth.signOut({}), { success: true })
  await refused(client.auth.getSession())
  await refused(client.auth.signOut({}))
  await refused(rpc().auth.refresh({ refreshToken: session.refreshToken }))
  assert.deepEqual((await rpc({ token: other.session.accessToken }).auth.getSession()).user, user)
})

/** Signs in as a browser's page does; the cookie it gets and what came with it. */
async function browser(email) {
  const answer = await call(base, 'auth.signIn', { input: { email, password: PASSWORD }, headers: { origin: base } })
  assert.equal(answer.status, 200, answer.text)
  const [cookie, ...more] = answer.headers['set-cookie'] ?? []
  assert.ok(cookie && more.length === 0, `one cookie, not ${answer.headers['set-cookie']}`)
  const [pair, ...attributes] = cookie.split(/; */)
  return { pair, attributes: attributes.map(attribute => attribute.toLowerCase()) }
}

test('a browser gets a cookie that scripts and other sites cannot use', async () => {
  const { email, user } = await signUp('Ann')
  const { pair, attributes } = await browser(email)
  assert.ok(attributes.includes('httponly') && attributes.includes('samesite=lax'), String(attributes))
  assert.ok(!attributes.some(attribute => attribute.startsWith('domain=')), 'subdomains would get it')
  const answer = await call(base, 'auth.getSession', { headers: { cookie: pair } })
  assert.deepEqual([answer.status, answer.json?.json.user], [200, user])
})

test('a mutation by cookie must come from our own origin', async () => {
  const { email } = await signUp('Ann')
  const { pair } = await browser(email)
  const create = headers =>
    call(base, 'organization.create', {
      input: { name: 'By cookie', slug: `clients-${unique()}` },
      headers: { cookie: pair, ...headers },
    })
  assert.equal((await create({ origin: base })).status, 200)
  for (const origin of ['https://evil.example', 'null', base.replace('//', '//evil.'), `${base}.evil.example`]) {
    const error = refusedOnTheWire(await create({ origin }), 'UNAUTHORIZED', 403)
    assert.deepEqual([error.defined, error.data], [true, { reason: 'cross_site' }], origin)
  }
})

test('a bearer does not need an origin, and a foreign one does not harm it', async () => {
  const { token, user } = await signUp('Ann')
  for (const headers of [{}, { origin: 'https://evil.example' }]) {
    const answer = await call(base, 'auth.getSession', { headers: { authorization: `Bearer ${token}`, ...headers } })
    assert.deepEqual([answer.status, answer.json?.json.user], [200, user])
    assert.notEqual(answer.headers['access-control-allow-origin'], 'https://evil.example')
    assert.notEqual(answer.headers['access-control-allow-origin'], '*')
  }
})

test('signing out takes the cookie along', async () => {
  const { email } = await signUp('Ann')
  const { pair } = await browser(email)
  const headers = { cookie: pair, origin: base }
  assert.equal((await call(base, 'auth.signOut', { input: {}, headers })).status, 200)
  refusedOnTheWire(await call(base, 'auth.getSession', { headers }), 'UNAUTHORIZED', 401)
})
