// A new password where the old one is forgotten.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { heading, open, press, reader } from '../lib/browser.mjs'
import { linkTo } from '../lib/letters.mjs'
import { refusedWith } from '../lib/refusals.mjs'
import { nodes, rpc, signUp } from '../lib/rpc.mjs'
import { newAddress } from './people.mjs'

const [base] = nodes()
const BETTER = 'a stapler never rides a horse'

async function ask(page, email) {
  await open(page, `${base}/reset-password`)
  await page.getByLabel('Email address').fill(email)
  return press(page, 'Send me a link')
}

test('a forgotten password is replaced with the link of a letter, and everybody is signed out', async t => {
  const page = await reader(t)
  const { email, client } = await signUp('Fritz')
  await open(page, `${base}/reset-password`)
  await heading(page, 'reset-ask')

  assert.equal(await ask(page, email), 200)
  assert.equal(await heading(page, 'reset-asked'), 'Look into your mail')
  const link = await linkTo('/reset-password', email)
  assert.equal(await open(page, link), 200)
  assert.equal(await heading(page, 'reset-choose'), 'Choose a new password')

  await page.getByLabel('New password').fill('password1234')
  assert.equal(await press(page, 'Change my password'), 400)
  const field = page.getByLabel('New password')
  assert.equal(await field.getAttribute('aria-describedby'), 'choose-newPassword-hint choose-newPassword-problem')
  assert.equal(
    await page.locator('#choose-newPassword-problem').innerText(),
    'This is among the first that anybody would try.',
  )
  await heading(page, 'reset-weak')
  await field.fill('short')
  assert.equal(await press(page, 'Change my password'), 400)
  assert.match(await page.getByRole('alert').innerText(), /A password has 12 to 128 characters\./)

  await field.fill(BETTER)
  assert.equal(await press(page, 'Change my password'), 200)
  assert.equal(await heading(page, 'reset-done'), 'Your password is changed')
  await refusedWith(client.auth.getSession(), 'UNAUTHORIZED', 401, { reason: 'unauthenticated' })
  const { user } = await rpc().auth.signIn({ email, password: BETTER })
  assert.equal(user.emailVerified, true)

  await open(page, link)
  await page.getByLabel('New password').fill(BETTER)
  assert.equal(await press(page, 'Change my password'), 404)
  assert.equal(await heading(page, 'reset-gone'), 'This link does not work any more')
  await page.getByRole('link', { name: 'Ask for a new link' }).click()
  assert.equal(await heading(page, 'reset-ask'), 'Forgotten your password?')
})

test('the answer is the same whether there is such an account', async t => {
  const page = await reader(t)
  const { email } = await signUp('Gerda')

  assert.equal(await ask(page, email), 200)
  const there = await page.content()
  assert.equal(await ask(page, newAddress('Nobody')), 200)

  assert.equal(await page.content(), there)
})

test('what is no address is said at the field', async t => {
  const page = await reader(t)
  await open(page, `${base}/reset-password`)
  await page.getByLabel('Email address').evaluate(input => (input.type = 'text'))

  await page.getByLabel('Email address').fill('nobody at all')
  assert.equal(await press(page, 'Send me a link'), 400)

  assert.match(await page.locator('#ask-email-problem').innerText(), /^This is not an email address/)
  assert.equal(await page.getByLabel('Email address').inputValue(), 'nobody at all')
  await heading(page, 'reset-ask-wrong')
})

test('who asks too often is told when to try again', async t => {
  const page = await reader(t)
  const email = newAddress('Often')
  let status = 200
  for (let times = 0; times < 20 && status === 200; times += 1) status = await ask(page, email)

  assert.equal(status, 429)
  assert.match(await page.getByRole('alert').innerText(), /That was tried too often\. Try again in \d+ minutes\./)
  await heading(page, 'reset-too-often')
})
