// UUIDs of version 7: new rows stand together, as Guildhall's do.
import { randomFillSync } from 'node:crypto'

const pool = Buffer.alloc(16 * 256)
let used = pool.length

/** A fresh one. */
export function uuid() {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const id = pool.subarray(used, (used += 16))
  id.writeUIntBE(Date.now(), 0, 6)
  id[6] = (id[6] & 0x0f) | 0x70
  id[8] = (id[8] & 0x3f) | 0x80
  return id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
