// Counts what was compared, by subject; a difference is remembered and printed, never thrown.
import { inspect, isDeepStrictEqual } from 'node:util'

export class Comparison {
  #rows = new Map()

  /** Compares one value. */
  same(subject, what, actual, expected) {
    return this.holds(subject, what, isDeepStrictEqual(actual, expected), actual, expected)
  }

  /** Counts something that was checked otherwise. */
  holds(subject, what, fine, actual, expected = 'otherwise') {
    const row = this.#rows.get(subject) ?? { passed: 0, failed: 0 }
    this.#rows.set(subject, row)
    row[fine ? 'passed' : 'failed'] += 1
    if (!fine) {
      const show = value => inspect(value, { depth: 6, breakLength: 120, maxStringLength: 300 })
      console.error(`DIFFERENT  ${subject}: ${what}\n  is        ${show(actual)}\n  should be ${show(expected)}`)
    }
    return fine
  }

  /** Whether a time lies in a span, both ends included. */
  within(subject, what, time, [from, to]) {
    const fine = Number.isInteger(time) && time >= from && time <= to
    return this.holds(subject, what, fine, time, `between ${from} and ${to}`)
  }

  /** Does a part of the comparison; one that breaks off is a difference, and the others go on. */
  async part(subject, compare) {
    try {
      return await compare()
    } catch (error) {
      this.holds(subject, 'it broke off', false, error, 'no error')
    }
  }

  /** Prints the table; true when nothing differs. */
  close() {
    const wide = Math.max(...[...this.#rows.keys()].map(subject => subject.length))
    let [passed, failed] = [0, 0]
    console.log(`\n${'compared'.padEnd(wide)}  equal  different`)
    for (const [subject, row] of this.#rows) {
      console.log(`${subject.padEnd(wide)}  ${String(row.passed).padStart(5)}  ${String(row.failed).padStart(9)}`)
      passed += row.passed
      failed += row.failed
    }
    console.log(`\n${passed} passed, ${failed} failed`)
    return failed === 0 && passed > 0
  }
}
