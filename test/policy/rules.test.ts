import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decide, explain } from '../../src/policy/decide.ts'
import { policyOf } from './directory.ts'
import { factsOf } from './facts.ts'

const fromPhone = factsOf({ sender: { profile: 'phone' }, receiver: { profile: 'carrier' }, vars: { trunk: 'acme' } })
const profiles = 'sets: [recorders]\nprofiles: { phone: { extends: sip }, carrier: { extends: sip-sdes } }\n'

test('all rules that match apply, in order', async (t) => {
  const policy = await policyOf(t, `${profiles}rules:
  - { name: all, set: { on-node-loss: re-anchor, ng: { record-call: "no", flags: [single-codec] } } }
  - { name: phones, match: { caller: phone }, set: { client-flags: merge } }
  - { name: others, match: { caller: carrier }, set: { client-flags: trust } }
  - { name: acme, match: { callee: carrier, vars: { trunk: acme } }, set: { nodes: recorders, ng: { record-call: "yes", ptime: 20 } } }
`)
  const decision = decide(policy, fromPhone)
  assert.deepEqual(decision.rules, ['all', 'phones', 'acme'])
  assert.deepEqual([decision.nodes, decision.clientFlags, decision.onNodeLoss], ['recorders', 'merge', 're-anchor'])
  assert.equal(decision.flags['record-call'], 'yes')
  assert.equal(decision.flags['ptime'], 20)
  const answer = decide(policy, { ...fromPhone, command: 'answer', caller: 'receiver', sender: fromPhone.receiver, receiver: fromPhone.sender })
  assert.deepEqual(answer.rules, decision.rules)
  assert.deepEqual([answer.flags['record-call'], answer.flags['ptime']], ['yes', undefined])
})

test('caller and callee are the call\'s, sender and receiver the message\'s', async (t) => {
  const policy = await policyOf(t, `${profiles}rules:
  - { name: caller, match: { caller: phone } }
  - { name: callee, match: { callee: [carrier] } }
  - { name: sender, match: { sender: phone } }
  - { name: receiver, match: { receiver: carrier } }
`)
  const back = { ...fromPhone, caller: 'receiver' as const, sender: fromPhone.receiver, receiver: fromPhone.sender }
  assert.deepEqual(decide(policy, fromPhone).rules, ['caller', 'callee', 'sender', 'receiver'])
  assert.deepEqual(decide(policy, back).rules, ['caller', 'callee'])
})

test('a rule on a profile is a rule on all that extend it', async (t) => {
  const policy = await policyOf(t, `${profiles}rules: [{ name: a, match: { callee: sip-sdes } }, { name: b, match: { callee: sip } }, { name: c, match: { callee: webrtc } }]`)
  assert.deepEqual(decide(policy, fromPhone).rules, ['a', 'b'])
})

test('a rule may refuse the call; those after it are not asked', async (t) => {
  const policy = await policyOf(t, `${profiles}rules:
  - { name: no, match: { callee: carrier }, reject: { code: 403, reason: No Carrier Today } }
  - { name: later, set: { nodes: recorders } }
`)
  const { reject, nodes } = decide(policy, fromPhone)
  assert.deepEqual(reject, { code: 403, reason: 'No Carrier Today', rule: 'no' })
  assert.equal(nodes, undefined)
})

test('explain decides the same and says why of each endpoint and rule', async (t) => {
  const policy = await policyOf(t, `${profiles}endpoints:
  - { profile: webrtc, match: { transport: [ws, wss] } }
  - { name: acme, profile: carrier, match: { address: 198.51.100.0/24 } }
  - { profile: phone }
rules:
  - { name: a, match: { caller: webrtc } }
  - { name: b, match: { vars: { trunk: acme } } }
`)
  const facts = factsOf({ sender: { transport: 'udp', address: '192.0.2.1' }, receiver: { address: '198.51.100.7' } })
  const { decision, sender, receiver, rules } = explain(policy, facts)
  assert.deepEqual(decision, decide(policy, facts))
  assert.deepEqual([sender, receiver].map(({ profile, by, tried }) => [profile, by, ...tried.map(({ name, place, why }) => `${name}:${place.line} ${why}`)]), [
    ['phone', 'endpoint', 'webrtc:5 transport is udp, not transport: [ws, wss]',
      'acme:6 address is 192.0.2.1, not address: 198.51.100.0/24', 'phone:7 has no match, so it takes all'],
    ['carrier', 'endpoint', 'webrtc:5 transport is not known, not transport: [ws, wss]', 'acme:6 address: 198.51.100.0/24'],
  ])
  assert.deepEqual(rules.map(({ name, why }) => `${name}: ${why}`), [
    'a: caller is phone, which extends sip, not caller: webrtc',
    'b: vars.trunk is not known, not vars.trunk: acme',
  ])
})
