// What a refused call must look like to a program that uses the unmodified client.
import assert from 'node:assert/strict'
import { isDefinedError, ORPCError, safe } from '@orpc/client'

/** The ORPCError that a call ends with; anything else fails the test. */
export async function refusal(promise) {
  const { error, data } = await safe(promise)
  assert.ok(error, `answered ${JSON.stringify(data)?.slice(0, 500)} where a refusal was expected`)
  assert.ok(error instanceof ORPCError, `not an ORPCError but ${error.stack}`)
  return error
}

/** Refused with a code that the procedure's contract declares, and exactly that data. */
export async function refusedWith(promise, code, status, data) {
  const error = await refusal(promise)
  assert.deepEqual([error.code, error.status, error.data], [code, status, data])
  assert.ok(isDefinedError(error), `${code} is not a declared error of this procedure`)
  assert.ok(error.message.length > 0)
}

/** Refused as BAD_REQUEST; the issues' paths, written as one string each, in any order. */
export async function issuePaths(promise) {
  const error = await refusal(promise)
  assert.deepEqual([error.code, error.status], ['BAD_REQUEST', 400])
  assert.ok(isDefinedError(error), 'BAD_REQUEST is not a declared error of this procedure')
  for (const issue of error.data.issues) {
    assert.ok(Array.isArray(issue.path) && typeof issue.message === 'string' && issue.message.length > 0)
  }
  return error.data.issues.map(issue => issue.path.join('.')).sort()
}

/** The envelope of a refusal as the wire has it: the keys the client allows, status twice the same. */
export function refusedOnTheWire(answer, code, status) {
  assert.match(answer.headers['content-type'] ?? '', /^application\/json/)
  const error = answer.json?.json
  assert.deepEqual([answer.status, error?.code, error?.status], [status, code, status], answer.text.slice(0, 500))
  const keys = Object.keys(error)
    .filter(key => key !== 'data')
    .sort()
  assert.deepEqual(keys, ['code', 'defined', 'message', 'status'])
  return error
}
