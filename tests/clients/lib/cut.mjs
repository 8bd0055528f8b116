// A line to the nodes that can be cut: connections go to each node in turn, and are torn off when a test says so.
import net from 'node:net'
import { nodes } from './rpc.mjs'

/** `{ url, cut, lines, close }`; `lines()` is how many connections there have been. */
export async function cuttable() {
  const ports = nodes().map(node => Number(new URL(node).port))
  const open = new Set()
  let turn = 0
  const server = net.createServer(near => {
    const far = net.connect(ports[turn % ports.length], '127.0.0.1')
    turn += 1
    const line = { near, far }
    open.add(line)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      from.pipe(to)
      from.on('error', () => to.destroy()).on('close', () => (to.destroy(), open.delete(line)))
    }
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const { near, far } of open) for (const end of [near, far]) end.resetAndDestroy()
  }
  const close = () => {
    cut()
    return new Promise(done => server.close(done))
  }
  return { url: `http://127.0.0.1:${server.address().port}`, cut, lines: () => turn, close }
}
