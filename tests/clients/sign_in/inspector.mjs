// MCP Inspector's command line, which opens a browser and waits; the browser is ours.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freePort } from '../lib/free_port.mjs'
import { node22 } from '../lib/node22.mjs'
import { Person } from '../lib/person.mjs'
import { withOrganization } from '../lib/rpc.mjs'
import { publish, readers } from './servers.mjs'

const here = name => fileURLToPath(new URL(`../${name}`, import.meta.url))
const INSPECTOR = here('node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js')

let olga, server
before(async () => {
  olga = await withOrganization('Olga')
  server = await publish(olga, 'Inspected')
})

/** Runs it once; `visit` is what the person does at the address that it would open. */
async function inspect(home, args, visit) {
  const child = spawn(node22(), [INSPECTOR, '--cli', ...args, '--transport', 'http', '--format', 'json'], {
    env: {
      ...process.env,
      HOME: home,
      MCP_STORAGE_DIR: join(home, 'storage'),
      MCP_INSPECTOR_SECRET_STORE: 'file',
      // Without a terminal it signs in only if it may open a browser.
      MCP_AUTO_OPEN_ENABLED: 'true',
      BROWSER: '/bin/true',
      NODE_OPTIONS: `--import=file://${here('lib/localhost.mjs')}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const clock = setTimeout(() => child.kill(), 60_000)
  let [stdout, stderr, visited] = ['', '', undefined]
  child.stdout.setEncoding('utf8').on('data', text => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text
    const [, address] = /navigate to: (http\S+)\s/.exec(stderr) ?? []
    if (address) visited ??= visit(address).catch(error => (child.kill(), error))
  })
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  clearTimeout(clock)
  const broken = await visited
  if (broken) throw broken
  assert.equal(code, 0, `the Inspector ended with ${code}:\n${stdout}\n${stderr}`)
  return { said: JSON.parse(stdout), visited: visited !== undefined }
}

for (const [face, era] of [
  ['path', 'legacy'],
  ['host', 'modern'],
]) {
  test(`the Inspector signs in by ${face} in its ${era} era, and goes on without the person`, async () => {
    const home = mkdtempSync(join(tmpdir(), 'guildhall-inspector-'))
    const callback = `http://127.0.0.1:${await freePort()}/oauth/callback`
    const url = server.endpoint[face]
    const args = [url, '--protocol-era', era, '--callback-url', callback]
    const call = ['--method', 'tools/call', '--tool-name', 'get_support', '--tool-arg', 'title=It broke']
    const person = new Person(`inspector-${face}`)
    try {
      const first = await inspect(home, [...args, '--method', 'tools/list'], async address => {
        const back = await person.signIn(address)
        assert.ok(back.href.startsWith(callback), back.href)
        assert.equal((await fetch(back)).status, 200)
      })
      const goOn = [...args, ...call, 'problemDescription=Nothing happens', '--stored-auth-only']
      const next = await inspect(home, goOn, async () => assert.fail('it asked again'))

      assert.deepEqual([first.visited, next.visited], [true, false])
      assert.ok(JSON.stringify(first.said).includes('"name":"get_support"'), JSON.stringify(first.said))
      assert.ok(JSON.stringify(next.said).includes('"status":"pending"'), JSON.stringify(next.said))
      const emails = (await readers(olga, server)).map(one => one.email)
      assert.equal(emails.filter(email => email === person.email).length, 1, emails)
      console.log(`inspector by ${face}, ${era}: signed in`)
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  })
}
