import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beginHistory, type CallHistory, type Exchange, legsOf } from '../../src/diagnosis/history.ts'
import type { Finding } from '../../src/finding.ts'
import { historyIn, mergedHistory } from '../../src/diagnosis/merged-history.ts'

const exchange = (command: Exchange['command'], at: number, [from, to]: [string, string], sip?: string): Exchange => ({
  at, command, from: { tag: from, profile: from }, to: { tag: to, profile: to }, sdpIn: '', sdpOut: '', findings: [],
  isEncrypted: false, wantsTranscoding: false, ...sip !== undefined && { sip },
})
const history = (startedAt: number, exchanges: Exchange[], more: Partial<CallHistory> = {}): CallHistory =>
  ({ ...beginHistory('a', startedAt), exchanges, ...more })
const finding: Finding = { id: 'DX-05', severity: 'error', confidence: 'high', title: '', why: '', fix: '', evidence: [] }

test('the parts of a call are one: in the order of time, each finding once, with the end that one has seen', () => {
  const offered = history(1, [exchange('offer', 1, ['A', 'B'])], { findings: [{ finding, firstAt: 9, lastAt: 9 }], node: 'n1' })
  const answered = history(2, [exchange('answer', 2, ['B', 'A'])], {
    findings: [{ finding, firstAt: 5, lastAt: 5 }], node: 'n2', answeredAt: 2, endedAt: 7,
  })
  for (const merged of [mergedHistory(offered, [answered]), mergedHistory(answered, [offered])]) {
    assert.deepEqual(merged.exchanges.map(({ command }) => command), ['offer', 'answer'])
    assert.deepEqual(merged.findings.map(({ firstAt }) => firstAt), [5])
    const { startedAt, answeredAt, endedAt, node } = merged
    assert.deepEqual([startedAt, answeredAt, endedAt, node], [1, 2, 7, 'n2'])
  }
})

test('of many exchanges the first two and the latest stay', () => {
  const many = (from: number) => history(from, Array.from({ length: 10 }, (_, index) => exchange('offer', from + index, ['A', 'B'])))
  const { exchanges } = mergedHistory(many(0), [many(10)])
  assert.deepEqual(exchanges.map(({ at }) => at), [0, 1, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
})

test('who is the caller is known from an answer alone', () => {
  const rolesOf = (command: Exchange['command'], sip?: string) =>
    legsOf(history(1, [exchange(command, 1, ['A', 'B'], sip)])).map(({ tag, role }) => `${role} ${tag}`)
  assert.deepEqual(rolesOf('answer', '200 INVITE'), ['caller B', 'callee A'])
  assert.deepEqual(rolesOf('answer', 'ACK'), ['caller A', 'callee B'])
  assert.deepEqual(rolesOf('offer', '200 INVITE'), ['caller B', 'callee A'])
})

test('what another instance has sent is a history of this call or nothing', () => {
  const sent = history(1, [])
  assert.deepEqual(historyIn(JSON.stringify(sent), 'a'), sent)
  for (const broken of ['', 'null', '1', '[]', '{"callId":"a"}', JSON.stringify({ ...sent, samples: 1 }), JSON.stringify({ ...sent, callId: 'b' })]) {
    assert.equal(historyIn(broken, 'a'), undefined, broken)
  }
})
