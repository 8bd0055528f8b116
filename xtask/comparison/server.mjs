// start_walkthrough and get_next_step on the official TypeScript SDK, on a copy of Guildhall's database. It does what the
// tools need and spares what else Guildhall does with a call: events for followers, masking of secrets, limits, metrics.
//
// DATABASE: a path, or postgres://…; COUNTERS: whether the schema's counters are kept; PORT.
import { createHash, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'

import { getRequestListener } from '@hono/node-server'
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node'
import { CLIENT_INFO_META_KEY, McpServer, PROTOCOL_VERSION_META_KEY, createMcpHandler } from '@modelcontextprotocol/server'
import * as z from 'zod'

import { guided, text } from './guided.mjs'
import { Postgres } from './postgres.mjs'
import { Sqlite } from './sqlite.mjs'

const { DATABASE, COUNTERS, PORT } = process.env
const GAP = 30 * 60 * 1000
const PLACE = /^\/s\/([^/]+)\/mcp\/([^/]+)$/

const counters = COUNTERS === 'kept'
const store = DATABASE.startsWith('postgres://')
  ? await Postgres.open(DATABASE, counters)
  : new Sqlite(DATABASE, counters)

// Made once: a server is made for every request.
const Progress = z.object({ completedSteps: z.int(), totalSteps: z.int(), progressPercent: z.int() })
const Step = z.object({ id: z.string(), title: z.string(), displayOrder: z.int(), contentFields: z.looseObject({}) })
const Guided = z.object({
  status: z.enum(['step', 'finished', 'unknown_step', 'not_started']),
  walkthrough: z.object({ id: z.string(), title: z.string() }).optional(),
  step: Step.optional(),
  progress: Progress.optional(),
})
const annotations = { readOnlyHint: false, destructiveHint: false, openWorldHint: false }
const START = {
  title: 'Start a walkthrough',
  description: 'Starts a guided walkthrough, or goes on with it where the user left off.',
  inputSchema: z.object({ name: z.string().max(200).optional(), restart: z.boolean().default(false) }),
  outputSchema: Guided,
  annotations,
}
const NEXT = {
  title: 'Next step',
  description: 'The next step of the walkthrough that was started. Send the id of the step that was just done.',
  inputSchema: z.object({ currentStepId: z.uuid().optional() }),
  outputSchema: Guided,
  annotations,
}

/** A server for one request, or for one session; `guestOf` says who calls. */
function serverFor(guestOf) {
  const server = new McpServer({ name: 'comparison', version: '1.0.0' })
  server.registerTool('start_walkthrough', START, async (input, context) => {
    const call = { tool: 'start_walkthrough', input, at: Date.now() }
    return spoken(await store.startWalkthrough(await guestOf(context), call, input.restart, rows => decide(rows)))
  })
  server.registerTool('get_next_step', NEXT, async (input, context) => {
    const call = { tool: 'get_next_step', input, at: Date.now() }
    const next = rows => decide(rows, input.currentStepId)
    return spoken(await store.getNextStep(await guestOf(context), call, next))
  })
  return server
}

/** What to answer, and which step is done now. */
function decide(rows, current) {
  if (rows.length === 0) return { answer: answer({ status: current ? 'unknown_step' : 'not_started' }) }
  const just = rows.find(row => row.id === current)
  if (current && !just) return { answer: answer({ status: 'unknown_step' }) }
  const completes = just && !just.done ? just.id : undefined
  if (just) just.done = true
  return { answer: answer(guided(rows)), completes }
}

const answer = structured => ({
  text: text(structured),
  structured,
  isError: structured.status === 'unknown_step' || structured.status === 'not_started',
})
const spoken = ({ text, structured, isError }) => ({
  content: [{ type: 'text', text }],
  structuredContent: structured,
  isError,
})

// Revision 2026-07-28: each request says all that is needed.
const stateless = createMcpHandler(
  ({ requestInfo }) => {
    const [, slug, trackingId] = new URL(requestInfo.url).pathname.match(PLACE)
    return serverFor(async ({ mcpReq: { envelope } }) => {
      const { name, version } = envelope[CLIENT_INFO_META_KEY]
      const client = { name, version, protocol: envelope[PROTOCOL_VERSION_META_KEY] }
      return found(await store.admit(slug, trackingId, client, Date.now() - GAP))
    })
  },
  { legacy: 'reject', onerror: console.error },
)
const listener = getRequestListener(request => stateless.fetch(request))

// Up to 2025-11-25: a transport for each session, as the SDK's guide has it.
const sessions = new Map()

async function inSession(request, response, slug, trackingId) {
  const known = sessions.get(request.headers['mcp-session-id'])
  if (known) return known.handleRequest(request, response)
  let guest
  const transport = new NodeStreamableHTTPServerTransport({
    enableJsonResponse: true,
    sessionIdGenerator: randomUUID,
    onsessioninitialized: async key => {
      const { name, version } = server.server.getClientVersion() ?? {}
      const client = { name: name ?? null, version: version ?? null, protocol: '2025-11-25' }
      guest = found(await store.connect(slug, trackingId, client, createHash('sha256').update(key).digest()))
      sessions.set(key, transport)
    },
  })
  transport.onclose = () => sessions.delete(transport.sessionId)
  const server = serverFor(async () => guest)
  await server.connect(transport)
  return transport.handleRequest(request, response)
}

function found(guest) {
  if (!guest) throw new Error('no such server')
  return guest
}

const http = createServer(async (request, response) => {
  try {
    if (request.url === '/calls') return response.end(String(await store.calls()))
    const [, slug, trackingId] = request.url.match(PLACE) ?? []
    if (!slug) return response.writeHead(404).end()
    if (request.headers['mcp-protocol-version'] === '2026-07-28') return await listener(request, response)
    await inSession(request, response, slug, trackingId)
  } catch (error) {
    console.error(error)
    if (!response.headersSent) response.writeHead(500).end()
  }
})
http.keepAliveTimeout = 10 * 60 * 1000
http.listen(Number(PORT), '127.0.0.1', () => console.log('listens'))
