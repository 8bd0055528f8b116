// The official conformance suite of MCP, run whole against one of our servers, for both eras; see
// conformance-not-applicable.md for what it asks of fixtures that we do not have.
// GUILDHALL_URL=http://127.0.0.1:3000 node conformance.mjs [--url http://127.0.0.1:3000/s/help-me/mcp] [--revision 2026-07-28]
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { nodes, unique, withOrganization } from './lib/rpc.mjs'

const here = name => fileURLToPath(new URL(name, import.meta.url))
const { values: options } = parseArgs({
  options: {
    url: { type: 'string' },
    revision: { type: 'string', multiple: true, default: ['2025-11-25', '2026-07-28'] },
  },
})

/** The runner needs Node 22. */
function node22() {
  if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath
  return here(`node_modules/node-${process.platform}-${process.arch}/bin/node`)
}

/** A server with every tool that a server of ours can have without a sign-in. */
async function publish() {
  const { client } = await withOrganization('Conformance')
  const server = await client.mcpServers.create({ name: 'Conformance', slug: `conform-${unique()}` })
  const { id: walkthroughId } = await client.walkthrough.create({
    title: 'One step',
    type: 'course',
    isPublished: true,
  })
  await client.walkthrough.createStep({ walkthroughId, title: 'The step' })
  await client.walkthrough.assignToServer({ serverId: server.id, walkthroughs: [{ walkthroughId }] })
  return `${nodes()[0]}/s/${server.slug}/mcp`
}

/** The table of what does not apply: `scenario` or `scenario:check`, by revision. */
function notApplicable(revision) {
  const text = readFileSync(here('conformance-not-applicable.md'), 'utf8')
  const rows = [...text.matchAll(/^\| ([\d, -]+) \| `([^`]+)` \| (.+) \|$/gm)]
  if (rows.length === 0) throw new Error('no table in conformance-not-applicable.md')
  return new Map(rows.filter(row => row[1].includes(revision)).map(row => [row[2], row[3]]))
}

/** What the suite runs for a revision, as its own list says. */
function scenarios(node, runner, revision) {
  const run = spawnSync(node, [runner, 'list', '--requirements', revision], { encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`the suite's runner does not run: ${run.error ?? run.stderr}`)
  const [, required] = run.stdout.split(/^Server scenarios.*$/m)
  const [server, rest] = required.split(/^Client scenarios.*$/m)
  const names = [...server.matchAll(/^ +- (\S+)$/gm), ...rest.matchAll(/^ +- (\S+) \[server\]$/gm)].map(
    match => match[1],
  )
  if (names.length < 20) throw new Error(`only ${names.length} scenarios in the suite's list for ${revision}`)
  return names
}

/** Runs one revision; scenario → checks. */
function run(node, runner, revision, url) {
  const output = mkdtempSync(join(tmpdir(), 'guildhall-conformance-'))
  const args = [runner, 'server', '--url', url, '--requirements', revision, '-o', output]
  const ended = spawnSync(node, args, { encoding: 'utf8', timeout: 300_000, maxBuffer: 64 * 1024 * 1024 })
  if (!/=== SUMMARY ===/.test(ended.stdout ?? ''))
    throw new Error(`no end of the suite: ${ended.error ?? ended.stderr}`)
  const results = new Map()
  for (const folder of readdirSync(output)) {
    const [, scenario] = /^server-(.+)-\d{4}-\d\d-\d\dT/.exec(folder) ?? []
    if (scenario) results.set(scenario, JSON.parse(readFileSync(join(output, folder, 'checks.json'), 'utf8')))
  }
  rmSync(output, { recursive: true })
  return results
}

/** Judges one revision; how many checks passed, failed and did not apply. */
function judge(revision, names, results, excused) {
  const count = { passed: 0, failed: 0, excused: 0, warnings: 0 }
  const used = new Set()
  const fail = text => {
    count.failed += 1
    console.log(`  FAILED   ${text}`)
  }
  for (const scenario of names) {
    const checks = results.get(scenario)
    if (!checks || checks.length === 0) {
      fail(`${scenario} was not run`)
      continue
    }
    for (const check of checks) {
      const name = `${scenario}:${check.id}`
      // Also where a fixture is missing, every message we send must fit the revision's schema.
      const reason = [scenario, name].find(key => excused.has(key) && check.id !== 'wire-schema-valid')
      if (reason) used.add(reason)
      if (check.status === 'SUCCESS') count.passed += 1
      else if (reason) count.excused += 1
      else if (check.status === 'FAILURE' || check.status === 'SKIPPED')
        fail(`${name}: ${check.errorMessage ?? ''} ${JSON.stringify(check.details ?? {}).slice(0, 1500)}`)
      else if (check.status === 'WARNING') {
        count.warnings += 1
        console.log(`  warning  ${name}: ${check.errorMessage ?? check.description}`)
      }
    }
  }
  for (const key of excused.keys())
    if (!used.has(key)) fail(`${key} is in the list of what does not apply, and not in the suite`)
  const whole = names.filter(name => !excused.has(name)).length
  console.log(
    `${revision}: ${names.length} scenarios, ${whole} apply; ${count.passed} checks passed, ${count.failed} failed, ${count.warnings} warnings, ${count.excused} not applicable`,
  )
  return count
}

const node = node22()
const runner = here('node_modules/@modelcontextprotocol/conformance/dist/index.js')
const url = options.url ?? (await publish())
console.log(`${url}\n`)
const total = { passed: 0, failed: 0 }
for (const revision of options.revision) {
  const names = scenarios(node, runner, revision)
  const counts = judge(revision, names, run(node, runner, revision, url), notApplicable(revision))
  total.passed += counts.passed
  total.failed += counts.failed
}
console.log(`\n${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1
