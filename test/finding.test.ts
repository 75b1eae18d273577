import assert from 'node:assert/strict'
import test from 'node:test'
import { byGravity, type FindingKind, findingOf, masked } from '../src/finding.ts'

const kind: FindingKind = { id: 'SIP-01', severity: 'warning', leg: 'SIP', title: 'title', why: 'why', fix: 'fix', reference: 'RFC 1 §2' }

test('a finding explains itself and may be graver than its kind', () => {
  assert.deepEqual(findingOf(kind, { severity: 'error', leg: 'carrier', evidence: [{ line: 3, field: 'a=mid', value: '0' }] }), {
    id: 'SIP-01', severity: 'error', confidence: 'high', title: 'title', why: 'why', fix: 'fix', reference: 'RFC 1 §2',
    leg: 'carrier', evidence: [{ line: 3, field: 'a=mid', value: '0' }],
  })
})

test('the gravest and surest come first', () => {
  const all = [['note', 'high'], ['error', 'low'], ['warning', 'high'], ['error', 'high']] as const
  const sorted = all.map(([severity, confidence]) => findingOf(kind, { severity, confidence, evidence: [] })).sort(byGravity)
  assert.deepEqual(sorted.map(({ severity, confidence }) => `${severity} ${confidence}`), ['error high', 'error low', 'warning high', 'note high'])
})

test('masks what is secret in a line and leaves the rest', () => {
  assert.equal(masked('a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:l6KtuMPO2eTv|2^31|1:1'), 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:[masked]|2^31|1:1')
  assert.equal(masked('a=ice-pwd:rhVy6mX\r\na=ice-ufrag:0ZpZ'), 'a=ice-pwd:[masked]\r\na=ice-ufrag:0ZpZ')
  assert.equal(masked('k=clear:abc'), 'k=clear:[masked]')
})
