import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NgpilotError, type ErrorCode } from '../../src/errors.ts'
import { outcomeOf } from '../../src/fleet/outcome.ts'
import { refusalOf } from '../../src/ng/reply.ts'
import type { NgReply } from '../../src/ng/types.ts'

const waiting = { isSent: true, waitedMs: 200, allowedMs: 200 }

function refusal (reply: NgReply): unknown {
  return refusalOf({ id: 'n1', host: '127.0.0.1', port: 2223 }, { command: 'offer' }, reply)
}

function kindOf (code: ErrorCode, cause?: unknown): string {
  return outcomeOf(new NgpilotError(code, 'message', { cause }), waiting).kind
}

test('an error about the call is a reply, a limit makes the node busy', () => {
  for (const reason of ['Unknown call-id', 'Failed to parse SDP', 'Unrecognized command']) {
    assert.equal(outcomeOf(refusal({ result: 'error', 'error-reason': reason }), waiting).kind, 'reply', reason)
  }
  for (const reason of ['Parallel session limit reached', 'Ran out of ports']) {
    assert.deepEqual(outcomeOf(refusal({ result: 'error', 'error-reason': reason }), waiting), { kind: 'busy', reason })
  }
  assert.deepEqual(outcomeOf(refusal({ result: 'load limit', message: 'Load limit exceeded' }), waiting),
    { kind: 'busy', reason: 'Load limit exceeded' })
})

test('silence is a timeout, a closed port or unknown name a refusal', () => {
  assert.deepEqual(outcomeOf(new NgpilotError('ng_timeout', 'silent'), waiting), { kind: 'timeout', waitedMs: 200 })
  const refused = outcomeOf(new NgpilotError('no_node', 'refused', { cause: systemError('ECONNREFUSED') }), waiting)
  assert.deepEqual(refused, { kind: 'refused', reason: 'nothing listens for NG at its address', waitedMs: 200, isGone: true })
  const unknown = outcomeOf(new NgpilotError('no_node', 'unknown', { cause: systemError('ENOTFOUND') }), waiting)
  assert.deepEqual(unknown, { kind: 'refused', reason: 'it cannot be reached: ENOTFOUND', waitedMs: 200, isGone: false })
})

test('what TLS says of a node is told in words', () => {
  const said = '808C6A2BD37F0000:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../deps/'
    + 'openssl/openssl/ssl/record/rec_layer_s3.c:1601:SSL alert number 116\n'
  const outcome = outcomeOf(new NgpilotError('no_node', 'unreachable', { cause: new Error(said) }), waiting)
  assert.equal('reason' in outcome && outcome.reason, 'it cannot be reached: tlsv13 alert certificate required')
})

test('what fails on our side says nothing', () => {
  for (const code of ['bad_request', 'too_large', 'stopping', 'internal', 'store_unavailable'] as const) assert.equal(kindOf(code), 'local', code)
  for (const code of ['EMFILE', 'ENOBUFS', 'EPERM', 'ENETUNREACH']) assert.equal(kindOf('no_node', systemError(code)), 'local', code)
  assert.equal(outcomeOf(new TypeError('a bug'), waiting).kind, 'local')
})

test('a command that never went out or had no time, or an error that comes because this process stood still, says nothing', () => {
  const silent = new NgpilotError('ng_timeout', 'silent')
  assert.equal(outcomeOf(silent, { isSent: true, waitedMs: 3, allowedMs: 3 }).kind, 'local')
  assert.equal(outcomeOf(silent, { isSent: true, waitedMs: 900, allowedMs: 400 }).kind, 'local')
  assert.equal(outcomeOf(silent, { isSent: true, waitedMs: 410, allowedMs: 400 }).kind, 'timeout')
  assert.equal(outcomeOf(silent, { isSent: false, waitedMs: 400, allowedMs: 400 }).kind, 'local')
  assert.equal(outcomeOf(new NgpilotError('no_node', 'too many wait'), { ...waiting, isSent: false }).kind, 'local')
})

function systemError (code: string): Error {
  return Object.assign(new Error(code), { code })
}
