// The acceptance story: one organization, its walkthroughs, every generation of client, every figure compared.
// No mocks: a running server, real exports, official clients. See README.md for the environment it needs.
import { readFileSync } from 'node:fs'
import { Comparison } from './lib/compare.mjs'
import { drive, drivers } from './lib/drivers.mjs'
import { compareCharts } from './lib/figures.mjs'
import { byHost, byPath, everything, nodes, signUp, unique } from './lib/rpc.mjs'
import { compareTickets, resolveOne } from './lib/story-tickets.mjs'
import { comparable, publish } from './lib/story-walkthroughs.mjs'

const SKEW = 2_000
const BOUND = 9 * 60_000

const check = new Comparison()
const began = Date.now()
setTimeout(() => {
  console.error(`no end after ${BOUND / 60_000} minutes`)
  process.exit(1)
}, BOUND).unref()

const urls = nodes()
const files = (process.env.WALKTHROUGHS ?? '').split(',').filter(Boolean)
if (files.length === 0) throw new Error('set WALKTHROUGHS to one or more exports, separated by commas')
const matrix = drivers()
const documents = files.map(file => JSON.parse(readFileSync(file, 'utf8')))

// 1. An account, an organization, a server.
const { client, user, email } = await signUp('Story')
const organization = await client.organization.create({ name: 'Story Ltd', slug: `story-${unique()}` })
const switched = await client.account.switchOrganization({ organizationId: organization.id })
check.same('account', 'switched to', switched.organizationId, organization.id)
const session = await client.auth.getSession()
check.same('account', 'user', session.user, user)
check.same('account', 'email', user.email, email)
check.same('account', 'active organization', session.session.activeOrganizationId, organization.id)
check.same('account', 'membership', session.membership, { organizationId: organization.id, role: 'owner' })
const server = await client.mcpServers.create({ name: 'Story help', slug: `story-${unique()}` })
const { pathname, hostname } = new URL(server.url)
const addresses = [byHost, byPath].map(address => new URL(address(server)).pathname)
check.holds(
  'server',
  'url',
  addresses.includes(pathname) && (pathname !== '/mcp' || hostname.startsWith(server.slug)),
  server.url,
)

// 2. The walkthroughs: in, out, in again; then on the server.
const walkthroughs = []
for (const document of documents) walkthroughs.push(await publish(check, client, document))
await client.walkthrough.assignToServer({
  serverId: server.id,
  walkthroughs: walkthroughs.map(({ id }, displayOrder) => ({ walkthroughId: id, displayOrder })),
})
const assigned = await client.walkthrough.listForServer({ serverId: server.id })
check.same(
  'walkthroughs',
  'assigned',
  assigned.map(one => one.walkthrough.id),
  walkthroughs.map(one => one.id),
)
const steps = {}
for (const { id, title } of walkthroughs) {
  steps[title] = (await client.walkthrough.get({ walkthroughId: id })).steps.map(step => step.id)
}

// 3. Every client, known by a tracking id and not, by host name and by path, over all nodes in turn.
const readers = [`reader-${unique()}`, `Reader_2.${unique()}`, `r3-${unique()}`]
const seen = new Set()
const runs = []
for (const [index, driver] of matrix.entries()) {
  for (const tracked of [true, false]) {
    // Two generations share each reader, so one end user has sessions of both.
    const trackingId = tracked ? readers[Math.floor(index / 2)] : null
    const name = `${driver.name}-${tracked ? 'tracked' : 'anonymous'}-${unique()}`
    const asked = {
      title: `Help with ${name}`,
      problem: `Nothing moves, says ${name} — it's "stuck" <b>here</b> & there.`,
      // Languages differ in who says an email, so both kinds of caller do and do not.
      email: tracked === driver.name.startsWith('python') ? `${name}@example.test` : undefined,
    }
    const address = (index + Number(tracked)) % 2 ? byHost : byPath
    const report = await drive(driver, {
      url: urls.map(node => address(server, node) + (trackingId ? `/${trackingId}` : '')),
      'client-name': name,
      walkthrough: walkthroughs.map(walkthrough => walkthrough.title),
      restart: trackingId !== null && seen.has(trackingId),
      ...asked,
    })
    seen.add(trackingId)
    runs.push({ driver, trackingId, name, asked, report })
    console.log(
      `${name}: ${report.calls.length} calls at ${report.protocolVersion}, requests per node ${report.requestsPerUrl}`,
    )
  }
}

// 4. What the clients saw is what was published.
for (const { report, trackingId, name } of runs) {
  check.same('clients', `${name}: steps in order`, report.steps, steps)
  check.same(
    'clients',
    `${name}: errors`,
    report.calls.map(call => call.isError),
    report.calls.map((_, n) => n === 0),
  )
  const spread = report.requestsPerUrl
  check.holds(
    'clients',
    `${name}: every node was asked`,
    spread.every(count => count > 0),
    spread,
  )
  const titles = walkthroughs.map(walkthrough => walkthrough.title)
  const choice = report.calls.find(call => call.structuredContent?.status === 'choose' && !call.isError)
  if (titles.length > 1) {
    check.same(
      'clients',
      `${name}: choice`,
      choice?.structuredContent.available.map(one => one.title),
      titles,
    )
  }
  for (const { title } of walkthroughs) compareProgress(name, report, title, steps[title].length)
  const stateless = report.era === '2026-07-28' && trackingId === null
  check.same(
    'clients',
    `${name}: asked to say who it is`,
    report.calls.some(call => call.visitor !== null),
    stateless,
  )
}

