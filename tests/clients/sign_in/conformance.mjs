// The official conformance suite's scenarios for authorization servers. It waits for a person, who is played here.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freePort } from '../lib/free_port.mjs'
import { node22 } from '../lib/node22.mjs'
import { discover, register } from '../lib/oauth.mjs'
import { Person } from '../lib/person.mjs'
import { withOrganization } from '../lib/rpc.mjs'
import { publish } from './servers.mjs'

const here = name => fileURLToPath(new URL(`../${name}`, import.meta.url))
const RUNNER = here('node_modules/@modelcontextprotocol/conformance/dist/index.js')
const CHECKS = ['authorization-code-grant', 'authorization-server-metadata', 'authorization-server-metadata-cimd']

let server
before(async () => {
  server = await publish(await withOrganization('Olga'), 'Conformance')
})

/** Runs the suite to its end; `visit` is what the person does at the address that it prints. */
async function run(options, visit) {
  const output = mkdtempSync(join(tmpdir(), 'guildhall-conformance-'))
  const asked = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
  // The second scenario needs the first one's result, so both are run, whatever is wanted.
  const child = spawn(node22(), [RUNNER, 'authorization', ...asked, '-o', output], {
    env: { ...process.env, NODE_OPTIONS: `--import=file://${here('lib/localhost.mjs')}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const clock = setTimeout(() => child.kill(), 60_000)
  let [said, visited] = ['', undefined]
  const read = text => {
    said += text
    const [, address] = /^(http\S+\/oauth\/authorize\?\S+)\n/m.exec(said) ?? []
    if (address) visited ??= visit(address).catch(error => (child.kill(), error))
  }
  child.stdout.setEncoding('utf8').on('data', read)
  child.stderr.setEncoding('utf8').on('data', read)
  await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  clearTimeout(clock)
  const broken = await visited
  if (broken) throw broken
  const folders = readdirSync(output)
  const checks = folders.flatMap(name => JSON.parse(readFileSync(join(output, name, 'checks.json'), 'utf8')))
  rmSync(output, { recursive: true })
  assert.ok(checks.length > 0, said)
  return checks
}

for (const face of ['path', 'host']) {
  test(`the conformance suite finds nothing wrong with the authorization server by ${face}`, async () => {
    const { server: metadata, resource } = await discover(server.endpoint[face])
    const port = String(await freePort())
    const clientId = await register(metadata, { redirect_uris: [`http://127.0.0.1:${port}/callback`] })
    const options = { url: metadata.issuer, 'client-id': clientId, resource: resource.resource, port }

    const checks = await run(options, async address => {
      const back = await new Person('conformance').signIn(address)
      assert.equal((await fetch(back)).status, 200)
    })

    const failed = checks.filter(check => check.status !== 'SUCCESS')
    assert.deepEqual(failed, [])
    assert.deepEqual(checks.map(check => check.id).sort(), CHECKS)
    console.log(`conformance, authorization server by ${face}: ${checks.length} of ${CHECKS.length} checks passed`)
  })
}
