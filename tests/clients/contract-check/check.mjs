// The contract that the server gives away: it compiles, strictly, with a program that uses it, and it is the truth.
// GUILDHALL_URL=http://127.0.0.1:3000 node --test contract-check/check.mjs
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createORPCClient } from '@orpc/client'
import { inferRPCMethodFromContractRouter } from '@orpc/contract'
import { OpenAPILink } from '@orpc/openapi-client/fetch'
import typescript from 'typescript'
import { nodes, rpc, withOrganization } from '../lib/rpc.mjs'

const [base] = nodes()
const here = name => fileURLToPath(new URL(name, import.meta.url))
let source
let contract
let ann
before(async () => {
  const answer = await fetch(`${base}/contract.ts`)
  assert.equal(answer.status, 200)
  source = await answer.text()
  writeFileSync(here('contract.ts'), source)
  ann = await withOrganization('Ann')
})

test('it compiles under --strict with a program that uses it', () => {
  const tsc = fileURLToPath(import.meta.resolve('typescript/lib/tsc.js'))
  const run = spawnSync(process.execPath, [tsc, '--project', here('tsconfig.json')], { encoding: 'utf8' })
  assert.equal(run.status, 0, run.stdout + run.stderr)
})

test('it loads, and no procedure is missing that the OpenAPI document has', async () => {
  const options = { module: typescript.ModuleKind.ESNext, target: typescript.ScriptTarget.ES2022 }
  const { outputText } = typescript.transpileModule(source, { compilerOptions: options })
  // A file beside this one, because its bare imports could not be resolved from a data: URL.
  writeFileSync(here('contract.mjs'), outputText)
  contract = (await import(`./contract.mjs?${Date.now()}`)).contract
  const names = []
  const walk = (node, path) => {
    for (const [key, value] of Object.entries(node)) {
      if ('~orpc' in value) names.push([...path, key].join('.'))
      else walk(value, [...path, key])
    }
  }
  walk(contract, [])
  const openapi = await (await fetch(`${base}/openapi.json`)).json()
  const operations = Object.values(openapi.paths).flatMap(path => Object.values(path).map(one => one.operationId))
  assert.deepEqual(names.sort(), operations.filter(Boolean).sort())
  for (const name of ['auth.signUp', 'organization.listMembers', 'supportTickets.updateStatus', 'toolCalls.getChart']) {
    assert.ok(names.includes(name), name)
  }
})

test('it says which procedures are queries', async () => {
  assert.ok(contract)
  const methods = []
  const method = inferRPCMethodFromContractRouter(contract)
  const fetchAndTell = (request, init) => {
    methods.push(request.method)
    return fetch(request, init)
  }
  const client = rpc({ token: ann.token, method, fetch: fetchAndTell })
  assert.deepEqual((await client.auth.getSession()).user, ann.user)
  await client.account.switchOrganization({ organizationId: ann.organization.id })
  assert.deepEqual(methods, ['GET', 'POST'])
})

test('the same procedures answer over plain JSON', async () => {
  assert.ok(contract)
  const headers = { authorization: `Bearer ${ann.token}` }
  const plain = createORPCClient(new OpenAPILink(contract, { url: `${base}/api`, headers }))
  assert.deepEqual((await plain.auth.getSession()).user, ann.user)
  const { members } = await plain.organization.listMembers({ pageSize: 5 })
  assert.match(members[0].createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  await assert.rejects(plain.mcpServers.get({ serverId: 'srv_01jd0000000000000000000000' }), {
    code: 'RESOURCE_NOT_FOUND',
    status: 404,
    defined: true,
    data: { resource: 'mcp_server' },
  })
})
