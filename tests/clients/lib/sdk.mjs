// The four official SDKs as clients that sign in, driven in the same five steps:
//   begin()        asks without a token; where the person has to go
//   finish(back)   goes on with where the browser was sent; what the client can do then
//   refresh()      calls once more when the access token is worth nothing any more
//   again()        calls when nothing is worth anything; where the person has to go
//   close()
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { alternatePorts } from './alternate.mjs'
import { nodes } from './rpc.mjs'
import { Wallet } from './wallet.mjs'

export const CALL = { tool: 'get_support', arguments: { title: 'It broke', problemDescription: 'Nothing happens' } }

async function typescript(sdk) {
  if (sdk === 'new') return import('@modelcontextprotocol/client')
  const parts = ['client/index.js', 'client/streamableHttp.js', 'client/auth.js']
  const modules = await Promise.all(parts.map(part => import(`@modelcontextprotocol/sdk/${part}`)))
  return Object.assign({}, ...modules)
}

class TypeScript {
  #client
  #fetch = alternatePorts(nodes())

  constructor(sdk, library, url, name, wallet) {
    Object.assign(this, { sdk, library, url: new URL(url), name, wallet })
  }

  static async make(sdk, url, name, wallet = new Wallet()) {
    return new TypeScript(sdk, await typescript(sdk), url, name, wallet)
  }

  #new() {
    const options = this.sdk === 'new' ? { versionNegotiation: { mode: 'auto' } } : {}
    const client = new this.library.Client({ name: this.name, version: '1' }, options)
    const how = { authProvider: this.wallet, fetch: this.#fetch }
    return { client, transport: new this.library.StreamableHTTPClientTransport(this.url, how) }
  }

  async #call() {
    const said = await this.#client.callTool({ name: CALL.tool, arguments: CALL.arguments })
    return { isError: said.isError === true, answer: said.structuredContent }
  }

  #tokens() {
    const { access_token, refresh_token } = this.wallet.tokens()
    return { access: access_token, refresh: refresh_token, client: this.wallet.clientInformation().client_id }
  }

  async begin() {
    const { client, transport } = this.#new()
    await assert.rejects(client.connect(transport), this.library.UnauthorizedError)
    this.first = transport
    return this.wallet.authorizationUrl
  }

  /** The SDKs leave it to the application to compare the state. */
  async finish(back) {
    assert.equal(back.searchParams.get('state'), this.wallet.state())
    await this.first.finishAuth(this.sdk === 'new' ? back.searchParams : back.searchParams.get('code'))
    const { client, transport } = this.#new()
    await client.connect(transport)
    this.#client = client
    const tools = (await client.listTools()).tools.map(tool => tool.name)
    return { tools, call: await this.#call(), tokens: this.#tokens() }
  }

  async refresh() {
    this.wallet.wait()
    return { call: await this.#call(), tokens: this.#tokens(), sent: this.#fetch.sent }
  }

  async again() {
    this.wallet.authorizationUrl = undefined
    await assert.rejects(this.#call(), this.library.UnauthorizedError)
    return this.wallet.authorizationUrl
  }

  close() {
    return this.#client?.close()
  }
}

/** A process that says a line and waits for one. */
class Python {
  #lines
  #stderr = ''

  constructor(variable, url, name) {
    const interpreter = process.env[variable]
    if (!interpreter) throw new Error(`set ${variable} to the interpreter of a venv made from the requirements file`)
    const script = fileURLToPath(new URL('../sign_in_drive.py', import.meta.url))
    const ports = nodes().flatMap(node => ['--port', new URL(node).port])
    const asked = ['--url', url, '--name', name, '--call', JSON.stringify(CALL), ...ports]
    this.child = spawn(interpreter, [script, ...asked], { stdio: 'pipe' })
    this.child.stderr.setEncoding('utf8').on('data', text => (this.#stderr += text))
    this.child.stdin.on('error', () => {}) // it is gone: told by the line that is missing then
    this.#lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]()
  }

  async #say(line) {
    if (line !== undefined) this.child.stdin.write(`${line}\n`)
    const clock = setTimeout(() => this.child.kill(), 60_000)
    const { value, done } = await this.#lines.next()
    clearTimeout(clock)
    assert.ok(!done, `the Python client ended:\n${this.#stderr.slice(-4000)}`)
    return JSON.parse(value)
  }

  async begin() {
    return new URL((await this.#say()).authorize)
  }

  finish(back) {
    return this.#say(back.href)
  }

  refresh() {
    return this.#say('refresh')
  }

  async again() {
    return new URL((await this.#say('again')).authorize)
  }

  close() {
    this.child.kill()
  }
}

/** Every generation; `make(url, name)` is a client that knows of no sign-in yet. */
export const SDKS = [
  { name: 'typescript-new', make: (...how) => TypeScript.make('new', ...how) },
  { name: 'typescript-old', make: (...how) => TypeScript.make('old', ...how) },
  { name: 'python-2026', make: (...how) => new Python('PYTHON_2026', ...how) },
  { name: 'python-2025', make: (...how) => new Python('PYTHON_2025', ...how) },
]

/** The new TypeScript SDK with a wallet that a test looks into. */
export const typescriptWith = (url, wallet) => TypeScript.make('new', url, 'guildhall-sign-in', wallet)
