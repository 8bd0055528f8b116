// A fetch that sends each request to the next node in turn; the client above knows of one address only.

/** @param {string[]} urls the same endpoint on each node */
export function alternate(urls) {
  const nodes = urls.map(url => new URL(url))
  const sent = urls.map(() => 0)
  let turn = 0
  const fetchInTurn = async (input, init) => {
    const node = nodes[turn % nodes.length]
    sent[turn % nodes.length] += 1
    turn += 1
    const url = new URL(input instanceof Request ? input.url : input)
    url.protocol = node.protocol
    url.host = node.host
    if (!(input instanceof Request)) return fetch(url, init)
    const { method, headers, signal, redirect } = input
    const body = method === 'GET' || method === 'HEAD' ? undefined : await input.arrayBuffer()
    return fetch(url, { method, headers, body, signal, redirect, ...init })
  }
  return Object.assign(fetchInTurn, { sent })
}

/**
 * The same for whoever has to believe in one address: of the nodes' shared one only the port changes, the names stay.
 * Other servers are asked as they are.
 */
export function alternatePorts(urls, ask = fetch) {
  const ports = urls.map(url => new URL(url).port)
  const sent = urls.map(() => 0)
  let turn = 0
  const askInTurn = (input, init) => {
    const url = new URL(input)
    if (url.port !== ports[0]) return ask(input, init)
    url.port = ports[turn % ports.length]
    sent[turn % ports.length] += 1
    turn += 1
    return ask(url, init)
  }
  return Object.assign(askInTurn, { sent })
}
