// Who the stories of the pages are about.
import assert from 'node:assert/strict'
import { heading, open, press } from '../lib/browser.mjs'
import { linksTo, linkTo } from '../lib/letters.mjs'
import { PASSWORD, signUp, unique } from '../lib/rpc.mjs'

export const newAddress = name => `${name.toLowerCase()}-${unique()}@example.test`

/** Follows the link in the letter that sign-up sends, and presses its button. */
export async function verify(page, email) {
  assert.equal(await open(page, await linkTo('/verify-email', email)), 200)
  assert.equal(await press(page, 'Verify my address'), 200)
  assert.equal(await heading(page, 'verified'), 'Your address is verified')
}

/** An account whose address is verified. */
export async function known(page, name) {
  const person = await signUp(name)
  await verify(page, person.email)
  return person
}

/** Has `email` invited by the owner; the link of the letter. */
export async function invited(owner, email, role = 'member') {
  const known = await linksTo('/invitation', email)
  await owner.client.organization.inviteMember({ email, role })
  return linkTo('/invitation', email, known)
}

/** Signs in on an invitation's page. */
export async function signIn(page, email, password = PASSWORD) {
  const form = page.locator('form').filter({ has: page.getByRole('button', { name: 'Sign in and accept' }) })
  await form.getByLabel('Email address').fill(email)
  await form.getByLabel('Password').fill(password)
  return press(page, 'Sign in and accept')
}

/** Makes an account on an invitation's page. */
export async function makeAccount(page, name, email, password = PASSWORD) {
  const form = page.locator('form').filter({ has: page.getByRole('button', { name: 'Create an account and accept' }) })
  await form.getByLabel('Name').fill(name)
  await form.getByLabel('Email address').fill(email)
  await form.getByLabel('Password').fill(password)
  return press(page, 'Create an account and accept')
}

/** The role of an address among the members; none where it is no member. */
export async function roleOf(owner, email) {
  const { members } = await owner.client.organization.listMembers({ pageSize: 100 })
  return members.find(member => member.email === email)?.role
}
