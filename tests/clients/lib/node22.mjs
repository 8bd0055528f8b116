// Where Node 22 is: the conformance suite's runner and the Inspector need it.
import { fileURLToPath } from 'node:url'

/** This Node where it is new enough, else the one that the packages bring. */
export function node22() {
  if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath
  const packaged = `../node_modules/node-${process.platform}-${process.arch}/bin/node`
  return fileURLToPath(new URL(packaged, import.meta.url))
}
