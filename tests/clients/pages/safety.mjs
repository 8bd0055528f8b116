// What the pages keep from others: tokens, cookies, and forms of other sites.
import assert from 'node:assert/strict'
import http from 'node:http'
import { once } from 'node:events'
import { before, test } from 'node:test'
import { heading, open, press, reader } from '../lib/browser.mjs'
import { linkTo } from '../lib/letters.mjs'
import { send } from '../lib/raw.mjs'
import { domain, nodes, PASSWORD, signUp, withOrganization } from '../lib/rpc.mjs'
import { invited, known, newAddress, roleOf } from './people.mjs'

const [base] = nodes()
const FORM = 'application/x-www-form-urlencoded'
const PATHS = ['/invitation', '/reset-password', '/verify-email']

/** A form as a page of ours sends it, but for what is given. */
function post(path, fields, headers = {}) {
  const body = typeof fields === 'string' ? fields : new URLSearchParams(fields).toString()
  return send(base + path, { headers: { 'content-type': FORM, origin: base, ...headers }, body })
}

let olga, sent
before(async () => {
  olga = await withOrganization('Olga')
  const { email } = await signUp('Target')
  const token = new URL(await invited(olga, email)).searchParams.get('token')
  sent = { answer: 'sign-in', token, email, password: PASSWORD }
})

test('a form of another site is refused, and signs nobody in', async () => {
  const foreign = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
  ]
  for (const headers of foreign) {
    const answer = await post('/invitation', sent, headers)
    assert.equal(answer.status, 403, JSON.stringify(headers))
    assert.match(answer.headers['content-type'], /^text\/html/)
    assert.equal(answer.headers['set-cookie'], undefined)
  }
  for (const headers of [{}, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }]) {
    const body = new URLSearchParams(sent).toString()
    const answer = await send(`${base}/invitation`, { headers: { 'content-type': FORM, ...headers }, body })
    assert.deepEqual([answer.status, answer.headers['set-cookie']], [403, undefined], JSON.stringify(headers))
  }
  const ours = await post('/invitation', sent)
  // Signed in, and told to verify the address before joining.
  assert.deepEqual([ours.status, ours.headers['set-cookie'].length], [403, 1])
  assert.match(ours.text, /First verify your address/)
})

test('a real browser on another site cannot send our forms either', async t => {
  const page = await reader(t)
  const action = new URL(await invited(olga, newAddress('Anna'))).origin
  const inputs = Object.entries(sent).map(([name, value]) => `<input type=hidden name=${name} value="${value}">`)
  const button = '<button>Free cake</button>'
  const trap = `<!doctype html><form method=post action="${action}/invitation">${inputs.join('')}${button}</form>`
  const site = http
    .createServer((_, answer) => answer.setHeader('content-type', 'text/html').end(trap))
    .listen(0, '127.0.0.1')
  t.after(() => site.close())
  await once(site, 'listening')

  await open(page, `http://127.0.0.1:${site.address().port}/`)
  assert.equal(await press(page, 'Free cake'), 403)

  assert.equal(await heading(page, 'other-site'), 'That did not work')
  assert.deepEqual(await page.context().cookies(), [])
})

test('the browser says whose form it was, and keeps the token to itself', async t => {
  const page = await reader(t)
  const { email } = await signUp('Otto')
  const link = await linkTo('/verify-email', email)
  const { origin } = new URL(link)
  await open(page, link)

  const [request] = await Promise.all([
    page.waitForRequest(one => one.method() === 'POST'),
    press(page, 'Verify my address'),
  ])

  const headers = await request.allHeaders()
  assert.deepEqual([headers.origin, headers.referer], [origin, `${origin}/`])
  assert.ok(!page.url().includes('token'))
})

test('a link that is only looked at changes nothing', async t => {
  const page = await reader(t)
  const person = await signUp('Luis')
  const link = await linkTo('/verify-email', person.email)

  for (const method of ['GET', 'HEAD', 'GET']) assert.equal((await send(link, { method })).status, 200)
  assert.equal((await person.client.account.getProfile()).emailVerified, false)

  await open(page, link)
  assert.equal(await heading(page, 'verify'), 'Is this your account?')
  assert.match(await page.locator('main').innerText(), /Go on only if that was you/)
  assert.equal(await press(page, 'Verify my address'), 200)
  assert.equal((await person.client.account.getProfile()).emailVerified, true)
  await open(page, link)
  assert.equal(await press(page, 'Verify my address'), 404)
  assert.equal(await heading(page, 'verify-gone'), 'This link does not work any more')
  assert.equal(await open(page, `${base}/verify-email`), 404)
})

