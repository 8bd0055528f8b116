// HTTP as no client library would send it: any Host, any Origin, any body, half a header.
import './localhost.mjs'
import http from 'node:http'
import net from 'node:net'

/**
 * One request; `body` is sent as it is, in chunks of unknown length where `chunked`.
 * @returns {Promise<{ status: number, headers: http.IncomingHttpHeaders, text: string, json: any }>}
 */
export function send(url, { method = 'POST', headers = {}, body, chunked = false } = {}) {
  return new Promise((resolve, reject) => {
    const length = body === undefined || chunked ? {} : { 'content-length': Buffer.byteLength(body) }
    const request = http.request(url, { method, headers: { ...length, ...headers }, agent: false }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', chunk => (text += chunk))
      response.on('error', reject).on('end', () => resolve(answer(response, text)))
    })
    request.setTimeout(30_000, () => request.destroy(new Error(`no answer from ${url} in 30 s`)))
    // A server that refuses a body early may close while we still write; then only a missing answer is an error.
    let refused
    request.on('error', error => (refused = error)).on('close', () => refused && reject(refused))
    if (chunked) request.write(body)
    request.end(chunked ? undefined : body)
  })
}

function answer(response, text) {
  let json
  try {
    json = JSON.parse(text)
  } catch {
    json = undefined
  }
  return { status: response.statusCode, headers: response.headers, text, json }
}

/** A call of a procedure, envelope and all, without a client. */
export function call(base, procedure, { input, body, headers = {}, method = 'POST', ...rest } = {}) {
  const sent = body ?? JSON.stringify(input === undefined ? {} : { json: input })
  return send(`${base}/rpc/${procedure.replace('.', '/')}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: method === 'GET' ? undefined : sent,
    ...rest,
  })
}

export const MCP_HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

/** One JSON-RPC message of the handshake era. */
export function mcp(url, method, params = {}, headers = {}) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  return send(url, { headers: { ...MCP_HEADERS, ...headers }, body })
}

/** The `initialize` of the handshake era. */
export function initialize(url, headers = {}) {
  const clientInfo = { name: 'guildhall-client-tests', version: '1' }
  return mcp(url, 'initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }, headers)
}

/** Writes the beginning of a request and no more; the milliseconds until the server hangs up, and what it said. */
export function stall(base, beginning, boundMs) {
  const { hostname, port } = new URL(base)
  return new Promise((resolve, reject) => {
    const began = Date.now()
    let text = ''
    const socket = net.connect({ host: hostname, port: Number(port) || 80 }, () => socket.write(beginning))
    const clock = setTimeout(() => socket.destroy(new Error(`still open after ${boundMs} ms`)), boundMs)
    socket
      .setEncoding('utf8')
      .on('data', chunk => (text += chunk))
      .on('end', () => socket.end())
    socket.on('error', error => (error.code === 'ECONNRESET' ? undefined : reject(error)))
    socket.on('close', () => {
      clearTimeout(clock)
      resolve({ ms: Date.now() - began, text })
    })
  })
}
