// What the invitation's page says where something does not fit.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { heading, open, press, reader } from '../lib/browser.mjs'
import { linkTo } from '../lib/letters.mjs'
import { nodes, signUp, withOrganization } from '../lib/rpc.mjs'
import { invited, known, makeAccount, newAddress, roleOf, signIn } from './people.mjs'

const [base] = nodes()
let olga
before(async () => {
  olga = await withOrganization('Olga')
})

test('a wrong password is said above the form, which keeps the address and not the password', async t => {
  const page = await reader(t)
  const { email } = await signUp('Paul')
  await open(page, await invited(olga, email))

  assert.equal(await signIn(page, email, 'not this one at all'), 401)

  const alert = page.getByRole('alert')
  assert.match(await alert.innerText(), /Email or password is wrong\./)
  assert.equal(await alert.evaluate(one => one === document.activeElement), true)
  await heading(page, 'invitation-wrong-password')
  assert.match(await page.title(), /^Error: /)
  assert.equal(await page.locator('#sign-in-email').inputValue(), email)
  assert.equal(await page.locator('#sign-in-password').inputValue(), '')
  assert.equal(await page.locator('#sign-up-email').inputValue(), '')
})

test('what does not fit is said at its field, everything at once', async t => {
  const page = await reader(t)
  const { email } = await signUp('Taken')
  await open(page, await invited(olga, email))

  // Without what the browser itself would refuse.
  for (const selector of ['#sign-up-name', '#sign-up-email', '#sign-up-password']) {
    await page.locator(selector).evaluate(input => input.removeAttribute('required'))
  }
  await page.locator('#sign-up-email').evaluate(input => (input.type = 'text'))
  assert.equal(await makeAccount(page, ' ', 'nobody', 'short'), 400)
  const saidAt = async id => page.locator(`#${id}-problem`).innerText()
  assert.equal(await saidAt('sign-up-name'), 'A name has 1 to 100 characters.')
  assert.match(await saidAt('sign-up-email'), /^This is not an email address/)
  assert.equal(await saidAt('sign-up-password'), 'A password has 12 to 128 characters.')
  assert.equal(await page.getByRole('alert').getByRole('link').count(), 3)
  await heading(page, 'invitation-wrong-fields')

  assert.equal(await makeAccount(page, 'Taken', email, 'password1234'), 400)
  assert.equal(await saidAt('sign-up-password'), 'This is among the first that anybody would try.')
  assert.equal(await makeAccount(page, 'Taken', email), 409)
  assert.match(await saidAt('sign-up-email'), /There is an account with this address already/)
  assert.equal(await page.locator('#sign-up-name').inputValue(), 'Taken')
})

test('a link that was never given, was taken back or was sent anew opens nothing', async t => {
  const page = await reader(t)
  const email = newAddress('Rosa')
  for (const target of ['?token=nonsense', `?token=${'x'.repeat(300)}`, '?token=', '?token=a&token=b', '']) {
    assert.equal(await open(page, `${base}/invitation${target}`), 404, target)
    assert.equal(await heading(page, 'invitation-unknown'), 'This link does not work any more')
  }

  const first = await invited(olga, email)
  const { items } = await olga.client.organization.listInvitations({})
  const { id } = items.find(one => one.email === email)
  await olga.client.organization.resendInvitation({ invitationId: id })
  const second = await linkTo('/invitation', email, [first])
  assert.equal(await open(page, first), 404)
  assert.equal(await open(page, second), 200)
  await olga.client.organization.revokeInvitation({ invitationId: id })

  // Taken back while its page was open.
  assert.equal(await makeAccount(page, 'Rosa', email), 410)
  assert.equal(await heading(page, 'invitation-revoked'), 'This invitation does not stand any more')
  assert.match(await page.locator('main').innerText(), /It has been taken back/)
})

test('a session that has ended meanwhile is asked for again', async t => {
  const page = await reader(t)
  const person = await known(page, 'Sven')
  await open(page, await invited(await withOrganization('Before'), person.email))
  await signIn(page, person.email)
  const link = await invited(olga, person.email)
  await open(page, link)
  await person.client.auth.changePassword({
    currentPassword: 'correct horse battery staple',
    newPassword: 'quite another staple of horses',
  })

  assert.equal(await press(page, 'Accept'), 401)
  assert.match(await page.getByRole('alert').innerText(), /Sign in first\./)
  await heading(page, 'invitation-signed-out')
  assert.equal(await signIn(page, person.email, 'quite another staple of horses'), 200)
  assert.equal(await roleOf(olga, person.email), 'member')
})
