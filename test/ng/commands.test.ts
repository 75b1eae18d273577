import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  answerCommand, deleteCommand, listCommand, offerCommand, pingCommand, queryCommand, statisticsCommand,
} from '../../src/ng/commands.ts'

const sdp = Buffer.from('v=0')

test('an offer has ids by their names on the wire, the flags, and asks for load limits', () => {
  assert.deepEqual(offerCommand({ callId: 'c', fromTag: 'f', viaBranch: 'b', sdp, flags: { ICE: 'remove' } }), {
    command: 'offer', 'call-id': 'c', 'from-tag': 'f', 'via-branch': 'b', ICE: 'remove', supports: ['load limit'], sdp,
  })
})

test('an answer has both tags', () => {
  assert.deepEqual(answerCommand({ callId: 'c', fromTag: 'f', toTag: 't', sdp, flags: {} }), {
    command: 'answer', 'call-id': 'c', 'from-tag': 'f', 'to-tag': 't', supports: ['load limit'], sdp,
  })
})

test('flags cannot replace the call, the SDP or the command', () => {
  const flags = { command: 'delete', 'call-id': 'x', 'from-tag': 'x', sdp: 'x', supports: [] }
  assert.deepEqual(offerCommand({ callId: 'c', fromTag: 'f', sdp, flags }), offerCommand({ callId: 'c', fromTag: 'f', sdp, flags: {} }))
})

test('what else a request holds does not reach the wire', () => {
  const request = { callId: 'c', fromTag: 'f', sdp, flags: {}, deadline: 5, vars: { trunk: 'acme' } }
  assert.deepEqual(Object.keys(offerCommand(request)).sort(), ['call-id', 'command', 'from-tag', 'sdp', 'supports'])
})

test('a delete by call-id alone ends the whole call, at once when told', () => {
  assert.deepEqual(deleteCommand({ callId: 'c' }), { command: 'delete', 'call-id': 'c' })
  assert.deepEqual(deleteCommand({ callId: 'c', deleteDelaySeconds: 0 }), { command: 'delete', 'call-id': 'c', 'delete-delay': 0 })
})

test('a delete with a to-tag has the flag that newer nodes want for it, beside the others', () => {
  const leg = { callId: 'c', fromTag: 'f', toTag: 't' }
  assert.deepEqual(deleteCommand(leg).flags, ['to-tag'])
  assert.deepEqual(deleteCommand({ ...leg, flags: { flags: ['fatal'] } }).flags, ['fatal', 'to-tag'])
  assert.deepEqual(deleteCommand({ ...leg, flags: { flags: 'fatal,fast' } }).flags, ['fatal', 'fast', 'to-tag'])
})

test('asks for calls, lists, statistics and life', () => {
  assert.deepEqual(queryCommand({ callId: 'c', fromTag: 'f' }), { command: 'query', 'call-id': 'c', 'from-tag': 'f' })
  assert.deepEqual(listCommand(), { command: 'list' })
  assert.deepEqual(listCommand({ limit: 100 }), { command: 'list', limit: 100 })
  assert.deepEqual(statisticsCommand(), { command: 'statistics' })
  assert.deepEqual(pingCommand(), { command: 'ping' })
})
