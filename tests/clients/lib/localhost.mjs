// Every name below .localhost is this machine (RFC 6761, 6.3), also where the system's resolver says nothing.
// Import it first: fetch and node:http look names up through `dns.lookup` each time they connect.
import dns from 'node:dns'

const system = dns.lookup

dns.lookup = function lookup(name, options, callback) {
  const done = typeof options === 'function' ? options : callback
  const wanted = typeof options === 'object' ? options : {}
  if (!String(name).replace(/\.$/, '').endsWith('.localhost')) return system(name, options, callback)
  if (wanted.all) return process.nextTick(done, null, [{ address: '127.0.0.1', family: 4 }])
  return process.nextTick(done, null, '127.0.0.1', 4)
}
