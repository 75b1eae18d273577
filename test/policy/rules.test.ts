import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decide, explain } from '../../src/policy/decide.ts'
import { policyOf } from './directory.ts'
import { factsOf } from './facts.ts'
import { phone } from './offers.ts'

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
    ['phone', 'endpoint', 'webrtc:5 transport is udp, not [ws, wss]',
      'acme:6 address is 192.0.2.1, not 198.51.100.0/24', 'phone:7 has no match, so it takes all'],
    ['carrier', 'endpoint', 'webrtc:5 transport is not known, not [ws, wss]', 'acme:6 address: 198.51.100.0/24'],
  ])
  assert.deepEqual(rules.map(({ name, why }) => `${name}: ${why}`), [
    'a: caller is phone, which extends sip, not webrtc',
    'b: vars.trunk is not known, not acme',
  ])
})

test('a flags string is read as Kamailio reads it, for offers and for answers', async (t) => {
  const policy = await policyOf(t, `${profiles}rules:
  - name: old-script
    match: { callee: carrier }
    offer-flags: "RTP/AVP SDES-off replace-username codec-strip-G722 TOS=184"
    answer-flags: "loop-protect"
    set: { ng: { TOS: 46 } }
`)
  const { flags } = decide(policy, fromPhone)
  assert.equal(flags['transport-protocol'], 'RTP/AVP')
  assert.equal(flags['TOS'], 46)
  assert.deepEqual(flags['replace'], ['origin', 'session-connection', 'username'])
  assert.deepEqual(flags['codec'], { strip: ['G722'] })
  const answer = decide(policy, { ...fromPhone, command: 'answer', caller: 'receiver', sender: fromPhone.receiver, receiver: fromPhone.sender })
  assert.deepEqual(answer.flags['flags'], ['trust-address', 'loop-protect'])
  assert.equal(answer.flags['codec'], undefined)
})

test('a rule may change the profile of a leg, for its call, whichever way the message goes', async (t) => {
  const policy = await policyOf(t, `${profiles}rules:
  - name: thin
    match: { vars: { trunk: acme } }
    set: { callee: { codecs: [G729, telephone-event], ptime: 40 }, record-call: true }
`)
  const { sender, receiver, vars } = fromPhone
  const there = decide(policy, factsOf({ codecs: phone, sender, receiver, vars }))
  assert.deepEqual([there.receiver.name, there.receiver.codecs], ['carrier', ['G729', 'telephone-event']])
  assert.deepEqual([there.flags['ptime'], there.flags['record-call'], there.flags['codec']], [40, 'yes', { consume: ['PCMU'], strip: ['PCMA'], transcode: ['G729'] }])
  const back = decide(policy, { ...fromPhone, caller: 'receiver', sender: fromPhone.receiver, receiver: fromPhone.sender })
  assert.deepEqual([back.sender.codecs, back.flags['ptime-reverse']], [['G729', 'telephone-event'], 40])
})

test('explain says which line each NG key comes from', async (t) => {
  const policy = await policyOf(t, `${profiles}rules:
  - name: old-script
    offer-flags: "replace-username"
    set: { callee: { ptime: 30 }, ng: { label: a } }
`)
  const said = explain(policy, fromPhone).origins.map(({ path, value, source, place }) => {
    return `${path} ${JSON.stringify(value)} ${source}${place ? `:${place.line}:${place.column}` : ''}`
  })
  for (const line of [
    'ICE "remove" preset sip: ice (receiver carrier)',
    'transport-protocol "RTP/SAVP" preset sip-sdes: protocol (receiver carrier)',
    'replace "origin" ngpilot',
    'replace "username" rule old-script:6:18',
    'ptime 30 rule old-script: ptime (receiver carrier):7:29',
    'label "a" rule old-script:7:48',
  ]) assert.ok(said.includes(line), `${line}\n\n${said.join('\n')}`)
})

