// The page on which an author looks at a step.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { heading, open, press, reader } from '../lib/browser.mjs'
import { nodes, PASSWORD, signUp, withOrganization } from '../lib/rpc.mjs'

const CONTENT = `# Mix the dough

Weigh everything, **then** mix. A scale is [better than a cup](https://example.org/scales).

| Flour | Water | Salt |
|-------|-------|------|
| 500 g | 350 g | 10 g |

1. Flour first
2. Water slowly
   - not too warm

> Dough is patient.

\`\`\`sh
oven --preheat 240 --steam --with-a-flag-that-is-much-longer-than-any-phone-is-wide
\`\`\`

## Notes
Not <script>alert(1)</script> but ![a picture](https://example.org/dough.png)
`

let olga, walkthroughId, steps
before(async () => {
  olga = await withOrganization('Olga')
  const { client } = olga
  const description = 'From flour to the first loaf in an afternoon'
  walkthroughId = (await client.walkthrough.create({ title: 'First loaf', description, type: 'course' })).id
  steps = []
  for (const title of ['Get ready', 'Mix <the> dough', 'Bake']) {
    const contentFields = {
      version: 'v1',
      introductionForAgent: 'Greet the user and say that this takes twenty minutes.',
      contextForAgent: 'The user has a kitchen scale. `350 g` of water are 70 % of the flour.',
      operationsForAgent: '1. Ask what flour there is\n2. Work out the water',
      contentForUser: CONTENT,
    }
    steps.push(await client.walkthrough.createStep({ walkthroughId, title, contentFields }))
  }
})

const address = place => `${nodes()[0]}/walkthroughs/${walkthroughId}/steps/${steps[place].id}`

async function signIn(page, { email }) {
  await page.getByLabel('Email address').fill(email)
  await page.getByLabel('Password').fill(PASSWORD)
  return press(page, 'Sign in')
}

test('an author signs in on the page, sees the step and goes on to its neighbours', async t => {
  const page = await reader(t)
  assert.equal(await open(page, address(1)), 401)
  assert.equal(await heading(page, 'step-sign-in'), 'Sign in to see this step')
  await page.getByLabel('Email address').fill(olga.email)
  await page.getByLabel('Password').fill('not this one at all')
  assert.equal(await press(page, 'Sign in'), 401)
  assert.equal(await heading(page, 'step-sign-in-wrong'), 'Sign in to see this step')
  assert.equal(await signIn(page, olga), 303)
  await page.waitForURL(address(1))

  assert.equal(await heading(page, 'step', { pictures: 1 }), 'Step 2 of 3: Mix <the> dough')
  const told = await page.locator('main').innerText()
  for (const words of ['First loaf', 'Course', 'What this step is for', 'Background', 'Operations to perform']) {
    assert.ok(told.includes(words), `${words} is missing in ${told}`)
  }
  assert.ok(told.includes('<script>alert(1)</script>'), 'what was written is shown as it was written')
  assert.equal(await page.locator('td', { hasText: '350 g' }).count(), 1)

  await page.getByRole('link', { name: 'After: Bake' }).click()
  await page.waitForURL(address(2))
  assert.equal(await heading(page, 'step-last', { pictures: 1 }), 'Step 3 of 3: Bake')
  await page.getByRole('link', { name: 'Before: Mix <the> dough' }).click()
  await page.waitForURL(address(1))
})

test('nothing runs on the page, and nothing is loaded', async t => {
  const page = await reader(t, { javaScriptEnabled: true })
  const loaded = []
  page.on('response', response => loaded.push(response.url()))
  await open(page, address(1))
  await signIn(page, olga)
  await page.waitForURL(address(1))
  assert.ok(
    loaded.every(url => url === address(1) || url === `${nodes()[0]}/favicon.ico`),
    `${loaded}`,
  )
  assert.equal(await page.locator('article').count(), 1)
})

test('somebody else finds nothing', async t => {
  const page = await reader(t)
  await open(page, address(0))
  assert.equal(await signIn(page, await signUp('Eve')), 303)
  assert.equal(await heading(page, 'step-nothing'), 'There is no such step')
  assert.equal(await open(page, address(0)), 404)
})
