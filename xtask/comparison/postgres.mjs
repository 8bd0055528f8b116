// The tools on PostgreSQL: a pool, prepared statements; what a call writes is one statement, so one round trip commits it.
import pg from 'pg'

import { uuid } from './ids.mjs'
import * as sql from './statements.mjs'

pg.types.setTypeParser(pg.types.builtins.INT8, Number)

const POOL = 32
const numbered = text => text.replaceAll('?', '$')
/** RECORD and COMPLETE at once; COMPLETE's parameters come after those of RECORD. */
const RECORD_AND_COMPLETE = `
  with completed as (${numbered(sql.COMPLETE).replace(/\$([1-4])/g, (_, at) => `$${Number(at) + 11}`)})
  ${numbered(sql.RECORD)}`

export class Postgres {
  constructor(url) {
    this.pool = new pg.Pool({ connectionString: url, max: POOL })
  }

  static async open(url, counters) {
    const store = new Postgres(url)
    if (!counters) {
      for (const [trigger, table] of sql.COUNTERS) await store.pool.query(`drop trigger if exists ${trigger} on ${table}`)
    }
    return store
  }

  async calls() {
    return (await this.query('CALLS', []))[0].calls
  }

  /** By name, so that each connection prepares it once. */
  async query(name, values, text = numbered(sql[name])) {
    return (await this.pool.query({ name, text, values })).rows
  }

  async admit(slug, trackingId, client, heardSince) {
    const [found] = await this.query('ADMIT', [slug, trackingId, client.name, heardSince])
    if (!found) return undefined
    return found.visit ? found : this.visit(found, trackingId, client, null)
  }

  async connect(slug, trackingId, client, keyHash) {
    const [found] = await this.query('ADMIT', [slug, trackingId, client.name, Date.now()])
    return found && this.visit(found, trackingId, client, keyHash)
  }

  async visit({ organization, server, person: known }, trackingId, client, keyHash) {
    const now = Date.now()
    const person = known ?? (await this.query('WELCOME', [uuid(), organization, trackingId, now]))[0].id
    const visit = uuid()
    const identity = `tracking:${trackingId}`
    await this.query('VISIT', [
      visit, organization, server, person, keyHash, client.name, client.version, client.protocol, identity, now,
    ])
    return { organization, server, person, visit }
  }

  async getNextStep(guest, call, decide) {
    const rows = await this.steps(guest)
    const { answer, completes } = decide(rows)
    const record = [uuid(), ...sql.recorded(guest, call, answer)]
    if (completes) {
      const completion = [guest.organization, rows[0].runId, completes, call.at]
      await this.query('RECORD_AND_COMPLETE', [...record, ...completion], RECORD_AND_COMPLETE)
    } else {
      await this.query('RECORD', record)
    }
    return answer
  }

  async startWalkthrough(guest, call, restart, decide) {
    const [offered] = await this.query('OFFERED', [guest.organization, guest.server, guest.person])
    if (offered && (restart || offered.attempt === null)) {
      await this.query('BEGIN', [
        uuid(), guest.organization, guest.person, guest.server, offered.walkthrough, (offered.attempt ?? 0) + 1, call.at,
      ])
    }
    const { answer } = decide(await this.steps(guest))
    await this.query('RECORD', [uuid(), ...sql.recorded(guest, call, answer)])
    return answer
  }

  async steps({ organization, server, person }) {
    const rows = await this.query('STEPS', [organization, server, person])
    return rows.map(row => ({
      id: row.id,
      title: row.title,
      displayOrder: row.display_order,
      contentFields: row.content_fields,
      walkthroughId: row.walkthrough_id,
      walkthroughTitle: row.walkthrough_title,
      runId: row.run_id,
      done: row.done,
    }))
  }
}
