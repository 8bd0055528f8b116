// What the TypeScript SDKs, old and new, ask an application to keep for them.
import { REDIRECT } from './oauth.mjs'

/** Everything in memory; says where a person has to go, and sends nobody there. */
export class Wallet {
  authorizationUrl
  #kept = {}
  #state = crypto.randomUUID()

  constructor(clientId) {
    // The SDKs take an https address for a client with a document; given as known, any address does.
    if (clientId) this.#kept.client = { client_id: clientId }
  }

  redirectUrl = REDIRECT
  clientMetadata = {
    client_name: 'guildhall-sign-in',
    redirect_uris: [REDIRECT],
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
  }
  state() {
    return this.#state
  }
  clientInformation() {
    return this.#kept.client
  }
  saveClientInformation(client) {
    this.#kept.client = client
  }
  tokens() {
    return this.#kept.tokens
  }
  saveTokens(tokens) {
    this.#kept.tokens = tokens
  }
  codeVerifier() {
    return this.#kept.verifier
  }
  saveCodeVerifier(verifier) {
    this.#kept.verifier = verifier
  }
  discoveryState() {
    return this.#kept.discovery
  }
  saveDiscoveryState(discovery) {
    this.#kept.discovery = discovery
  }
  redirectToAuthorization(url) {
    this.authorizationUrl = url
  }
  invalidateCredentials(what) {
    for (const name of what === 'all' ? Object.keys(this.#kept) : [what]) delete this.#kept[name]
  }

  /** As after a quarter of an hour: the access token is worth nothing any more. */
  wait() {
    this.#kept.tokens = { ...this.#kept.tokens, access_token: 'ghma_of-yesterday' }
  }

  /** All that the client was ever given. */
  everything() {
    return JSON.stringify(this.#kept)
  }
}
