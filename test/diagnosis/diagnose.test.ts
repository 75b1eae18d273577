import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { diagnose, diagnosisRules } from '../../src/diagnosis/diagnose.ts'
import { callOf, queryReply } from './calls.ts'

/** What each real reply must lead to; every other id would be a false alarm. */
const expected: Record<string, string[]> = {
  'plain-healthy': [],
  'plain-loss-jitter': ['DX-13 callee (phone)', 'DX-12 caller (browser)'],
  'plain-natport-asymmetric': [],
  'plain-natport-learned': [],
  'plain-oneway-callee-silent': ['DX-06 callee (phone)'],
  'plain-private-sdp-address': [],
  'plain-ptime30-vs-20': ['DX-11'],
  'sdes-auth-failure': ['DX-04 callee (phone)'],
  'sdes-healthy': [],
  'webrtc-after-icerestart': [],
  'webrtc-after-icerestart-dtls-closed': ['DX-26 caller (browser)'],
  'webrtc-answer-never-applied': ['DX-01 caller (browser)'],
  'webrtc-dtls-browser-rejects-cert': ['DX-02 caller (browser)'],
  'webrtc-dtls-rtpengine-rejects-cert': ['DX-01 caller (browser)'],
  'webrtc-healthy-opus-pcmu': [],
  'webrtc-healthy-pcmu': [],
  'webrtc-ice-bad-password': ['DX-01 caller (browser)'],
}

for (const file of readdirSync(new URL('../data/query', import.meta.url)).filter((name) => name.endsWith('.json')).sort()) {
  const name = file.replace(/\.json$/, '')
  test(`${name} is diagnosed as what it is`, () => {
    const media = queryReply(name)
    const call = callOf(media)
    const last = call.samples.at(-1)?.at ?? 0
    // That a stream stands still takes two samples to see.
    const samples = name.includes('dtls-closed') ? [{ at: last - 5000, media }, { at: last, media }] : call.samples
    const findings = diagnose({ ...call, samples })
    assert.deepEqual(findings.map(({ id, leg }) => leg ? `${id} ${leg}` : id), expected[name.slice(4)])
    for (const { evidence } of findings) assert.ok(evidence.length > 0)
  })
}

test('ids of rules are unique', () => {
  const ids = diagnosisRules.map(({ id }) => id)
  assert.equal(new Set(ids).size, ids.length)
})
