// The unmodified @orpc/client, pointed at a running Guildhall.
import './localhost.mjs'
import { randomBytes } from 'node:crypto'
import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/fetch'
import { alternate } from './alternate.mjs'

/** The nodes under test, without a trailing slash. */
export function nodes() {
  const urls = (process.env.GUILDHALL_URLS ?? process.env.GUILDHALL_URL ?? '').split(',').filter(Boolean)
  if (urls.length === 0) throw new Error('set GUILDHALL_URL, as in http://127.0.0.1:3000')
  return urls.map(url => url.trim().replace(/\/$/, ''))
}

/** The domain whose subdomains are the published servers. */
export const domain = process.env.GUILDHALL_BASE_DOMAIN ?? 'localhost'

/** A published server's two addresses at a node: its path, which works everywhere, and its own host name. */
export const byPath = ({ slug }, node = nodes()[0]) => `${node}/s/${slug}/mcp`
export const byHost = ({ slug }, node = nodes()[0]) => `http://${slug}.${domain}:${new URL(node).port}/mcp`

/** The issuers of a published server: what it calls itself under each of its addresses, at the nodes' shared address. */
export const issuers = ({ slug }, { port } = new URL(nodes()[0])) => ({
  path: `http://${domain}:${port}/s/${slug}`,
  host: `http://${slug}.${domain}:${port}`,
})

/**
 * A client; its requests go to all nodes in turn. `token` may be a function, so that it can change while the client lives.
 * @param {{ token?: string | (() => string), headers?: object, urls?: string[], method?: any, plugins?: any[], fetch?: any }} [how]
 */
export function rpc({ token, headers = {}, urls = nodes(), ...link } = {}) {
  const bearer = () => (typeof token === 'function' ? token() : token)
  return createORPCClient(
    new RPCLink({
      url: `${urls[0]}/rpc`,
      headers: () => (bearer() ? { authorization: `Bearer ${bearer()}`, ...headers } : headers),
      ...(urls.length > 1 ? { fetch: alternate(urls) } : {}),
      ...link,
    }),
  )
}

/** Eight letters and digits that nobody has used before. */
export const unique = () => randomBytes(5).toString('hex').slice(0, 8)

export const PASSWORD = 'correct horse battery staple'

/** A new user with a session; every run makes its own. */
export async function signUp(name) {
  const email = `${name.toLowerCase()}-${unique()}@example.test`
  const { user, session } = await rpc().auth.signUp({ email, password: PASSWORD, name })
  if (!session) throw new Error('sign-up gave no session: the server asks for verified emails')
  return { email, user, session, token: session.accessToken, client: rpc({ token: session.accessToken }) }
}

/** A new user with an organization of its own, which is the active one. */
export async function withOrganization(name) {
  const person = await signUp(name)
  const organization = await person.client.organization.create({ name: `${name}'s`, slug: `clients-${unique()}` })
  return { ...person, organization }
}

/** Every item of a list, page by page. */
export async function everything(list, input, limit = 5) {
  const items = []
  let cursor
  for (let page = 0; page < 1000; page += 1) {
    const answer = await list(cursor ? { ...input, limit, cursor } : { ...input, limit })
    items.push(...answer.items)
    if (answer.nextCursor === null) return items
    if (answer.items.length !== limit) throw new Error(`a page of ${answer.items.length} that is not the last`)
    cursor = answer.nextCursor
  }
  throw new Error('no end after 1000 pages')
}
