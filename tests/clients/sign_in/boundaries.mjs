// What is not let through: codes, tokens and forms that are not what, or not where, or not from whom they should be.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { codeTo } from '../lib/letters.mjs'
import {
  answered,
  ask,
  discover,
  post,
  redeem,
  REDIRECT,
  refusedAt,
  register,
  request,
  welcomeAt,
} from '../lib/oauth.mjs'
import { Person } from '../lib/person.mjs'
import { MCP_HEADERS } from '../lib/raw.mjs'
import { nodes, rpc, withOrganization } from '../lib/rpc.mjs'
import { refusal } from '../lib/refusals.mjs'
import { publish } from './servers.mjs'

let olga, server, url, metadata, clientId
before(async () => {
  olga = await withOrganization('Olga')
  server = await publish(olga, 'Boundaries')
  url = server.endpoint.path
  metadata = (await discover(url)).server
  clientId = await register(metadata)
})

/** A code that was not redeemed yet, and what belongs to it. */
async function withCode() {
  const asked = request(metadata, clientId)
  const back = await new Person('reader').signIn(asked.url)
  return { asked, back, code: back.searchParams.get('code') }
}

const token = (form, to = metadata) => post(to.token_endpoint, { client_id: clientId, ...form })
const goOn = refresh_token => token({ grant_type: 'refresh_token', refresh_token })

test('a mailed code may be mistyped four times, and not five', async () => {
  const person = new Person('clumsy')
  const wrong = ['x', '', '12345', 'abcdef']
  const back = await person.signIn(request(metadata, clientId).url, wrong)
  assert.ok(back.searchParams.get('code'))

  const page = await person.press(await person.open(request(metadata, clientId).url), 'allow', { email: person.email })
  const right = await codeTo(person.email, 1)
  for (const code of [...wrong, 'once more']) await person.press(page, 'code', { code })
  const late = await person.press(page, 'code', { code: right })
  assert.deepEqual([late.status, late.location], [400, undefined])
  assert.match(late.text, /does not work any more/)
})

test('a form of another site, or of none, is not taken', async () => {
  const person = new Person('framed')
  const page = await person.open(request(metadata, clientId).url)
  for (const origin of ['https://evil.test', 'null', null, server.issuer.host]) {
    for (const answer of ['allow', 'deny']) {
      const refused = await person.press(page, answer, { email: person.email }, origin)
      assert.deepEqual([refused.status, refused.location], [403, undefined], `${origin} ${answer}`)
    }
  }
  assert.equal(page.headers.get('x-frame-options') ?? 'DENY', 'DENY')
  assert.match(page.headers.get('content-security-policy'), /frame-ancestors 'none'/)
  assert.match(page.headers.get('cache-control'), /no-store/)
})

test('a redirect URI that is not registered gets nothing, not even a refusal', async () => {
  for (const redirect_uri of [
    'https://evil.test/callback',
    `${REDIRECT}/`,
    `${REDIRECT}?x=1`,
    'http://localhost:33418/callback',
  ]) {
    const page = await new Person('careful').open(request(metadata, clientId, { redirect_uri }).url)
    assert.deepEqual([page.status, page.location], [400, undefined], redirect_uri)
  }
  // A native application listens where it can (RFC 8252, 7.3).
  const moved = request(metadata, clientId, { redirect_uri: 'http://127.0.0.1:1/callback' })
  const tokens = await redeem(metadata, moved, await new Person('native').signIn(moved.url))
  await welcomeAt(url, tokens.access_token)
})

test('what cannot be granted is said to the client, with its state and who says it', async () => {
  const neighbour = await publish(await withOrganization('Nina'), 'Next door')
  for (const [error, change] of [
    ['invalid_target', { resource: neighbour.endpoint.path }],
    ['invalid_scope', { scope: 'admin' }],
    ['unsupported_response_type', { response_type: 'token' }],
    ['invalid_request', { code_challenge_method: 'plain' }],
    ['invalid_request', { code_challenge: '' }],
  ]) {
    const asked = request(metadata, clientId, change)
    const { status, location } = await new Person('careful').open(asked.url)
    assert.equal(status, 303)
    answered(location, asked, metadata.issuer)
    assert.equal(location.searchParams.get('error'), error)
  }
})

test('a code is worth nothing without what belongs to it, and is then used up', async () => {
  for (const change of [
    { code_verifier: 'a'.repeat(43) },
    { redirect_uri: 'http://127.0.0.1:1/callback' },
    { resource: server.endpoint.host },
    { client_id: await register(metadata) },
  ]) {
    const { asked, code } = await withCode()
    const right = { grant_type: 'authorization_code', code, code_verifier: asked.verifier, redirect_uri: REDIRECT }
    const refused = await token({ ...right, ...change })
    assert.equal(refused.status, 400, JSON.stringify(change))
    assert.match(refused.said.error, /^invalid_(grant|target)$/)
    assert.equal((await token(right)).said.error, 'invalid_grant')
  }
})

