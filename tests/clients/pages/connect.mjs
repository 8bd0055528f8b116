// What a browser is shown at a server's own address, with JavaScript and without.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { heading, open, reader } from '../lib/browser.mjs'
import { byHost, byPath, unique, withOrganization } from '../lib/rpc.mjs'

const CLIENTS = ['Claude', 'ChatGPT', 'Claude Code', 'Cursor', 'VS Code', 'Gemini CLI', 'Codex', 'Another client']
const kept = { site: 'Corner Bakery', scripts: 1 }

let owner, server
before(async () => {
  owner = await withOrganization('Olga')
  const { client } = owner
  const slug = `connect-${unique()}`
  server = await client.mcpServers.create({ name: 'Corner Bakery', slug, productPlatformOrTool: 'ovens and orders' })
  const { id: walkthroughId } = await client.walkthrough.create({ title: 'First', type: 'course', isPublished: true })
  await client.walkthrough.createStep({ walkthroughId, title: 'The step' })
  await client.walkthrough.assignToServer({ serverId: server.id, walkthroughs: [{ walkthroughId }] })
})

/** What the live check says in the end. */
async function checked(page) {
  const said = page.getByRole('status')
  await page.locator('#check[data-kind=good],#check[data-kind=bad]').waitFor()
  return [await page.locator('#check').getAttribute('data-kind'), await said.innerText()]
}

test('without JavaScript everything is there but the check', async t => {
  const page = await reader(t)
  assert.equal(await open(page, `${byPath(server)}/reader-1`), 200)
  assert.equal(await heading(page, 'connect-plain', kept), 'Corner Bakery')
  const told = await page.locator('main').innerText()
  for (const words of ['ovens and orders', 'Get support', 'Start a walkthrough', 'Nobody signs in here', '/mcp/reader-1']) {
    assert.ok(told.includes(words), `${words} is missing in ${told}`)
  }
  assert.deepEqual(await page.locator('summary h3').allInnerTexts(), CLIENTS)
  for (const client of CLIENTS.slice(1)) await page.locator('summary', { hasText: client }).first().click()
  await heading(page, 'connect-plain-open', kept)
  assert.equal(await page.getByRole('status').isVisible(), false)
  assert.equal(await page.getByRole('button').count(), 0)
})

test('with JavaScript the page says whether the server answers, under both of its addresses', async t => {
  const page = await reader(t, { javaScriptEnabled: true, permissions: ['clipboard-read', 'clipboard-write'] })
  const problems = []
  page.on('console', message => message.type() === 'error' && problems.push(message.text()))
  page.on('pageerror', error => problems.push(String(error)))
  for (const address of [byPath(server), byHost(server)]) {
    assert.equal(await open(page, `${address}/reader-1`), 200)
    const [kind, words] = await checked(page)
    assert.deepEqual([kind, /^It answers, in \d+ ms\.$/.test(words)], ['good', true], words)
  }
  assert.equal(await heading(page, 'connect', kept), 'Corner Bakery')
  const [asked] = await Promise.all([
    page.waitForRequest(request => request.method() === 'POST'),
    page.getByRole('button', { name: 'Look again' }).click(),
  ])
  assert.equal(asked.url(), `${byHost(server)}/reader-1`)
  assert.equal((await checked(page))[0], 'good')

  await page.getByRole('button', { name: 'Copy' }).first().click()
  await page.getByRole('button', { name: 'Copied' }).waitFor()
  assert.equal(await page.evaluate('navigator.clipboard.readText()'), `${server.url}/reader-1`)
  assert.deepEqual(problems, [])
  const users = await owner.client.mcpServers.listUsers({ serverId: server.id })
  assert.deepEqual(users.items, [], 'looking makes nobody')
})

test('the links carry what their clients read', async t => {
  const page = await reader(t)
  await open(page, `${byPath(server)}/reader-1`)
  const url = `${server.url}/reader-1`
  const links = Object.fromEntries(
    await page.locator('a.button').evaluateAll(all => all.map(one => [one.textContent, one.getAttribute('href')])),
  )
  const claude = new URL(links['Add to Claude']).searchParams
  assert.deepEqual([claude.get('connectorName'), claude.get('connectorUrl')], ['Corner Bakery', url])
  const cursor = new URL(links['Add to Cursor']).searchParams
  assert.deepEqual(JSON.parse(Buffer.from(cursor.get('config'), 'base64')), { url })
  assert.equal(cursor.get('name'), server.slug)
  const code = JSON.parse(decodeURIComponent(links['Add to VS Code'].split('?')[1]))
  assert.deepEqual(code, { name: server.slug, type: 'http', url })
  const redirect = new URL(links['The same by way of vscode.dev']).searchParams
  assert.deepEqual([redirect.get('name'), JSON.parse(redirect.get('config'))], [server.slug, { type: 'http', url }])
})

test('a server with a sign-in is looked at before anybody signs in, and a paused one says so', async t => {
  const { client } = owner
  const page = await reader(t, { javaScriptEnabled: true })
  const { id: serverId } = server
  await client.mcpServers.updateConfiguration({ serverId, authType: 'platform_oauth', supportTicketType: 'dashboard' })
  assert.equal(await open(page, byPath(server)), 200)
  const [kind, words] = await checked(page)
  assert.deepEqual([kind, /^It answers, in \d+ ms, and asks for a sign-in\.$/.test(words)], ['good', true], words)
  await heading(page, 'connect-sign-in', kept)

  await client.mcpServers.update({ serverId, isPaused: true })
  assert.equal(await open(page, byPath(server)), 200)
  assert.match((await checked(page)).join(' '), /^bad It answers, in \d+ ms, but says: the owner of this server has paused it/)
  assert.match(await page.locator('main').innerText(), /This server is paused/)
  await heading(page, 'connect-paused', kept)
  await client.mcpServers.update({ serverId, isPaused: false })
  await client.mcpServers.updateConfiguration({ serverId, authType: 'none', supportTicketType: 'dashboard' })
})
