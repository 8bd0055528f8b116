// The life of one ticket: filed in a customer's agent, seen live and answered by a colleague, told to Slack, mailed, read
// and answered in the agent, settled.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { alternatePorts } from '../lib/alternate.mjs'
import { follow } from '../lib/follow.mjs'
import { letterTo } from '../lib/letters.mjs'
import { byPath, nodes, unique, withOrganization } from '../lib/rpc.mjs'
import { readable, slack } from '../lib/slack.mjs'

const channel = await slack()
after(channel.close)

/** The customer's agent, by the official SDK in the stateless era. */
async function agent(server, trackingId) {
  const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client')
  const client = new Client({ name: 'agent', version: '1' }, { versionNegotiation: { mode: 'auto' } })
  const url = new URL(`${byPath(server)}/${trackingId}`)
  await client.connect(new StreamableHTTPClientTransport(url, { fetch: alternatePorts(nodes()) }))
  after(() => client.close())
  const call = async (name, args) => {
    const said = await client.callTool({ name, arguments: args })
    assert.ok(!said.isError, JSON.stringify(said))
    return { ...said.structuredContent, text: said.content.map(part => part.text).join('\n') }
  }
  return { call, tools: (await client.listTools()).tools.map(tool => tool.name) }
}

test('a ticket is born in an agent, reaches Slack and the desk, and its answers get back to where it came from', async () => {
  const olga = await withOrganization('Olga')
  const server = await olga.client.mcpServers.create({
    name: 'Rocket help',
    slug: `rocket-${unique()}`,
    supportTicketType: 'slack',
    slackWebhookUrl: channel.url,
  })
  await olga.client.supportTickets.setTargets({ targets: [{ priority: 'medium', firstResponseMinutes: 30 }] })
  const live = await follow(olga.client)
  const customer = `customer-${unique()}@example.test`
  const ann = await agent(server, 'ann')
  assert.deepEqual(
    ann.tools.filter(name => name.includes('support')),
    ['get_support', 'check_support', 'reply_to_support'],
  )

  const filed = await ann.call('get_support', {
    title: 'It <!channel> broke & burns',
    problemDescription: 'Nothing *happens*',
    email: customer,
  })
  const created = await live.next('ticket.created')
  assert.deepEqual([created.ticket.id, created.ticket.status], [filed.ticketId, 'pending'])
  assert.equal(created.ticket.dueAt, created.ticket.createdAt + 30 * 60_000)

  await live.next('ticket.delivered')
  assert.equal(channel.messages.length, 1)
  const told = readable(channel.messages[0])
  for (const words of ['#1', 'broke', 'Nothing', 'Rocket help', customer]) assert.ok(told.includes(words), told)

  const ticketId = filed.ticketId
  await olga.client.supportTickets.assign({ ticketId, assigneeId: olga.user.id })
  assert.equal((await live.next('ticket.assigned')).ticket.assignee.email, olga.email)
  await olga.client.supportTickets.addComment({ ticketId, content: 'Ann is a regular' })
  await live.next('ticket.commented')
  const answer = 'Which **engine** is it?'
  const commented = await olga.client.supportTickets.addComment({
    ticketId,
    content: answer,
    isPublic: true,
    status: 'in_progress',
  })
  assert.equal((await live.next('ticket.commented')).ticket.firstResponseAt, commented.ticket.firstResponseAt)

  const letter = await letterTo(customer, 'engine')
  assert.equal(letter.subject, '[#1] It <!channel> broke & burns')
  assert.ok(!letter.text.includes('regular'), letter.text)
  assert.ok(letter.thread.inReplyTo.includes(ticketId), JSON.stringify(letter.thread))
  assert.ok(letter.thread.references.includes(ticketId), JSON.stringify(letter.thread))

  const checked = await ann.call('check_support', {})
  assert.deepEqual(
    checked.tickets[0].messages.map(message => [message.from, message.name, message.content]),
    [['support', 'Olga', answer]],
  )
  assert.ok(checked.text.includes(answer) && !checked.text.includes('regular'), checked.text)
  await ann.call('reply_to_support', { ticketId, message: 'The big one.' })
  assert.equal((await live.next('ticket.replied')).ticket.status, 'in_progress')
  await letterTo(olga.email, 'The big one.')

  const settled = await olga.client.supportTickets.addComment({
    ticketId,
    content: 'Update to 1.2.3',
    isPublic: true,
    status: 'resolved',
  })
  assert.ok(settled.ticket.resolvedAt >= created.ticket.createdAt)
  assert.deepEqual((await live.next('ticket.commented')).ticket.dueAt, null)
  const second = await letterTo(customer, '1.2.3')
  assert.deepEqual([second.subject, second.thread.references], [letter.subject, letter.thread.references])
  assert.notEqual(second.thread.messageId, letter.thread.messageId)
  const { tickets } = await ann.call('check_support', { ticketId })
  assert.equal(tickets[0].status, 'resolved')
  assert.deepEqual(
    tickets[0].messages.map(message => message.from),
    ['support', 'you', 'support'],
  )

  const history = await olga.client.supportTickets.getActivities({ ticketId })
  assert.deepEqual(history.map(entry => entry.activityType).reverse(), [
    'system',
    'system',
    'assignment',
    'comment',
    'status_change',
    'comment',
    'comment',
    'status_change',
    'comment',
  ])
  await sleep(1500) // longer than a job waits to be looked at
  assert.equal(channel.messages.length, 1, 'Slack was told once')
  await live.close()
})
