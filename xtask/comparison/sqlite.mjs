// The tools on SQLite: one connection, prepared statements, one transaction a call, synced before it is answered.
import { DatabaseSync } from 'node:sqlite'

import { uuid } from './ids.mjs'
import * as sql from './statements.mjs'

const bytes = id => Buffer.from(id.replaceAll('-', ''), 'hex')
const words = blob => Buffer.from(blob).toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')

export class Sqlite {
  constructor(path, counters) {
    this.database = new DatabaseSync(path, { timeout: 5000, enableForeignKeyConstraints: true })
    this.database.exec('pragma journal_mode = wal; pragma synchronous = full')
    if (!counters) {
      for (const [trigger] of sql.COUNTERS) this.database.exec(`drop trigger if exists ${trigger}`)
    }
    const prepare = text => this.database.prepare(text)
    this.do = Object.fromEntries(
      ['ADMIT', 'STEPS', 'OFFERED', 'BEGIN', 'COMPLETE', 'RECORD', 'WELCOME', 'VISIT'].map(name => [name, prepare(sql[name])]),
    )
    this.begin = prepare('begin immediate')
    this.commit = prepare('commit')
  }

  async calls() {
    return this.database.prepare(sql.CALLS).get().calls
  }

  /** Everything that `work` writes, durably, or nothing. */
  whole(work) {
    this.begin.run()
    try {
      const answer = work()
      this.commit.run()
      return answer
    } catch (error) {
      if (this.database.isTransaction) this.database.exec('rollback')
      throw error
    }
  }

  async admit(slug, trackingId, client, heardSince) {
    const found = this.do.ADMIT.get(slug, trackingId, client.name, heardSince)
    if (!found) return undefined
    return found.visit ? found : this.whole(() => this.visit(found, trackingId, client, null))
  }

  async connect(slug, trackingId, client, keyHash) {
    const found = this.do.ADMIT.get(slug, trackingId, client.name, Date.now())
    return found && this.whole(() => this.visit(found, trackingId, client, keyHash))
  }

  visit({ organization, server, person: known }, trackingId, client, keyHash) {
    const now = Date.now()
    const person = known ?? this.do.WELCOME.get(bytes(uuid()), organization, trackingId, now).id
    const visit = bytes(uuid())
    const identity = `tracking:${trackingId}`
    this.do.VISIT.run(
      visit, organization, server, person, keyHash, client.name, client.version, client.protocol, identity, now,
    )
    return { organization, server, person, visit }
  }

  async getNextStep(guest, call, decide) {
    return this.whole(() => {
      const rows = this.steps(guest)
      const { answer, completes } = decide(rows)
      if (completes) this.do.COMPLETE.run(guest.organization, rows[0].runId, bytes(completes), call.at)
      this.record(guest, call, answer)
      return answer
    })
  }

  async startWalkthrough(guest, call, restart, decide) {
    return this.whole(() => {
      const offered = this.do.OFFERED.get(guest.organization, guest.server, guest.person)
      if (offered && (restart || offered.attempt === null)) {
        this.do.BEGIN.run(
          bytes(uuid()), guest.organization, guest.person, guest.server, offered.walkthrough,
          (offered.attempt ?? 0) + 1, call.at,
        )
      }
      const { answer } = decide(this.steps(guest))
      this.record(guest, call, answer)
      return answer
    })
  }

  steps({ organization, server, person }) {
    return this.do.STEPS.all(organization, server, person).map(row => ({
      id: words(row.id),
      title: row.title,
      displayOrder: row.display_order,
      contentFields: row.content_fields,
      walkthroughId: words(row.walkthrough_id),
      walkthroughTitle: row.walkthrough_title,
      runId: row.run_id,
      done: row.done === 1,
    }))
  }

  record(guest, call, answer) {
    const values = sql.recorded(guest, call, answer)
    this.do.RECORD.run(bytes(uuid()), ...values.map(value => (typeof value === 'boolean' ? Number(value) : value)))
  }
}
