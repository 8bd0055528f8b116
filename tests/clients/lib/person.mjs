// A person with a browser without JavaScript: opens pages, fills forms in, presses buttons, keeps cookies. No address is
// followed by itself, so that a test sees every step.
import './localhost.mjs'
import assert from 'node:assert/strict'
import { alternatePorts } from './alternate.mjs'
import { codesTo, codeTo } from './letters.mjs'
import { nodes, unique } from './rpc.mjs'

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', '#x27': "'", '#39': "'", '#x2f': '/' }
const readable = text => text.replace(/&(#?\w+);/g, (whole, name) => ENTITIES[name.toLowerCase()] ?? whole)

/** The page's form: where it goes, and what it carries along. */
function formOf({ html, url }) {
  const [, head, body] = /<form\b([^>]*)>([^]*?)<\/form>/.exec(html) ?? assert.fail(`no form on ${url}:\n${html}`)
  const value = (tag, name) => readable(new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '')
  const hidden = [...body.matchAll(/<input\b[^>]*type="hidden"[^>]*>/g)].map(([tag]) => [
    value(tag, 'name'),
    value(tag, 'value'),
  ])
  return { action: new URL(value(head, 'action'), url), hidden: Object.fromEntries(hidden) }
}

export class Person {
  #cookies = new Map()
  #fetch = alternatePorts(nodes())

  constructor(name = 'reader') {
    this.email = `${name}-${unique()}@example.test`
  }

  /** Shows a page, or says where the browser is sent: `{ status, url, html, text, location, headers }`. */
  async open(url, init = {}) {
    const { hostname } = new URL(url)
    const own = this.#cookies.get(hostname) ?? new Map()
    this.#cookies.set(hostname, own)
    const cookie = [...own].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { accept: 'text/html', ...init.headers, ...(cookie ? { cookie } : {}) }
    const response = await this.#fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
      if (/max-age=0|expires=Thu, 01 Jan 1970/i.test(line)) own.delete(name)
      else own.set(name, value)
    }
    const html = await response.text()
    const location = response.headers.has('location') ? new URL(response.headers.get('location'), url) : undefined
    const text = readable(html.replace(/<(style|script)\b[^]*?<\/\1>|<[^>]+>/g, ' ')).replace(/\s+/g, ' ')
    return { status: response.status, url: String(url), html, text, location, headers: response.headers }
  }

  /** Presses one of the buttons of a page's form; browsers say which page it was on. */
  press(page, answer, fields = {}, origin = new URL(page.url).origin) {
    const { action, hidden } = formOf(page)
    const body = new URLSearchParams({ ...hidden, ...fields, answer })
    return this.open(action, { method: 'POST', body, headers: origin === null ? {} : { origin } })
  }

  /** Allows a client, with the code from the mailbox; where the browser is sent with the answer. */
  async signIn(authorizationUrl, wrong = []) {
    const asked = await this.open(authorizationUrl)
    assert.equal(asked.status, 200, asked.text)
    const known = (await codesTo(this.email)).length
    let mailed = await this.press(asked, 'allow', { email: this.email })
    assert.equal(mailed.status, 200, mailed.text)
    const code = await codeTo(this.email, known)
    for (const other of wrong) {
      mailed = await this.press(mailed, 'code', { code: other })
      assert.equal(mailed.status, 400, mailed.text)
    }
    const done = await this.press(mailed, 'code', { code })
    assert.equal(done.status, 303, done.text)
    return done.location
  }
}
