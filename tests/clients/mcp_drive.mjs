// Drives an MCP server as an end user's client would, with the official TypeScript SDKs, and prints what happened as
// JSON. `--sdk new` is @modelcontextprotocol/client (both eras), `--sdk old` @modelcontextprotocol/sdk (2025-11-25).
//
//   node mcp_drive.mjs --sdk new --url http://help-me.localhost:3000/mcp --era 2026-07-28 \
//       --walkthrough "First steps" --title "It broke" --problem "Nothing happens" --email ann@example.test
//
// Several --url alternate request by request: the same endpoint on several nodes.
import './lib/localhost.mjs'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { alternate } from './lib/alternate.mjs'

const HANDSHAKE = '2025-11-25'
const STATELESS = '2026-07-28'
const VISITOR = 'guildhall/visitor'

const { values: options } = parseArgs({
  options: {
    sdk: { type: 'string', default: 'new' },
    url: { type: 'string', multiple: true },
    era: { type: 'string' },
    'client-name': { type: 'string', default: 'guildhall-mcp-drive' },
    walkthrough: { type: 'string', multiple: true, default: [] },
    restart: { type: 'boolean', default: false },
    title: { type: 'string' },
    problem: { type: 'string' },
    email: { type: 'string' },
  },
})

function fail(message) {
  console.error(message)
  process.exit(1)
}

const PACKAGES = { new: '@modelcontextprotocol/client', old: '@modelcontextprotocol/sdk' }
const packageName = PACKAGES[options.sdk] ?? fail('--sdk is new or old')
const era = options.era ?? (options.sdk === 'new' ? STATELESS : HANDSHAKE)
if (!options.url || !options.title || !options.problem) fail('--url, --title and --problem are needed')
if (![HANDSHAKE, STATELESS].includes(era)) fail(`--era is ${STATELESS} or ${HANDSHAKE}`)
if (options.sdk === 'old' && era !== HANDSHAKE) fail(`${packageName} does not speak ${era}`)
const version = JSON.parse(
  readFileSync(new URL(`node_modules/${packageName}/package.json`, import.meta.url), 'utf8'),
).version

/** A connected client and the revision it speaks. */
async function connect(fetchInTurn) {
  const info = { name: options['client-name'], version }
  const url = new URL(options.url[0])
  if (options.sdk === 'new') {
    const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client')
    const mode = era === STATELESS ? 'auto' : 'legacy'
    const client = new Client(info, { versionNegotiation: { mode } })
    const transport = new StreamableHTTPClientTransport(url, { fetch: fetchInTurn })
    await client.connect(transport)
    return { client, transport, spoken: client.getNegotiatedProtocolVersion() }
  }
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js')
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js')
  const client = new Client(info)
  const transport = new StreamableHTTPClientTransport(url, { fetch: fetchInTurn })
  await client.connect(transport)
  return { client, transport, spoken: transport.protocolVersion }
}

const calls = []
let visitor

/** Calls a tool; an anonymous caller says who it was before, as the server asked it to. */
async function call(client, tool, args = {}) {
  const given = JSON.parse(JSON.stringify({ ...args, visitor }))
  const startedAt = Date.now()
  const before = performance.now()
  const result = await client.callTool({ name: tool, arguments: given })
  const durationMs = Math.round((performance.now() - before) * 10) / 10
  visitor = result._meta?.[VISITOR] ?? visitor
  const made = {
    tool,
    arguments: given,
    isError: result.isError === true,
    text: result.content
      .filter(part => part.type === 'text')
      .map(part => part.text)
      .join('\n'),
    structuredContent: result.structuredContent ?? null,
    visitor: result._meta?.[VISITOR] ?? null,
    startedAt,
    durationMs,
  }
  calls.push(made)
  return made
}

/** Calls a tool that must succeed with one of these statuses. */
async function ask(client, tool, statuses, args) {
  const made = await call(client, tool, args)
  if (made.isError || !statuses.includes(made.structuredContent?.status)) {
    fail(`${tool} ${JSON.stringify(args)}: expected ${statuses}, got ${JSON.stringify(made).slice(0, 2000)}`)
  }
  return made.structuredContent
}

/** Takes every step of a walkthrough; its step ids in order. */
async function walk(client, name) {
  let answer = await ask(client, 'start_walkthrough', ['step'], { name, restart: options.restart || undefined })
  const steps = []
  while (answer.status === 'step') {
    steps.push(answer.step.id)
    if (steps.length > 500) fail(`${name}: no end after 500 steps`)
    answer = await ask(client, 'get_next_step', ['step', 'finished'], { currentStepId: answer.step.id })
  }
  return steps
}

const report = { sdk: `${packageName} ${version}`, era, urls: options.url, startedAt: Date.now() }
const fetchInTurn = alternate(options.url)
const { client, transport, spoken } = await connect(fetchInTurn)
if (spoken !== era) fail(`asked for ${era}, the server made it ${spoken}`)
report.protocolVersion = spoken
report.tools = (await client.listTools()).tools.map(tool => tool.name)
await call(client, 'start_walkthrough', { name: 'There is no walkthrough of this name' })
if (options.walkthrough.length > 1) await ask(client, 'start_walkthrough', ['choose'], {})
report.steps = {}
for (const name of options.walkthrough) report.steps[name] = await walk(client, name)
const support = { title: options.title, problemDescription: options.problem, email: options.email }
report.ticket = await ask(client, 'get_support', ['pending', 'needs_email'], support)
report.calls = calls
report.callsPerTool = {}
for (const tool of calls.map(made => made.tool).sort()) {
  report.callsPerTool[tool] = (report.callsPerTool[tool] ?? 0) + 1
}
if (transport.sessionId) await transport.terminateSession()
await client.close()
report.requestsPerUrl = fetchInTurn.sent
report.finishedAt = Date.now()
process.stdout.write(JSON.stringify(report))
