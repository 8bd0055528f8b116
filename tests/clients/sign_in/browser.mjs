// The same pages in Chromium: what browsers hold against them, a form's way through redirects above all (CSP form-action).
import assert from 'node:assert/strict'
import http from 'node:http'
import { after, before, test } from 'node:test'
import { heading, open, press, reader } from '../lib/browser.mjs'
import { codeTo } from '../lib/letters.mjs'
import { answered, discover, redeem, register, request } from '../lib/oauth.mjs'
import { unique, withOrganization } from '../lib/rpc.mjs'
import { publish } from './servers.mjs'

const NAME = 'Sign-in in Chromium'
let olga, server, metadata
const clients = []
before(async () => {
  olga = await withOrganization('Olga')
  server = await publish(olga, NAME)
  metadata = (await discover(server.endpoint.host)).server
})
after(() => Promise.all(clients.map(one => new Promise(resolve => one.close(resolve).closeAllConnections()))))

/** A native application that listens for its answer. */
async function listening(address, host) {
  const site = http.createServer((_, response) => response.end('<!doctype html><title>t</title><h1>Go back now</h1>'))
  clients.push(site)
  await new Promise((resolve, reject) => site.on('error', reject).listen(0, address, resolve))
  return `http://${host}:${site.address().port}/callback`
}

/** What Chromium refuses to do for the sake of a policy, it says on the console. */
function refusals(page) {
  const said = []
  page.on('console', message => /policy/i.test(message.text()) && said.push(message.text()))
  return said
}

async function signIn(page, asked, pictures) {
  const email = `chromium-${unique()}@example.test`
  assert.equal(await open(page, asked.url.href), 200)
  assert.equal(await heading(page, `${pictures}-consent`, { site: NAME }), 'Allow by hand?')
  await page.getByLabel('Email address').fill(email)
  assert.equal(await press(page, 'Allow and mail me a code'), 200)
  assert.equal(await heading(page, `${pictures}-code`, { site: NAME }), 'Look into your mailbox')
  await page.getByLabel('Code').fill('not yet')
  assert.equal(await press(page, 'Sign in'), 400)
  await heading(page, `${pictures}-wrong-code`, { site: NAME })
  await page.getByLabel('Code').fill(await codeTo(email))
}

for (const [address, host] of [
  ['127.0.0.1', '127.0.0.1'],
  ['127.0.0.1', 'localhost'],
  ['::1', '[::1]'],
]) {
  test(`a native application at ${host} gets its answer through Chromium`, async t => {
    const redirectUri = await listening(address, host)
    const asked = request(metadata, await register(metadata, { redirect_uris: [redirectUri] }), {
      redirect_uri: redirectUri,
    })
    const page = await reader(t)
    const said = refusals(page)
    await signIn(page, asked, 'sign-in')

    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.waitForURL(url => url.href.startsWith(redirectUri), { timeout: 10_000 }).catch(() => {})

    assert.deepEqual([said, page.url().startsWith(redirectUri)], [[], true], page.url())
    assert.ok((await redeem(metadata, asked, new URL(page.url()))).access_token)
  })
}

test('who opens the address in a browser reads what to do with it', async t => {
  const page = await reader(t)
  for (const address of [server.endpoint.host, server.issuer.host, server.endpoint.path, server.issuer.path]) {
    assert.equal(await open(page, address), 200, address)
    assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), NAME)
    assert.equal(await page.locator('.address code').innerText(), server.url)
  }
})

const OWN_SCHEME = 'cursor://anysphere.cursor-mcp/oauth/callback'

/** Presses the last button; what Chromium then wants from an application with a scheme of its own. */
async function answerFor(page, button) {
  const wanted = page.waitForRequest(one => one.url().startsWith(OWN_SCHEME), { timeout: 10_000 })
  await Promise.all([wanted, page.getByRole('button', { name: button, exact: true }).click()])
  return new URL((await wanted).url())
}

test('an application with a scheme of its own gets its answer through Chromium', async t => {
  const clientId = await register(metadata, { redirect_uris: [OWN_SCHEME] })
  const asked = request(metadata, clientId, { redirect_uri: OWN_SCHEME })
  const page = await reader(t)
  await signIn(page, asked, 'sign-in-own-scheme')

  const answer = await answerFor(page, 'Sign in')

  assert.equal(answer.searchParams.get('state'), asked.state)
  assert.ok((await redeem(metadata, asked, answer)).access_token)
})

test('it hears of a no on the way to a sign-in elsewhere, too', async t => {
  // Nobody is asked there before the person has allowed it.
  const config = await olga.client.oauthConfigs.create({
    name: 'Our own',
    metadataUrl: 'http://127.0.0.1:1/.well-known/openid-configuration',
    clientId: 'guildhall',
    clientSecret: 'a secret that nobody is told here',
  })
  const elsewhere = await publish(olga, NAME, { authType: 'custom_oauth', customOauthConfigId: config.id })
  const { server: own } = await discover(elsewhere.endpoint.host)
  const clientId = await register(own, { redirect_uris: [OWN_SCHEME] })
  const asked = request(own, clientId, { redirect_uri: OWN_SCHEME })
  const page = await reader(t)
  assert.equal(await open(page, asked.url.href), 200)
  assert.equal(await heading(page, 'sign-in-upstream-consent', { site: NAME }), 'Allow by hand?')

  const answer = await answerFor(page, 'Do not allow')

  answered(answer, asked, own.issuer)
  assert.equal(answer.searchParams.get('error'), 'access_denied')
})
