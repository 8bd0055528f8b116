// Chromium, mostly with JavaScript switched off, and what holds for every page that it is shown.
import assert from 'node:assert/strict'
import { accessSync, constants, mkdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { after } from 'node:test'
import { chromium } from 'playwright-core'

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const DEVICES = [
  { name: 'desktop', size: { width: 1280, height: 800 }, colorScheme: 'light' },
  { name: 'phone', size: { width: 390, height: 844 }, colorScheme: 'dark' },
]

function executable() {
  const onPath = (process.env.PATH ?? '').split(delimiter).map(folder => join(folder, 'chromium'))
  for (const path of [process.env.CHROMIUM, '/usr/bin/chromium', ...onPath].filter(Boolean)) {
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // the next one
    }
  }
  throw new Error("these tests need Chromium: install Debian's package chromium, or set CHROMIUM to its path")
}

const browser = chromium.launch({ executablePath: executable(), headless: true, args: QUIET })
after(async () => (await browser).close())

/** Somebody with a browser of their own: no cookies yet. Every request that it makes is remembered, and looked at. */
export async function reader(test, { javaScriptEnabled = false, permissions = [] } = {}) {
  const context = await (await browser).newContext({ javaScriptEnabled, permissions })
  const requests = []
  context.on('request', request => requests.push(request))
  const page = await context.newPage()
  test.after(async () => {
    for (const request of requests) {
      const { referer = '' } = await request.allHeaders()
      assert.ok(!referer.includes('token'), `${request.url()} was told ${referer}`)
    }
    await context.close()
  })
  return page
}

/** Opens a page; the answer's status. */
export async function open(page, url) {
  return (await page.goto(url)).status()
}

/** Presses a button; the answer's status. */
export async function press(page, name) {
  const [answer] = await Promise.all([
    page.waitForResponse(response => response.request().isNavigationRequest()),
    page.getByRole('button', { name, exact: true }).click(),
  ])
  await page.waitForLoadState()
  return answer.status()
}

/**
 * The page's one heading. The page is looked at closely, and has its picture taken where PICTURES is a folder.
 * `site`: whose page it is; `scripts`: how many it carries, all of them its own; `pictures`: how many somebody put into a
 * text that it shows, none of which is loaded.
 */
export async function heading(page, name, { site = 'Guildhall', scripts = 0, pictures = 0 } = {}) {
  for (const { name: device, size, colorScheme } of DEVICES) {
    await page.setViewportSize(size)
    await page.emulateMedia({ colorScheme })
    assert.deepEqual(await page.evaluate(faults, { site, scripts, pictures }), [], `${name}, ${device}, ${colorScheme}`)
  }
  await takePictures(page, name)
  return (await page.getByRole('heading', { level: 1 }).innerText()).replace(/\s+/g, ' ')
}

async function takePictures(page, name) {
  if (!process.env.PICTURES) return
  mkdirSync(process.env.PICTURES, { recursive: true })
  for (const { name: device, size } of DEVICES) {
    for (const colorScheme of ['light', 'dark']) {
      await page.setViewportSize(size)
      await page.emulateMedia({ colorScheme })
      await page.screenshot({
        path: join(process.env.PICTURES, `${name}-${device}-${colorScheme}.png`),
        fullPage: true,
      })
    }
  }
}

/** What is wrong with a page; runs in it. */
function faults({ site, scripts, pictures }) {
  const found = []
  const holds = (fine, what) => fine || found.push(what)
  const all = selector => [...document.querySelectorAll(selector)]
  holds(document.documentElement.lang === 'en', 'no language')
  holds(all('h1').length === 1 && all('h1')[0].innerText.trim(), 'not one heading of the first level')
  holds(document.title.endsWith(` · ${site}`), 'no title')
  const levels = all('h1,h2,h3').map(one => Number(one.tagName[1]))
  holds(all('main').length === 1, 'not one main part')
  const isSummary = all('[role=alert]').length > 0
  holds(isSummary || levels.every((level, index) => level <= (levels[index - 1] ?? 0) + 1), `headings ${levels}`)
  const ids = all('[id]').map(one => one.id)
  holds(new Set(ids).size === ids.length, `ids twice: ${ids}`)
  for (const input of all('input:not([type=hidden])')) {
    holds(input.labels.length === 1 && input.labels[0].innerText.trim(), `${input.id} has no label`)
    holds(input.autocomplete, `${input.id} does not say what may be filled in`)
    const described = (input.getAttribute('aria-describedby') ?? '').split(' ').filter(Boolean)
    holds(
      described.every(id => document.getElementById(id)?.innerText.trim()),
      `${input.id} is described by nothing`,
    )
    holds(!(input.type === 'password' && input.value), `${input.id} repeats a password`)
  }
  for (const link of all('[role=alert] a')) {
    const target = document.querySelector(link.getAttribute('href'))
    holds(target?.getAttribute('aria-invalid') === 'true', `${link.innerText} leads to no field`)
  }
  for (const one of all('input:not([type=hidden]),button,summary,a.button').filter(one => one.checkVisibility())) {
    holds(one.getBoundingClientRect().height >= 44, `${one.outerHTML} is too small for a thumb`)
  }
  holds(all('script').length === scripts && all('script[src]').length === 0, 'a script that is not its own')
  holds(all('link,iframe,object,embed,base,svg').length === 0, 'something runs or comes from elsewhere')
  const shown = all('img')
  holds(shown.length === pictures && shown.every(one => one.naturalWidth === 0), 'a picture comes from elsewhere')
  const attributes = all('*').flatMap(one => one.getAttributeNames())
  holds(!attributes.some(name => name.startsWith('on')), 'an attribute runs')
  holds(
    all('form').every(form => new URL(form.action).origin === location.origin),
    'a form goes elsewhere',
  )
  holds(
    all('a').every(link => !link.href.includes('token')),
    'a link carries the token',
  )
  holds(document.documentElement.scrollWidth <= innerWidth, 'wider than the screen')

  // WCAG 2.2, 1.4.3: text stands out from what is behind it.
  const channels = color => color.match(/[\d.]+/g).map(Number)
  const light = color => {
    const [red, green, blue] = channels(color).map(one => {
      const part = one / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const behind = one => {
    const color = getComputedStyle(one).backgroundColor
    return channels(color)[3] === 0 && one.parentElement ? behind(one.parentElement) : color
  }
  const texts = all('body *').filter(one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
  for (const one of [...texts, ...all('input:not([type=hidden])')].filter(one => one.checkVisibility())) {
    const [dark, bright] = [light(getComputedStyle(one).color), light(behind(one))].sort((a, b) => a - b)
    const contrast = (bright + 0.05) / (dark + 0.05)
    holds(contrast >= 4.5, `${contrast.toFixed(1)}: ${one.tagName} ${one.innerText}`)
  }
  return found
}
