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