test('a code that comes twice ends what the first made of it', async () => {
  const { asked, back, code } = await withCode()
  const tokens = await redeem(metadata, asked, back)
  await welcomeAt(url, tokens.access_token)

  const twice = await token({ grant_type: 'authorization_code', code, code_verifier: asked.verifier })

  assert.equal(twice.said.error, 'invalid_grant')
  await refusedAt(url, tokens.access_token)
  assert.equal((await goOn(tokens.refresh_token)).said.error, 'invalid_grant')
})

test('a refresh token of long ago ends the whole line', async () => {
  const { asked, back } = await withCode()
  const first = await redeem(metadata, asked, back)
  const second = (await goOn(first.refresh_token)).said
  const third = (await goOn(second.refresh_token)).said
  await welcomeAt(url, third.access_token)

  assert.equal((await goOn(first.refresh_token)).said.error, 'invalid_grant')

  await refusedAt(url, third.access_token)
  assert.equal((await goOn(third.refresh_token)).said.error, 'invalid_grant')
})

test('a client with a secret proves itself in the way that it registered, and in no other', async () => {
  for (const method of ['client_secret_basic', 'client_secret_post']) {
    const body = JSON.stringify({ redirect_uris: [REDIRECT], token_endpoint_auth_method: method })
    const headers = { 'content-type': 'application/json' }
    const client = await (await ask(metadata.registration_endpoint, { method: 'POST', headers, body })).json()
    const asked = request(metadata, client.client_id)
    const back = await new Person('confidential').signIn(asked.url)
    const code = {
      grant_type: 'authorization_code',
      code: back.searchParams.get('code'),
      code_verifier: asked.verifier,
    }
    const basic = secret => `Basic ${Buffer.from(`${client.client_id}:${secret}`).toString('base64')}`
    const send = (form, authorization) =>
      ask(metadata.token_endpoint, {
        method: 'POST',
        headers: authorization ? { authorization } : {},
        body: new URLSearchParams({ ...code, ...form }),
      })
    const ways = {
      none: () => send({ client_id: client.client_id }),
      wrong: () => send({ client_id: client.client_id, client_secret: 'ghs_wrong' }),
      client_secret_basic: () => send({}, basic(client.client_secret)),
      client_secret_post: () => send({ client_id: client.client_id, client_secret: client.client_secret }),
    }
    const { [method]: right, ...others } = ways
    for (const other of Object.values(others)) assert.equal((await other()).status, 401)
    const answer = await right()
    assert.equal(answer.status, 200)
    assert.match(answer.headers.get('cache-control'), /no-store/)
    await welcomeAt(url, (await answer.json()).access_token)
  }
})

test('tokens of accounts and of readers are not each other', async () => {
  const { asked, back } = await withCode()
  const tokens = await redeem(metadata, asked, back)

  for (const foreign of [olga.token, tokens.refresh_token, 'nothing']) await refusedAt(url, foreign)
  for (const foreign of [tokens.access_token, tokens.refresh_token]) {
    const refused = await refusal(rpc({ token: foreign }).mcpServers.list({}))
    assert.equal(refused.status, 401)
  }
  assert.equal((await goOn(olga.session.refreshToken)).said.error, 'invalid_grant')
})

test('a session is of the person who began it, whoever brings its key', async () => {
  const [ann, bob] = [await withCode(), await withCode()]
  const [hers, his] = [await redeem(metadata, ann.asked, ann.back), await redeem(metadata, bob.asked, bob.back)]
  const session = (await welcomeAt(url, hers.access_token)).get('mcp-session-id')
  assert.ok(session)
  const use = token =>
    ask(url, {
      method: 'POST',
      headers: { ...MCP_HEADERS, authorization: `Bearer ${token}`, 'mcp-session-id': session },
      body: JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list', params: {} }),
    })
  assert.equal((await use(hers.access_token)).status, 200)
  assert.equal((await use(his.access_token)).status, 404)
})

test('where nobody signs in there is no authorization server', async () => {
  const open = await publish(olga, 'Open to all', {})
  await welcomeAt(open.endpoint.path)
  const { origin, pathname } = new URL(open.issuer.path)
  for (const path of [
    `/.well-known/oauth-authorization-server${pathname}`,
    `/.well-known/oauth-protected-resource${pathname}/mcp`,
    `${pathname}/oauth/authorize`,
    '/.well-known/oauth-authorization-server',
    '/.well-known/oauth-authorization-server/s/there-is-none',
  ]) {
    for (const node of nodes()) {
      const answer = await fetch(`${origin.replace(/\d+$/, new URL(node).port)}${path}`)
      assert.equal(answer.status, 404, path)
    }
  }
})
