// Published servers whose readers sign in.
import { issuers, unique } from '../lib/rpc.mjs'

/** Publishes one; it answers with its endpoints, by path and by host name, where readers believe it to be. */
export async function publish({ client }, name, more = { authType: 'platform_oauth' }) {
  const server = await client.mcpServers.create({ name, slug: `sign-in-${unique()}`, ...more })
  const issuer = issuers(server)
  return { ...server, issuer, endpoint: { path: `${issuer.path}/mcp`, host: `${issuer.host}/mcp` } }
}

/** The readers of a server, as its organization sees them. */
export async function readers({ client }, server) {
  return (await client.mcpServers.listUsers({ serverId: server.id })).items
}
