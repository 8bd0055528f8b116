// An authorization server of an organization's own: the certified oidc-provider, and a browser that signs in at it.
import http from 'node:http'
import { Provider } from 'oidc-provider'

export const CLIENT_ID = 'guildhall'
export const CLIENT_SECRET = 'a secret of at least thirty-two characters'

// It warns that it is set up for development only, as it is.
for (const level of ['info', 'warn']) {
  const print = console[level]
  console[level] = (...words) => (String(words[0]).startsWith('oidc-provider ') ? undefined : print(...words))
}

/**
 * Starts one for the callbacks in `redirectUris`. `people`: by login, what is known of them. `inIdToken`: whether an
 * address is in the ID token, or at userinfo only. What it gave away is in `secrets`.
 */
export async function upstream({ redirectUris, people, inIdToken }) {
  const server = http.createServer()
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${server.address().port}`
  const account = sub => ({ accountId: sub, claims: async () => ({ sub, ...people[sub] }) })
  const client = {
    client_id: CLIENT_ID,
    client_secret: CLIENT_SECRET,
    redirect_uris: redirectUris,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
  }
  const provider = new Provider(issuer, {
    clients: [client],
    pkce: { required: () => true },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: !inIdToken,
    findAccount: async (_, sub) => (people[sub] ? account(sub) : undefined),
    cookies: { keys: ['not secret: a test'] },
    issueRefreshToken: async () => true,
  })
  const secrets = [CLIENT_SECRET]
  const asked = []
  provider.use(async (context, next) => {
    await next()
    asked.push(context.path)
    const given = context.path === '/token' ? context.body : undefined
    for (const name of ['access_token', 'id_token', 'refresh_token']) if (given?.[name]) secrets.push(given[name])
  })
  // What happens there by mistake is seen here.
  provider.on('server_error', (_, error) => console.error(error))
  server.on('request', provider.callback())
  return {
    issuer,
    metadataUrl: `${issuer}/.well-known/openid-configuration`,
    secrets,
    asked,
    close: () => new Promise(resolve => server.close(resolve).closeAllConnections()),
  }
}

/** Signs in there, or says no; where the browser is sent in the end. */
export async function signInUpstream(person, start, issuer, login) {
  for (let url = start, hop = 0; hop < 20; hop += 1) {
    if (url.origin !== issuer) return url
    let page = await person.open(url)
    if (page.status === 200) {
      if (login === undefined) page = await person.open(`${url.href}/abort`)
      else {
        const [, action] = /<form[^>]* action="([^"]+)"/.exec(page.html)
        const [, prompt] = /name="prompt" value="(\w+)"/.exec(page.html)
        const body = new URLSearchParams(prompt === 'login' ? { prompt, login, password: 'any' } : { prompt })
        page = await person.open(new URL(action.replaceAll('&amp;', '&'), url), { method: 'POST', body })
      }
    }
    if (!page.location) throw new Error(`${page.url} answers ${page.status}: ${page.text.slice(0, 500)}`)
    url = page.location
  }
  throw new Error('no end of redirects')
}