test('explain says what the clock is in the zone of a window', async (t) => {
  const policy = await policyOf(t, 'rules: [{ name: night, match: { time: { days: [mon-fri, sun], from: "22:00", to: "06:00", zone: Europe/Berlin } } }]\n')
  const { rules } = explain(policy, { ...fromPhone, at: Date.parse('2026-01-05T20:30:00Z') })
  assert.equal(rules[0]?.why, 'it is Mon 2026-01-05 21:30 Europe/Berlin, not [mon-fri, sun], from 22:00, to 06:00, Europe/Berlin')
})

test('explain blames for a stripped codec the list that has it not', async (t) => {
  const policy = await policyOf(t, `profiles:
  near: { extends: sip, codecs: [G729, PCMU, telephone-event] }
  far: { extends: sip, codecs: [PCMU, PCMA, telephone-event] }
`)
  const codecs = ['G722', 'PCMU', 'PCMA'].map((name) => ({ name, clockRate: 8000 }))
  const { origins } = explain(policy, factsOf({ codecs, sender: { profile: 'near' }, receiver: { profile: 'far' } }))
  assert.deepEqual(origins.filter(({ path }) => path === 'codec.strip').map(({ value, source, place }) => `${value as string} ${source}:${place?.line}`), [
    'G722 profile far: codecs (receiver far):4', 'PCMA profile near: codecs (sender near):3',
  ])
})

test('each word of a profile becomes its NG keys, towards it and from it', async (t) => {
  const policy = await policyOf(t, `profiles:
  sbc:
    extends: sip-sdes
    sdes: { suites: [AEAD_AES_256_GCM], lifetime: true, pad: true }
    dtls-role: passive
    dtls-fingerprint: SHA-256
    ice: lite
    rtcp-mux: offer
    rtcp-attribute: full
    generate-rtcp: true
    dtmf: [rfc4733, detect, inject]
    codecs: [PCMA]
    t38: decode
    media: [audio]
    single-codec: true
    record-call: true
    metadata: a:b
    label: sbc
    tos: 184
    address-family: IP6
    interface: outside
    media-address: 192.0.2.1
    trust-address: false
    osrtp: legacy
`)
  const flags = (command: 'offer' | 'answer', from: string, to: string) => {
    return decide(policy, factsOf({ command, codecs: phone, sender: { profile: from, address: '192.0.2.9' }, receiver: { profile: to } })).flags
  }
  const { SDES, codec, ...offer } = flags('offer', 'sip', 'sbc')
  assert.ok(Array.isArray(SDES) && !SDES.includes('no-AEAD_AES_256_GCM') && SDES.includes('no-AES_CM_128_HMAC_SHA1_80') && SDES.includes('pad') && SDES.includes('lifetime'))
  assert.deepEqual(codec, { strip: ['PCMU'] })
  assert.deepEqual(offer, {
    replace: ['origin', 'session-connection'], 'transport-protocol': 'RTP/SAVP', DTLS: 'off', OSRTP: ['offer-legacy'], 'ICE-lite': 'forward',
    'rtcp-mux': ['offer'], 'T.38': ['decode'], direction: ['default', 'outside'], ICE: 'force',
    flags: ['trust-address', 'full-rtcp-attribute', 'detect-DTMF', 'inject-DTMF'], 'DTLS-fingerprint': 'SHA-256', 'address-family': 'IP6',
    'media-address': '192.0.2.1', 'generate-RTCP': 'on', 'record-call': 'yes', metadata: 'a:b', TOS: 184,
  })
  const { 'received-from': from, direction, label, flags: words, 'DTLS-reverse': role, 'ICE-lite': lite } = flags('offer', 'sbc', 'sip')
  assert.deepEqual([from, direction, label, role, lite], [['IP4', '192.0.2.9'], ['outside', 'default'], 'sbc', 'passive', 'backward'])
  assert.ok(Array.isArray(words) && words.includes('SIP-source-address') && !words.includes('trust-address'))
  const answer = flags('answer', 'sip', 'sbc')
  assert.deepEqual([answer['OSRTP'], answer['ICE'], answer['T.38'], answer['direction']], [['accept-legacy'], 'force', undefined, undefined])
  assert.ok(Array.isArray(answer['flags']) && answer['flags'].includes('single-codec'))
  assert.deepEqual(policy.profiles.get('sbc')?.media, ['audio', 'image'])
})
