// OAuth by hand: what a client library does not let a test do, or does not say.
import './localhost.mjs'
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { alternatePorts } from './alternate.mjs'
import { MCP_HEADERS } from './raw.mjs'
import { nodes } from './rpc.mjs'

/** Asks the nodes in turn. */
export const ask = alternatePorts(nodes())

/** Where nobody listens: tests read the answer from the redirect itself. */
export const REDIRECT = 'http://127.0.0.1:33418/callback'

/** What an MCP endpoint answers to somebody with that token, or none. */
function knock(url, token) {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const clientInfo = { name: 'by hand', version: '1' }
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })
  return ask(url, { method: 'POST', headers: { ...MCP_HEADERS, ...authorization }, body })
}

/** Let in; the answer's headers. */
export async function welcomeAt(url, token) {
  const answer = await knock(url, token)
  assert.equal(answer.status, 200, `${url}: ${await answer.text()}`)
  return answer.headers
}

/** Refused with the address of the metadata, as RFC 6750 and RFC 9728 have it. */
export async function refusedAt(url, token) {
  const answer = await knock(url, token)
  const said = answer.headers.get('www-authenticate') ?? ''
  assert.equal(answer.status, 401, `${url}: ${await answer.text()}`)
  assert.match(said, /^Bearer resource_metadata="[^"]+"/)
  assert.equal(said.includes('error="invalid_token"'), token !== undefined, said)
  return /resource_metadata="([^"]+)"/.exec(said)[1]
}

/** What a client finds out from a refusal: the resource's metadata and the authorization server's. */
export async function discover(url) {
  const get = async address => {
    const answer = await ask(address)
    assert.equal(answer.status, 200, `${address}: ${answer.status}`)
    return answer.json()
  }
  const resource = await get(await refusedAt(url))
  const { origin, pathname } = new URL(resource.authorization_servers[0])
  const path = pathname === '/' ? '' : pathname
  const server = await get(`${origin}/.well-known/oauth-authorization-server${path}`)
  assert.equal(server.issuer, resource.authorization_servers[0])
  return { resource, server }
}

/** Registers a client; its id. */
export async function register(server, metadata = {}) {
  const usual = { client_name: 'by hand', redirect_uris: [REDIRECT], token_endpoint_auth_method: 'none' }
  const body = JSON.stringify({ ...usual, grant_types: ['authorization_code', 'refresh_token'], ...metadata })
  const headers = { 'content-type': 'application/json' }
  const answer = await ask(server.registration_endpoint, { method: 'POST', headers, body })
  const said = await answer.json()
  assert.equal(answer.status, 201, JSON.stringify(said))
  return said.client_id
}

/** An authorization request, and what it takes to go on. */
export function request(server, clientId, more = {}) {
  const [verifier, state] = [randomBytes(32).toString('base64url'), randomBytes(8).toString('hex')]
  const url = new URL(server.authorization_endpoint)
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: REDIRECT,
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...more,
  })
  return { url, verifier, state, redirectUri: url.searchParams.get('redirect_uri'), clientId }
}

/** Posts a form. */
export async function post(url, form) {
  const answer = await ask(url, { method: 'POST', body: new URLSearchParams(form) })
  const text = await answer.text()
  return { status: answer.status, said: text ? JSON.parse(text) : undefined }
}

/** Makes tokens of the answer that came back. */
export async function redeem(server, asked, back) {
  answered(back, asked, server.issuer)
  const { status, said } = await post(server.token_endpoint, {
    grant_type: 'authorization_code',
    code: back.searchParams.get('code'),
    code_verifier: asked.verifier,
    redirect_uri: asked.redirectUri,
    client_id: asked.clientId,
  })
  assert.equal(status, 200, JSON.stringify(said))
  return said
}

/** An answer for who asked, from who was asked (RFC 9207). */
export function answered(back, { state, redirectUri = REDIRECT }, issuer) {
  assert.equal(back.href.split('?')[0], redirectUri)
  assert.deepEqual(back.searchParams.getAll('state'), [state])
  assert.deepEqual(back.searchParams.getAll('iss'), [issuer])
}
