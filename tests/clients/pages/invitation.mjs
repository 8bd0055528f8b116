// Joining an organization, from the letter to the membership.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { heading, open, press, reader } from '../lib/browser.mjs'
import { PASSWORD, rpc, unique, withOrganization } from '../lib/rpc.mjs'
import { invited, known, makeAccount, newAddress, roleOf, signIn, verify } from './people.mjs'

let olga
before(async () => {
  olga = await withOrganization('Olga')
})

test('somebody new is invited, makes an account, verifies the address and joins', async t => {
  const page = await reader(t)
  const email = newAddress('Nina')
  const link = await invited(olga, email)

  assert.equal(await open(page, link), 200)
  assert.equal(await heading(page, 'invitation'), "Join Olga's")
  const told = await page.locator('main').innerText()
  for (const word of ['Olga invites you', 'member: does the daily work', `n…@example.test`, ' UTC']) {
    assert.ok(told.includes(word), `${word} is missing in ${told}`)
  }
  assert.equal(await makeAccount(page, 'Nina', email), 403)
  assert.equal(await heading(page, 'verify-first'), 'First verify your address')
  assert.equal(await roleOf(olga, email), undefined)

  assert.equal(await press(page, 'It is verified: accept'), 403)
  assert.equal(await heading(page, 'verify-first'), 'First verify your address')

  await verify(page, email)
  assert.equal(await open(page, link), 200)
  assert.match(await page.locator('main').innerText(), /You are signed in as Nina, nina-/)
  await heading(page, 'invitation-signed-in')
  assert.equal(await press(page, 'Accept'), 200)
  assert.equal(await heading(page, 'member'), "You are now a member of Olga's")
  assert.equal(await roleOf(olga, email), 'member')

  assert.equal(await open(page, link), 410)
  assert.equal(await heading(page, 'invitation-answered'), 'This invitation does not stand any more')
})

test('somebody with an account signs in on the page and joins', async t => {
  const page = await reader(t)
  const { email, client } = await known(page, 'Karl')
  const link = await invited(olga, email, 'viewer')

  assert.equal(await open(page, link), 200)
  assert.equal(await signIn(page, email.toUpperCase()), 200)

  assert.equal(await heading(page, 'member'), "You are now a member of Olga's")
  assert.equal(await roleOf(olga, email), 'viewer')
  const belongs = await client.account.listOrganizations()
  assert.ok(belongs.some(one => one.id === olga.organization.id))
  // The browser stays signed in, as it does after signing in by a call.
  const [cookie] = await page.context().cookies()
  assert.deepEqual([cookie.name, cookie.httpOnly, cookie.sameSite], ['gh_session', true, 'Lax'])
})

test('somebody with an account whose address is not verified yet is told to do that first', async t => {
  const page = await reader(t)
  const email = newAddress('Ulla')
  await rpc().auth.signUp({ email, password: PASSWORD, name: 'Ulla' })
  const link = await invited(olga, email)

  await open(page, link)
  assert.equal(await signIn(page, email), 403)
  assert.equal(await heading(page, 'verify-first'), 'First verify your address')
  assert.equal(await open(page, link), 200)
  assert.equal(await press(page, 'Accept'), 403)
  assert.equal(await heading(page, 'verify-first'), 'First verify your address')

  await verify(page, email)
  await open(page, link)
  assert.equal(await press(page, 'Accept'), 200)
  assert.equal(await roleOf(olga, email), 'member')
})

test('who does not want to join says so with one button', async t => {
  const page = await reader(t)
  const { email } = await known(page, 'Dora')
  await open(page, await invited(await withOrganization('Other'), email))
  await signIn(page, email)
  const link = await invited(olga, email)

  assert.equal(await open(page, link), 200)
  assert.equal(await press(page, 'Decline'), 200)

  assert.equal(await heading(page, 'declined'), "You have declined to join Olga's")
  assert.equal(await roleOf(olga, email), undefined)
  assert.equal(await open(page, link), 410)
  assert.match(await page.locator('main').innerText(), /It has been declined/)
})

test('who is signed in with another address is told so, and can sign in with the right one', async t => {
  const page = await reader(t)
  const wrong = await known(page, 'Wanda')
  const right = await known(page, 'Rita')
  const twin = await known(page, 'Ralf')
  const link = await invited(olga, right.email)
  await open(page, await invited(await withOrganization('Another'), wrong.email))
  await signIn(page, wrong.email)

  assert.equal(await open(page, link), 200)
  assert.match(await page.locator('main').innerText(), /This invitation was sent to another address/)
  assert.equal(await page.getByRole('button', { name: 'Accept', exact: true }).count(), 0)
  await heading(page, 'invitation-elsewhere')
  // One whose address looks the same as far as it is shown: only the answer tells.
  assert.equal(await signIn(page, twin.email), 403)
  assert.match(await page.locator('main').innerText(), /You are signed in as Ralf/)
  await heading(page, 'invitation-elsewhere')
  assert.equal(await signIn(page, right.email), 200)

  assert.equal(await heading(page, 'member'), "You are now a member of Olga's")
  const roles = await Promise.all([wrong, twin, right].map(({ email }) => roleOf(olga, email)))
  assert.deepEqual(roles, [undefined, undefined, 'member'])
})

test('who makes an account with another address than the invited one has made one, and is told so', async t => {
  const page = await reader(t)
  const [invitee, other] = [newAddress('Ines'), newAddress('Xaver')]
  await open(page, await invited(olga, invitee))

  assert.equal(await makeAccount(page, 'Xaver', other), 403)

  assert.match(await page.locator('main').innerText(), /You are signed in as Xaver, xaver-/)
  await verify(page, other)
  assert.equal(await roleOf(olga, other), undefined)
})

test('the name of an organization is text, whatever is in it', async t => {
  const page = await reader(t)
  const hostile = `<script>alert(1)</script>"' onload=x <h1>& {{ 7 * 7 }}`
  const mallory = await withOrganization('Mallory')
  await mallory.client.organization.update({ name: hostile })
  await mallory.client.account.updateProfile({ name: `<img src=x onerror="alert(1)">` })
  const { email } = await known(page, 'Vera')

  assert.equal(await open(page, await invited(mallory, email)), 200)
  assert.equal(await heading(page, 'invitation-hostile'), `Join ${hostile}`)
  assert.equal(await page.title(), `Join ${hostile} · Guildhall`)
  assert.match(await page.locator('main').innerText(), /<img src=x onerror="alert\(1\)"> invites you/)
  assert.equal(await signIn(page, email), 200)
  assert.equal(await heading(page, 'member-hostile'), `You are now a member of ${hostile}`)
})

test('a name as long as names may be fits on a phone', async t => {
  const page = await reader(t)
  const long = `${'W'.repeat(92)}${unique()}`
  const owner = await withOrganization('Long')
  await owner.client.organization.update({ name: long })
  assert.equal(await open(page, await invited(owner, newAddress('Lena'))), 200)
  assert.equal(await heading(page, 'invitation-long'), `Join ${long}`)
})
