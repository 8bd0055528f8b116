// Clients that nobody registered: their id is the address of a document about them.
import assert from 'node:assert/strict'
import http from 'node:http'
import { after, before, test } from 'node:test'
import { discover, post, redeem, REDIRECT, request, welcomeAt } from '../lib/oauth.mjs'
import { Person } from '../lib/person.mjs'
import { withOrganization } from '../lib/rpc.mjs'
import { typescriptWith } from '../lib/sdk.mjs'
import { Wallet } from '../lib/wallet.mjs'
import { publish } from './servers.mjs'

const documents = new Map()
const site = http.createServer((request, response) => {
  const { status = 200, headers = {}, body } = documents.get(request.url) ?? { status: 404 }
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
})
let server, origin, metadata
before(async () => {
  await new Promise(resolve => site.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${site.address().port}`
  server = await publish(await withOrganization('Olga'), 'Help for clients with a document')
  metadata = (await discover(server.endpoint.path)).server
  assert.equal(metadata.client_id_metadata_document_supported, true)
})
after(() => new Promise(resolve => site.close(resolve).closeAllConnections()))

/** Puts a document somewhere; its address. */
function put(path, change = {}, more = {}) {
  const body = {
    client_id: `${origin}${path}`,
    client_name: 'Documented',
    redirect_uris: [REDIRECT],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    ...change,
  }
  documents.set(path, { body, ...more })
  return `${origin}${path}`
}

test('a client with a document signs in unregistered, and the person reads whose word it is', async () => {
  const clientId = put('/client.json')
  const wallet = new Wallet(clientId)
  const client = await typescriptWith(server.endpoint.host, wallet)
  try {
    const authorizationUrl = await client.begin()
    assert.equal(authorizationUrl.searchParams.get('client_id'), clientId)
    const person = new Person('documented')
    const page = await person.open(authorizationUrl)
    assert.match(page.text, /Calls itself Documented\s?, says 127\.0\.0\.1/)
    assert.doesNotMatch(page.text, /nobody has checked that/)

    const first = await client.finish(await person.signIn(authorizationUrl))

    assert.equal(first.call.answer?.status, 'pending')
    assert.equal((await client.refresh()).call.answer?.status, 'pending')
    assert.equal(wallet.clientInformation().client_id, clientId)
  } finally {
    await client.close()
  }
})

const elsewhere = () => {
  const clientId = put('/moved.json')
  documents.set('/moved.json', { status: 302, headers: { location: put('/target.json', { client_id: clientId }) } })
  return clientId
}
const REFUSED = [
  ['that is of another client', /client_id is not/, () => put('/other.json', { client_id: `${origin}/client.json` })],
  ['that is elsewhere', /cannot be read/, elsewhere],
  [
    'that is too long',
    /5 KiB/,
    () => put('/long.json', { client_uri: `https://example.test/${'a'.repeat(6 * 1024)}` }),
  ],
  ['that is missing', /cannot be read/, () => `${origin}/nowhere.json`],
  ['that is no JSON', /is JSON/, () => put('/page.html', {}, { body: '<h1>A client</h1>' })],
  ['that has a secret', /has no client_secret/, () => put('/secret.json', { client_secret: 'known to everybody' })],
  [
    'with another redirect URI',
    /redirect_uri/,
    () => put('/own.json', { redirect_uris: ['http://127.0.0.1:1/other'] }),
  ],
  [
    'with any host as a redirect URI',
    /redirect URI/,
    () => put('/http.json', { redirect_uris: ['http://example.test/'] }),
  ],
  ['at an address without a path', /no such client/, () => put('/')],
]
for (const [what, why, clientIdOf] of REFUSED) {
  test(`a document ${what} is refused on our page, and nobody is sent anywhere`, async () => {
    const page = await new Person('careful').open(request(metadata, clientIdOf()).url)

    assert.deepEqual([page.status, page.location], [400, undefined], page.text)
    assert.match(page.headers.get('content-type'), /^text\/html/)
    assert.match(page.text, /asked in a way that cannot be answered/)
    assert.match(page.text, why)
  })
}

test('a code is worth nothing to another client with a document', async () => {
  const [mine, theirs] = [put('/mine.json'), put('/theirs.json')]
  const asked = request(metadata, mine)
  const back = await new Person('careful').signIn(asked.url)

  const { status, said } = await post(metadata.token_endpoint, {
    grant_type: 'authorization_code',
    code: back.searchParams.get('code'),
    code_verifier: asked.verifier,
    redirect_uri: REDIRECT,
    client_id: theirs,
  })

  assert.deepEqual([status, said.error], [400, 'invalid_grant'])
  const again = request(metadata, mine)
  const tokens = await redeem(metadata, again, await new Person('careful').signIn(again.url))
  await welcomeAt(server.endpoint.path, tokens.access_token)
})