test('every page tells browsers to keep nothing and load nothing', async () => {
  for (const path of PATHS) {
    for (const answer of [await send(`${base}${path}?token=x`, { method: 'GET' }), await post(path, 'a=b')]) {
      const { headers } = answer
      assert.match(headers['content-type'], /^text\/html; charset=utf-8$/)
      assert.equal(headers['referrer-policy'], 'strict-origin')
      assert.equal(headers['cache-control'], 'no-store')
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(
        headers['content-security-policy'],
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      )
    }
  }
})

test('what is no form of ours is refused with a page', async () => {
  const { token } = sent
  const bad = [
    ['/invitation', 'answer=accept'],
    ['/invitation', `answer=accept&token=${token}&token=${token}`],
    ['/invitation', `answer=accept&answer=decline&token=${token}`],
    ['/invitation', `answer=accept&token=${token}&role=owner`],
    ['/invitation', `answer=own&token=${token}`],
    ['/invitation', ''],
    ['/reset-password', 'email=a%40b.test'],
    ['/reset-password', 'answer=ask&email=a%40b.test&token=x'],
    ['/verify-email', 'token=x&answer=yes'],
  ]
  for (const [path, body] of bad) {
    const answer = await post(path, body)
    assert.equal(answer.status, 400, body)
    assert.match(answer.text, /<h1>That did not work/)
  }
  for (const kind of ['application/json', 'multipart/form-data; boundary=x', 'text/plain', '']) {
    assert.equal((await post('/verify-email', 'token=x', { 'content-type': kind })).status, 400, kind)
  }
  const large = `token=${'x'.repeat(16 * 1024)}`
  for (const chunked of [false, true]) {
    const answer = await send(`${base}/verify-email`, {
      headers: { 'content-type': FORM, origin: base },
      body: large,
      chunked,
    })
    assert.equal(answer.status, 413)
    assert.match(answer.headers['content-type'], /^text\/html/)
  }
  for (const method of ['PUT', 'DELETE', 'PATCH']) {
    const answer = await send(`${base}/invitation`, { method, headers: { origin: base } })
    assert.deepEqual([answer.status, answer.headers.allow], [405, 'GET, HEAD, POST'])
  }
  assert.equal(await roleOf(olga, sent.email), undefined)
})

test('the pages are on our own host only', async () => {
  const server = await olga.client.mcpServers.create({ name: 'Help', slug: `pages-${Date.now().toString(36)}` })
  const { port } = new URL(base)
  for (const path of PATHS) {
    const answers = await Promise.all([
      send(`http://${server.slug}.${domain}:${port}${path}?token=x`, { method: 'GET' }),
      send(`${base}/s/${server.slug}${path}?token=x`, { method: 'GET' }),
      send(`${base}${path}?token=x`, { method: 'GET', headers: { host: 'evil.example' } }),
    ])
    for (const { status, text } of answers) {
      assert.ok(status >= 400 && !text.includes('<form'), `${status} ${text.slice(0, 200)}`)
    }
  }
})

test('the front page and the manual look like the others', async t => {
  const page = await reader(t)
  assert.equal(await open(page, `${base}/`), 200)
  assert.equal(await heading(page, 'front'), 'Guildhall')
  assert.equal(await open(page, `${base}/docs`), 200)
  assert.equal(await heading(page, 'manual'), 'The manual')
})

test('deleting the account signs the browser out', async t => {
  const page = await reader(t)
  const person = await known(page, 'Zoe')
  const headers = { 'content-type': 'application/json', origin: base, authorization: `Bearer ${person.token}` }
  const body = JSON.stringify({ password: PASSWORD })

  const answer = await send(`${base}/api/account/delete`, { headers, body })

  assert.equal(answer.status, 200, answer.text)
  assert.match(String(answer.headers['set-cookie']), /gh_session=; .*Max-Age=0/)
})
