// What a TypeScript program does with the contract that the server gives away. Only compiled, never run:
// each `@ts-expect-error` fails the check when the contract says less than it should.
import { createORPCClient, isDefinedError, safe } from '@orpc/client'
import { RPCLink } from '@orpc/client/fetch'
import type { ContractRouterClient } from '@orpc/contract'
import { inferRPCMethodFromContractRouter } from '@orpc/contract'
import type { JsonifiedClient } from '@orpc/openapi-client'
import { OpenAPILink } from '@orpc/openapi-client/fetch'
import { contract } from './contract.js'

type Client = ContractRouterClient<typeof contract>

const link = new RPCLink({
  url: 'http://127.0.0.1:3000/rpc',
  method: inferRPCMethodFromContractRouter(contract),
})
const client: Client = createORPCClient(link)

export async function joined(): Promise<number[]> {
  const { members, totalPages } = await client.organization.listMembers({ pageSize: 5 })
  const pages: number = totalPages
  const dates: Date[] = members.map(member => member.createdAt)
  return [pages, ...dates.map(date => date.getTime())]
}

export async function narrowed(serverId: string): Promise<string> {
  const { error, data, isDefined } = await safe(client.mcpServers.get({ serverId }))
  if (isDefinedError(error)) {
    // @ts-expect-error no such code is declared
    if (error.code === 'OUT_OF_CHEESE') return ''
    if (error.code === 'RESOURCE_NOT_FOUND') {
      const resource: string = error.data.resource
      return resource
    }
    if (error.code === 'BAD_REQUEST') {
      const first = error.data.issues[0]
      return first ? `${first.path.join('.')}: ${first.message}` : ''
    }
    if (error.code === 'UNAUTHORIZED') return error.data.reason
    return ''
  }
  if (error) return isDefined ? '' : error.message
  const created: number = data.createdAt
  return `${data.slug} ${created}`
}

export async function typed(): Promise<void> {
  const { items, nextCursor } = await client.supportTickets.list({ status: ['pending'] })
  const cursor: string | null = nextCursor
  const resolved: number | null | undefined = items[0]?.resolvedAt
  const chart = await client.toolCalls.getChart({ timeRange: '1w' })
  const connections: number[] = chart.data.map(point => point.mcp_connections)
  const { user } = await client.auth.getSession()
  const name: string | null = user.name
  void [cursor, resolved, connections, name]
  for await (const { type, ticket } of await client.supportTickets.live({})) {
    const happened: 'ticket.created' | null = type === 'ticket.created' ? type : null
    const due: number | null = ticket.dueAt
    void [happened, due]
    // @ts-expect-error nothing of that kind happens to a ticket
    if (type === 'ticket.exploded') return
  }
  // @ts-expect-error the status is one of five words
  await client.supportTickets.list({ status: ['open'] })
  // @ts-expect-error the range is one of four words
  await client.toolCalls.getChart({ timeRange: '1y' })
  // @ts-expect-error a procedure that is not there
  await client.supportTickets.destroy({})
  // @ts-expect-error the serverId is missing
  await client.mcpServers.get({})
  // @ts-expect-error the session is null where the email must be verified first
  void (await client.auth.signUp({ email: 'a@example.test', password: 'x' })).session.accessToken
}

// The same contract over plain JSON, where a Date is text.
const plain: JsonifiedClient<Client> = createORPCClient(new OpenAPILink(contract, { url: 'http://127.0.0.1:3000/api' }))

export async function asText(): Promise<string[]> {
  const { members } = await plain.organization.listMembers({})
  return members.map(member => member.createdAt.slice(0, 10))
}
