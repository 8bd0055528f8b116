// The tickets that the clients filed, as the organization sees and answers them.
import { everything } from './rpc.mjs'

const STATUSES = ['needs_email', 'pending', 'in_progress', 'resolved', 'closed']

/** Compares every ticket with what its client asked; the tickets, oldest first. */
export async function compareTickets(check, client, server, runs, span) {
  const subject = 'tickets'
  const input = { serverId: server.id, sort: 'oldest' }
  const listed = await everything(client.supportTickets.list, input)
  check.same(subject, 'how many', listed.length, runs.length)
  check.same(
    subject,
    'numbers',
    listed.map(ticket => ticket.number),
    runs.map((_, index) => index + 1),
  )
  const wanted = runs.map(({ asked }) => (asked.email ? 'pending' : 'needs_email'))
  const { counts } = await client.supportTickets.list(input)
  const expected = Object.fromEntries(STATUSES.map(one => [one, wanted.filter(status => status === one).length]))
  check.same(subject, 'counts', counts, expected)
  for (const [index, run] of runs.entries()) {
    const ticket = listed[index]
    if (ticket) await compareTicket(check, client, server, run, ticket, [index + 1, wanted[index]], span)
  }
  return listed
}

async function compareTicket(check, client, server, run, ticket, [number, status], span) {
  const subject = 'tickets'
  const { asked, report, session, trackingId, name } = run
  check.same(subject, `${name}: what the client was told`, report.ticket, { ticketId: ticket.id, number, status })
  const { id, createdAt, updatedAt, firstResponseAt, mcpUserId, ...rest } = ticket
  check.same(subject, `${name}: ticket`, rest, {
    number,
    title: asked.title,
    conciseSummary: asked.problem,
    context: null,
    status,
    priority: 'medium',
    email: asked.email ?? null,
    assignee: null,
    method: 'dashboard',
    serverId: server.id,
    serverName: server.name,
    serverSlug: server.slug,
    mcpSessionId: session?.id,
    resolvedAt: null,
    firstResponseDueAt: null,
    resolutionDueAt: null,
    dueAt: null,
    missed: [],
    externalUrl: null,
  })
  check.same(subject, `${name}: person`, mcpUserId, session?.mcpUserId)
  check.within(subject, `${name}: createdAt`, createdAt, span)
  check.same(subject, `${name}: updatedAt and firstResponseAt`, [updatedAt, firstResponseAt], [createdAt, null])
  const { origin, ...got } = await client.supportTickets.get({ ticketId: id })
  check.same(subject, `${name}: get`, got, ticket)
  check.same(subject, `${name}: where it came from`, origin?.mcpSessionId, session?.id)
  const failed = report.calls.filter(call => call.isError).map(call => call.tool)
  check.same(
    subject,
    `${name}: what had failed`,
    origin?.failedCalls.map(call => call.toolName),
    failed.reverse().slice(0, 5),
  )
  check.same(subject, `${name}: every walkthrough was done`, origin?.step, null)
  const person = await client.supportTickets.getWithMcpUser({ ticketId: id })
  const { mcpUserFirstSeen, ...known } = person
  check.same(subject, `${name}: getWithMcpUser`, known, {
    ticketId: id,
    title: asked.title,
    status,
    createdAt,
    mcpUserTrackingId: trackingId,
    mcpUserEmail: asked.email ?? null,
    mcpServerName: server.name,
    mcpServerSlug: server.slug,
  })
  check.within(subject, `${name}: first seen`, mcpUserFirstSeen, [span[0], createdAt])
}

/** Resolves one ticket with a comment, says the same again, reopens it. */
export async function resolveOne(check, client, listed, user, skew) {
  const subject = 'ticket resolved'
  const ticket = listed.find(one => one.status === 'pending')
  if (!check.holds(subject, 'there is a pending one', ticket !== undefined, listed)) return
  const ticketId = ticket.id
  const earlier = await client.supportTickets.getActivities({ ticketId })
  const comment = 'Fixed in 1.2.3 — please try again.'
  const before = Date.now()
  const resolved = await client.supportTickets.updateStatus({ ticketId, status: 'resolved', comment })
  const span = [before - skew, Date.now() + skew]
  check.same(subject, 'status', resolved.status, 'resolved')
  check.within(subject, 'resolvedAt', resolved.resolvedAt, span)
  const { origin: _, ...got } = await client.supportTickets.get({ ticketId })
  check.same(subject, 'get', got, resolved)
  const activities = await client.supportTickets.getActivities({ ticketId })
  check.same(subject, 'earlier activities stay', activities.slice(1), earlier)
  const [latest] = activities
  check.same(
    subject,
    'activity',
    [latest?.activityType, latest?.userName, latest?.userEmail],
    ['status_change', user.name, user.email],
  )
  check.within(subject, 'activity at', latest?.createdAt, span)
  const told = JSON.stringify(latest ?? null)
  for (const word of ['pending', 'resolved', comment])
    check.holds(subject, `the activity tells ${word}`, told.includes(word), told)
  const { counts } = await client.supportTickets.list({})
  check.same(subject, 'counts', counts.resolved, 1)
  const again = await client.supportTickets.updateStatus({ ticketId, status: 'resolved' })
  check.same(subject, 'the same again changes nothing', again, resolved)
  check.same(subject, 'nor does it tell', await client.supportTickets.getActivities({ ticketId }), activities)
  const reopened = await client.supportTickets.updateStatus({ ticketId, status: 'in_progress' })
  check.same(subject, 'reopened', [reopened.status, reopened.resolvedAt], ['in_progress', null])
}
