import assert from 'node:assert/strict'
import test from 'node:test'
import { actionFor } from '../../src/policy/conformance.ts'

test('by itself repairs what rtpengine leaves behind and observes the rest', () => {
  assert.equal(actionFor({}, 'SIP-07', 'warning'), 'repair')
  assert.equal(actionFor({}, 'SDES-02', 'error'), 'observe')
  assert.equal(actionFor({}, 'constructor', 'error'), 'observe')
})

test('what names a rule wins over the default, and the default over nothing but observing', () => {
  const conformance = { default: 'reject', 'SIP-07': 'observe', 'SDES-02': 'repair' } as const
  assert.equal(actionFor({ conformance }, 'SIP-07', 'warning'), 'observe')
  assert.equal(actionFor({ conformance }, 'SDES-02', 'error'), 'repair')
  assert.equal(actionFor({ conformance }, 'ANY-06', 'error'), 'reject')
  assert.equal(actionFor({ conformance }, 'SIP-01', 'error'), 'repair')
})

test('rejecting by default is for errors alone, repairing by default for what can be repaired', () => {
  assert.equal(actionFor({ conformance: { default: 'reject' } }, 'ANY-15', 'warning'), 'observe')
  assert.equal(actionFor({ conformance: { default: 'repair' } }, 'ANY-15', 'warning'), 'repair')
  assert.equal(actionFor({ conformance: { default: 'repair' } }, 'WEB-02', 'error'), 'observe')
})
