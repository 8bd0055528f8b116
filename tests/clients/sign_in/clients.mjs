// Every generation of official client signs a person in, at both addresses of a server, and is out when it is out.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { discover, post, refusedAt, welcomeAt } from '../lib/oauth.mjs'
import { Person } from '../lib/person.mjs'
import { everything, nodes, withOrganization } from '../lib/rpc.mjs'
import { SDKS } from '../lib/sdk.mjs'
import { publish, readers } from './servers.mjs'

let olga, ours, others, ann
const signedIn = []
before(async () => {
  olga = await withOrganization('Olga')
  ours = await publish(olga, 'Sign-in help')
  others = [await publish(olga, 'Our other help'), await publish(await withOrganization('Nina'), 'Next door')]
  ann = new Person('ann')
})

for (const sdk of SDKS) {
  for (const face of ['path', 'host']) {
    test(`${sdk.name} signs in by ${face}, goes on, and is out once its token is given back`, async () => {
      const url = ours.endpoint[face]
      const name = `${sdk.name}-${face}`
      const client = await sdk.make(url, name)
      try {
        const asked = await client.begin()
        assert.ok(asked.href.startsWith(`${ours.issuer[face]}/oauth/authorize?`), asked.href)
        assert.equal(asked.searchParams.get('resource'), url)
        const back = await ann.signIn(asked)
        assert.equal(back.searchParams.get('iss'), ours.issuer[face])

        const first = await client.finish(back)
        assert.ok(first.tools.includes('get_support'), first.tools)
        // The address is proven, so nobody is asked for one.
        assert.deepEqual([first.call.isError, first.call.answer?.status], [false, 'pending'])
        const next = await client.refresh()
        assert.deepEqual([next.call.isError, next.call.answer?.status], [false, 'pending'])
        assert.notEqual(next.tokens.access, first.tokens.access)
        assert.notEqual(next.tokens.refresh, first.tokens.refresh)
        assert.ok(
          next.sent.every(count => count > 0),
          `requests per node: ${next.sent}`,
        )
        signedIn.push(name)

        await worthNothingElsewhere(next.tokens)
        const { server } = await discover(url)
        const given = { token: next.tokens.refresh, client_id: next.tokens.client }
        assert.equal((await post(server.revocation_endpoint, given)).status, 200)
        for (const token of [first.tokens.access, next.tokens.access]) await refusedAt(url, token)
        const anew = await client.again()
        assert.ok(anew.href.startsWith(`${ours.issuer[face]}/oauth/authorize?`), anew.href)
      } finally {
        await client.close()
      }
    })
  }
}

/** At its own server a token is good under both addresses; at another it is none (RFC 8707). */
async function worthNothingElsewhere({ access, refresh, client }) {
  for (const url of Object.values(ours.endpoint)) await welcomeAt(url, access)
  for (const url of others.flatMap(other => Object.values(other.endpoint))) {
    await refusedAt(url, access)
    const { server } = await discover(url)
    const { status, said } = await post(server.token_endpoint, {
      grant_type: 'refresh_token',
      refresh_token: refresh,
      client_id: client,
    })
    assert.deepEqual([status, said.error], [401, 'invalid_client'])
    assert.equal((await post(server.revocation_endpoint, { token: access, client_id: client })).status, 401)
  }
}

test('all of that was one person, whose address is proven, and nobody was seen at our other server', async () => {
  assert.equal(signedIn.length, SDKS.length * 2, 'not every client signed in')
  const people = await readers(olga, ours)
  assert.deepEqual(
    people.map(one => [one.email, one.trackingId]),
    [[ann.email, null]],
  )
  assert.deepEqual(await readers(olga, others[0]), [])
  const sessions = await everything(olga.client.sessions.list, { serverId: ours.id })
  for (const name of signedIn) {
    const own = sessions.filter(one => one.clientName === name)
    assert.deepEqual(
      own.map(one => one.mcpUserId),
      [people[0].id],
      name,
    )
    const calls = await olga.client.sessions.getToolCalls({ sessionId: own[0].id })
    assert.deepEqual(
      calls.map(call => [call.toolName, call.isError]),
      [
        ['get_support', false],
        ['get_support', false],
      ],
    )
  }
  const tickets = await everything(olga.client.supportTickets.list, { serverId: ours.id })
  assert.deepEqual([...new Set(tickets.map(ticket => ticket.email))], [ann.email])
  assert.equal(tickets.length, signedIn.length * 2)
})

after(() => console.log(`clients: ${signedIn.length} of ${SDKS.length * 2} sign-ins, over ${nodes().length} node(s)`))
