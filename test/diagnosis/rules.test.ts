import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DiagnosedCall } from '../../src/diagnosis/call.ts'
import { diagnose, diagnosisRules } from '../../src/diagnosis/diagnose.ts'
import { callee, caller, callWith, cases, healthy, media, nothing, sample, silentSince, start, streams, webStreams } from './cases.ts'

const idsOf = (call: DiagnosedCall) => diagnose(call).map(({ id }) => id)

test('has cases for every rule and a rule for every case', () => {
  assert.deepEqual(diagnosisRules.map(({ id }) => id).sort(), Object.keys(cases).sort())
})

for (const [id, { trips, with: others = [], misses }] of Object.entries(cases)) {
  test(`${id}: each of its calls trips it, the near misses do not`, () => {
    assert.ok(trips.length > 0 && misses.length > 0)
    for (const [index, call] of trips.entries()) assert.deepEqual(idsOf(call).sort(), [id, ...others].sort(), `trips[${index}]`)
    for (const [index, call] of misses.entries()) assert.ok(!idsOf(call).includes(id), `misses[${index}]`)
  })
}

test('a healthy call has no finding, at any time', () => {
  for (const count of [1, 2, 3, 4]) assert.deepEqual(idsOf(callWith([2, 5, 25, 60].slice(0, count).map(healthy))), [])
})

test('a call without an answer, without samples or without legs has none', () => {
  assert.deepEqual(diagnose({ legs: [caller, callee], samples: [] }), [])
  assert.deepEqual(diagnose({ legs: [], samples: [healthy(9)] }), [])
  assert.deepEqual(diagnose({ legs: [caller], samples: [healthy(9)] }), [])
})

test('an address that cannot be reached is named', () => {
  const detailFor = (address: string) => {
    const lost = streams(0, { rtp: { ...nothing, endpoint: { address, port: 5004 } } })
    return diagnose(callWith([sample(6, media([webStreams(6)], [lost]))]))[0]?.detail
  }
  assert.match(detailFor('10.1.2.3') ?? '', /10\.1\.2\.3, a private address/)
  assert.equal(detailFor('198.51.100.9'), undefined)
})

test('audio that stopped is told with its second and what that means', () => {
  const detailOf = (web: ReturnType<typeof streams>, phone: ReturnType<typeof streams>) =>
    diagnose(callWith([healthy(10), sample(60, media([web], [phone]))]))[0]?.detail ?? ''
  assert.match(detailOf(webStreams(60, { rtp: silentSince(12) }), streams(60)), /12 s after the call began; browsers give a path up/)
  // RTCP on the same port goes on: 40 packets more in 50 s.
  const muted = { received: { packets: 540, bytes: 540 * 172, errors: 0 }, lastPacketAt: start + 59_000 }
  assert.match(detailOf(webStreams(60, { rtp: muted }), streams(60)), /RTCP still comes/)
  assert.match(detailOf(webStreams(60), streams(60, { rtp: silentSince(32) })), /no ACK/)
})