function compareProgress(name, report, title, total) {
  const taken = report.calls.map(call => call.structuredContent).filter(said => said?.walkthrough?.title === title)
  const expected = Array.from({ length: total + 1 }, (_, done) => ({
    completedSteps: done,
    totalSteps: total,
    progressPercent: done === total ? 100 : Math.min(99, Math.floor((done * 200 + total) / (total * 2))),
  }))
  check.same(
    'clients',
    `${name}: progress in ${title}`,
    taken.map(said => said.progress),
    expected,
  )
  const orders = taken.filter(said => said.status === 'step').map(said => said.step.displayOrder)
  check.same(
    'clients',
    `${name}: places in ${title}`,
    orders,
    expected.slice(0, total).map((_, order) => order),
  )
}

// 5. What the organization reads is what the clients did.
const sessions = await everything(client.sessions.list, { serverId: server.id })
check.same('sessions', 'how many', sessions.length, runs.length)
const calls = []
for (const run of runs) {
  const { report, name, driver, asked } = run
  const own = sessions.filter(one => one.clientName === name)
  if (!check.same('sessions', `${name}: one`, own.length, 1)) continue
  const [one] = own
  run.session = one
  check.same('sessions', `${name}: revision`, one.protocolVersion, driver.era)
  check.same('sessions', `${name}: client's version`, one.clientVersion, report.sdk.split(' ').at(-1))
  check.same('sessions', `${name}: server`, [one.serverName, one.serverSlug], [server.name, server.slug])
  check.same('sessions', `${name}: toolCallCount`, one.toolCallCount, report.calls.length)
  check.within('sessions', `${name}: connectedAt`, one.connectedAt, [
    report.startedAt - SKEW,
    report.calls[0].startedAt + report.calls[0].durationMs + SKEW,
  ])
  check.within('sessions', `${name}: lastSeenAt`, one.lastSeenAt, [
    report.calls.at(-1).startedAt - SKEW,
    report.finishedAt + SKEW,
  ])
  const kept = await client.sessions.getToolCalls({ sessionId: one.id })
  calls.push(...kept)
  check.same('tool calls', `${name}: how many`, kept.length, report.calls.length)
  check.same(
    'tool calls',
    `${name}: tools in order`,
    kept.map(call => call.toolName),
    report.calls.map(call => call.tool),
  )
  check.same(
    'tool calls',
    `${name}: isError`,
    kept.map(call => call.isError),
    report.calls.map(call => call.isError),
  )
  const times = kept.map(call => call.createdAt)
  check.same(
    'tool calls',
    `${name}: oldest first`,
    times,
    times.toSorted((a, b) => a - b),
  )
  kept.forEach((call, index) => compareCall(name, call, report.calls[index]))
  const tickets = await client.sessions.getSupportTickets({ sessionId: one.id })
  const ticket = {
    id: report.ticket.ticketId,
    title: asked.title,
    conciseSummary: asked.problem,
    status: report.ticket.status,
  }
  const place = { serverName: server.name, serverSlug: server.slug }
  check.same(
    'sessions',
    `${name}: its ticket`,
    tickets.map(({ createdAt: _, ...rest }) => rest),
    [{ ...ticket, ...place }],
  )
}

function compareCall(name, call, made) {
  if (made === undefined) return
  const { visitor: _, ...input } = made.arguments
  check.same('tool calls', `${name}: input of ${call.toolName}`, comparable.withoutVisitor(call.input), input)
  const told = { text: comparable.withoutHandle(made), structured: made.structuredContent }
  check.holds(
    'tool calls',
    `${name}: output of ${call.toolName}`,
    comparable.masked(call.output, told),
    call.output,
    told,
  )
  check.within('tool calls', `${name}: time of ${call.toolName}`, call.createdAt, [
    made.startedAt - SKEW,
    made.startedAt + made.durationMs + SKEW,
  ])
  check.within('tool calls', `${name}: duration of ${call.toolName}`, call.durationMs, [
    0,
    Math.ceil(made.durationMs) + 1,
  ])
  check.same(
    'tool calls',
    `${name}: server of ${call.toolName}`,
    [call.serverName, call.serverSlug],
    [server.name, server.slug],
  )
}

const person = run => run.session?.mcpUserId
const persons = new Set(runs.map(run => run.trackingId ?? run.name))
check.same('sessions', 'distinct end users', new Set(runs.map(person)).size, persons.size)
for (const reader of readers) {
  const own = runs.filter(run => run.trackingId === reader)
  check.same('sessions', `${reader} is one person`, new Set(own.map(person)).size, own.length === 0 ? 0 : 1)
}

// 6. Figures and tickets.
const made = {}
for (const { report } of runs) {
  for (const [tool, count] of Object.entries(report.callsPerTool)) made[tool] = (made[tool] ?? 0) + count
}
await compareCharts(check, client, { serverId: server.id }, made, calls, sessions)
await compareCharts(check, client, {}, made, calls, sessions)
const counted = Object.values(made).reduce((sum, count) => sum + count, 0)
const { userCount, sessionCount, toolCallCount, ticketCount, ticketDestinations, ...published } =
  await client.mcpServers.get({ serverId: server.id })
check.same('server', 'get', published, server)
check.same('server', 'its tickets stay here', ticketDestinations, [])
const counts = [userCount, sessionCount, toolCallCount, ticketCount]
check.same('server', 'users, sessions, calls, tickets', counts, [persons.size, runs.length, counted, runs.length])
await check.part('tickets', async () => {
  const listed = await compareTickets(check, client, server, runs, [began - SKEW, Date.now() + SKEW])
  await resolveOne(check, client, listed, user, SKEW)
})

console.log(
  `\n${urls.length} node(s), ${runs.length} clients, ${counted} calls: ${JSON.stringify(made)}; ${Math.round((Date.now() - began) / 1000)} s`,
)
process.exitCode = check.close() ? 0 : 1
