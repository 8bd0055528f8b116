// The official conformance suite of MCP, run whole for both eras: against one of our servers, or against the fixture server
// that has what ours have no subject for; see conformance-not-applicable.md.
// GUILDHALL_URL=http://127.0.0.1:3000 node conformance.mjs [--url http://127.0.0.1:3000/s/help-me/mcp] [--revision 2026-07-28]
// node conformance.mjs --fixture http://127.0.0.1:4000 [--revision 2026-07-28]
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { node22 } from './lib/node22.mjs'
import { nodes, unique, withOrganization } from './lib/rpc.mjs'

const here = name => fileURLToPath(new URL(name, import.meta.url))
const { values: options } = parseArgs({
  options: {
    url: { type: 'string' },
    fixture: { type: 'string' },
    revision: { type: 'string', multiple: true, default: ['2025-11-25', '2026-07-28'] },
  },
})

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

const FIXTURE = 'Shown by the fixture server'
const SESSIONS = 'Shown by the fixture server, with sessions'
const OURS = 'Shown by our servers themselves'
const NOWHERE = 'Not applicable'

/** What the tables with these titles have for a revision: `scenario` or `scenario:check`. */
function listed(revision, ...titles) {
  const text = readFileSync(here('conformance-not-applicable.md'), 'utf8')
  const keys = titles.flatMap(title => {
    const [, rest] = text.split(`\n## ${title}\n`)
    const rows = [...(rest ?? '').split('\n## ')[0].matchAll(/^\| ([\d, -]+) \| `([^`]+)` \| .+ \|$/gm)]
    if (rows.length === 0) throw new Error(`no table "${title}" in conformance-not-applicable.md`)
    return rows.filter(row => row[1].includes(revision)).map(row => row[2])
  })
  return new Set(keys)
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

/**
 * Judges one run: all that is not `excused` passes, and `shown` is really seen to. Says what failed, and the score.
 * Where `strict`, what the suite only advises is a must.
 */
function judge(where, revision, names, results, { excused, shown = new Set(), strict = false }) {
  const count = { passed: 0, failed: 0, excused: 0, warnings: 0 }
  const [used, seen] = [new Set(), new Set()]
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
      // Also where there is no subject, every message we send must fit the revision's schema.
      const schema = check.id === 'wire-schema-valid'
      const reason = schema ? undefined : [scenario, name].find(key => excused.has(key))
      if (reason) used.add(reason)
      if (check.status === 'SUCCESS') {
        count.passed += 1
        if (!schema) seen.add(scenario).add(name)
      } else if (reason) count.excused += 1
      else if (['FAILURE', 'SKIPPED', ...(strict ? ['WARNING'] : [])].includes(check.status))
        fail(`${name}: ${check.errorMessage ?? ''} ${JSON.stringify(check.details ?? {}).slice(0, 1500)}`)
      else if (check.status === 'WARNING') {
        count.warnings += 1
        console.log(`  warning  ${name}: ${check.errorMessage ?? check.description}`)
      }
    }
  }
  for (const key of excused) if (!used.has(key)) fail(`${key} is in a table of what has no subject, and not in the suite`)
  for (const key of shown) if (!seen.has(key)) fail(`${key} is said to be shown here, and no check of it passed`)
  const whole = names.filter(name => !excused.has(name)).length
  console.log(
    `${revision}, ${where}: ${whole} of ${names.length} scenarios; ${count.passed} checks passed, ${count.failed} failed, ${count.warnings} warnings, ${count.excused} without a subject`,
  )
  return count
}

const node = node22()
const runner = here('node_modules/@modelcontextprotocol/conformance/dist/index.js')
const total = { passed: 0, failed: 0 }
const hosted = options.fixture ? undefined : (options.url ?? (await publish()))
if (hosted) console.log(`${hosted}\n`)
for (const revision of options.revision) {
  const names = scenarios(node, runner, revision)
  const of = (...titles) => listed(revision, ...titles)
  const score = (where, url, how) => {
    const { passed, failed } = judge(where, revision, names, run(node, runner, revision, url), how)
    total.passed += passed
    total.failed += failed
  }
  if (hosted) {
    score('our server', hosted, { excused: of(FIXTURE, SESSIONS, NOWHERE) })
    continue
  }
  const excused = of(SESSIONS, OURS, NOWHERE)
  score('fixture server', `${options.fixture}/mcp`, { excused, shown: of(FIXTURE), strict: true })
  const [shown, nowhere] = [of(SESSIONS), of(NOWHERE)]
  // rmcp looks at Host and Origin itself in this mode, so that here nothing is left to others.
  if (shown.size > 0)
    score('fixture server with sessions', `${options.fixture}/sessions/mcp`, { excused: nowhere, shown, strict: true })
  console.log(`${revision}: ${nowhere.size} scenarios do not apply anywhere`)
}
console.log(`\n${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1
