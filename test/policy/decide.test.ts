import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decide, profileOf } from '../../src/policy/decide.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import type { LegFacts, Policy } from '../../src/policy/types.ts'
import { policyOf } from './directory.ts'
import { factsOf } from './facts.ts'
import { chromium } from './offers.ts'

/** The name of the profile that a leg gets. */
const profileOfLeg = (policy: Policy, leg: LegFacts, vars: Record<string, string> = {}) => profileOf(policy, factsOf({ sender: leg, vars }), 'sender').name

const policyText = `
profiles:
  browser: { extends: webrtc }
  carrier: { extends: sip }
  v6: { extends: sip }
  secure: { extends: sip-sdes }
endpoints:
  - { profile: browser, match: { transport: [ws, wss] } }
  - { profile: secure, match: { transport: tls, address: [198.51.100.0/24, "2001:db8:1::/48"] } }
  - { profile: carrier, match: { vars: { trunk: acme, region: eu } } }
  - { profile: v6, match: { address: "2001:db8::1" } }
  - { profile: carrier, match: { address: 203.0.113.7 } }
`

test('the first endpoint whose conditions all hold names the profile', async (t) => {
  const policy = await policyOf(t, policyText)
  const found = (leg: LegFacts, vars = {}) => profileOfLeg(policy, leg, vars)
  assert.equal(found({ transport: 'wss' }), 'browser')
  assert.equal(found({ transport: 'WS', address: '203.0.113.7' }), 'browser')
  assert.equal(found({ transport: 'tls', address: '198.51.100.200' }), 'secure')
  assert.equal(found({ transport: 'tls', address: '2001:db8:1:ffff::1' }), 'secure')
  assert.equal(found({ transport: 'udp', address: '198.51.100.200' }), 'sip')
  assert.equal(found({ transport: 'udp' }, { trunk: 'acme', region: 'eu', more: 'x' }), 'carrier')
  assert.equal(found({ transport: 'udp' }, { trunk: 'acme' }), 'sip')
  assert.equal(found({ address: '2001:db8:0:0::0001' }), 'v6')
  assert.equal(found({ address: '::ffff:203.0.113.7' }), 'carrier')
})

test('a leg that no endpoint matches gets the preset sip', async (t) => {
  const policy = await policyOf(t, 'endpoints: [{ profile: webrtc, match: { transport: ws } }]')
  for (const leg of [{}, { transport: 'udp' }, { address: 'no address' }, { profile: 'gone' }]) {
    assert.equal(profileOfLeg(policy, leg), 'sip')
  }
})

test('the profile that the call has named wins over the endpoints, as long as the policy has it', async (t) => {
  const policy = await policyOf(t, policyText)
  assert.equal(profileOfLeg(policy, { profile: 'carrier', transport: 'wss' }), 'carrier')
  assert.equal(profileOfLeg(policy, { profile: 'gone', transport: 'wss' }), 'browser')
})

test('vars are the call\'s own, never what every object has', async (t) => {
  const policy = await policyOf(t, 'endpoints: [{ profile: webrtc, match: { vars: { constructor: x } } }]')
  assert.equal(profileOfLeg(policy, {}), 'sip')
  assert.equal(profileOfLeg(policy, {}, { constructor: 'x' }), 'webrtc')
})

test('the same facts make the same decision, and using it changes nothing', async (t) => {
  const policy = await policyOf(t, policyText)
  const facts = factsOf({ sender: { transport: 'wss' }, receiver: { transport: 'tls', address: '198.51.100.1' }, codecs: chromium })
  const before = JSON.stringify([facts, [...policy.profiles]])
  const first = decide(policy, facts)
  const copy = structuredClone(first)
  for (const value of Object.values(first.flags)) if (Array.isArray(value)) assert.throws(() => value.push('spoilt'))
  Object.assign(first.flags, { ICE: 'spoilt' })
  assert.deepEqual(decide(policy, facts), copy)
  assert.equal(JSON.stringify([facts, [...policy.profiles]]), before)
})

test('the shipped policy knows browsers by WebSocket and SRTP phones by TLS', async () => {
  const policy = await loadPolicy(new URL('../../policy', import.meta.url).pathname)
  const found = (transport: string) => profileOfLeg(policy, { transport, address: '192.0.2.1' })
  assert.deepEqual(['ws', 'wss', 'tls', 'udp', 'tcp'].map(found), ['browser', 'browser', 'phone-srtp', 'phone', 'phone'])
  const { sender, receiver, revision } = decide(policy, factsOf({ sender: { transport: 'ws' }, receiver: { transport: 'udp' }, codecs: chromium }))
  assert.deepEqual([sender.name, receiver.name, revision], ['browser', 'phone', policy.revision])
})
