import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decide, explain, profileOf } from '../../src/policy/decide.ts'
import { shareOf } from '../../src/policy/share.ts'
import { timeTest } from '../../src/policy/time.ts'
import type { CallFacts, SipFacts } from '../../src/policy/types.ts'
import { uriFacts } from '../../src/policy/uri.ts'
import { policyOf } from './directory.ts'
import { factsOf } from './facts.ts'
import { chromium } from './offers.ts'

const sip: SipFacts = {
  method: 'INVITE',
  requestUri: uriFacts('sip:+4930123456@gw.Example.com:5061;user=phone'),
  from: uriFacts('sip:alice@office.example.org'),
  to: uriFacts('sip:1900555@example.com'),
  userAgent: 'Asterisk PBX 20.1',
  headers: { 'x-trunk': 'acme', 'x-route': 'a, b' },
}
const facts = factsOf({
  callId: 'abc@host', codecs: chromium, vars: { region: 'eu' }, sip,
  sender: { profile: 'browser-webrtc', transport: 'WSS', address: '192.0.2.9' },
  receiver: { profile: 'sip-sdes-tls', transport: 'tls', address: '2001:db8:7::1', vars: { trunk: 'acme' } },
  sdp: { hasIce: true, hasDtls: true, media: ['audio', 'video'], protocol: 'UDP/TLS/RTP/SAVPF', family: 'IP4', address: '192.168.1.5', isPrivate: true, ptime: 20 },
})

/** A match of a rule, and whether it holds for the facts above. */
const matches: [match: string, holds: boolean][] = [
  ['{ command: offer }', true],
  ['{ command: answer }', false],
  ['{ method: [INVITE, UPDATE] }', true],
  ['{ method: PRACK }', false],
  ['{ caller: webrtc, callee: { profile: sip-sdes, address: "2001:db8:7::/48", transport: tls, vars: { trunk: acme } } }', true],
  ['{ callee: { vars: { trunk: beta } } }', false],
  ['{ caller: { transport: [ws, wss], address: [10.0.0.0/8, 192.0.2.0/24] } }', true],
  ['{ receiver: { address: 192.0.2.0/24 } }', false],
  ['{ request-uri: { user: { prefix: "+49" }, host: gw.example.COM } }', true],
  ['{ request-uri: { user: { prefix: ["+1", "+4"], suffix: "456" } } }', true],
  ['{ request-uri: { user: { prefix: "+49", suffix: "457" } } }', false],
  ['{ request-uri: { uri: { contains: user=phone } } }', true],
  ['{ from: { host: { suffix: .example.org } } }', true],
  ['{ to: { user: { regex: "^1900[0-9]{3}$" } } }', true],
  ['{ to: { user: { regex: ["^x", "^1900[0-9]{4}$"] } } }', false],
  ['{ user-agent: { contains: Asterisk } }', true],
  ['{ user-agent: Asterisk }', false],
  ['{ header: { X-Trunk: [acme, beta], x-route: { contains: b } } }', true],
  ['{ header: { X-None: { present: false }, X-Trunk: { present: true } } }', true],
  ['{ header: { X-None: { present: true } } }', false],
  ['{ vars: { region: { prefix: e } } }', true],
  ['{ vars: { trunk: acme } }', false], // of a leg; a rule's vars are the call's
  ['{ sdp: { ice: true, dtls: true, sdes: false, codecs: [OPUS], media: video, protocol: UDP/TLS/RTP/SAVPF, ptime: [20, 30], family: IP4, private: true } }', true],
  ['{ sdp: { media: application } }', false],
  ['{ sdp: { codecs: G729 } }', false],
  ['{ percent: 100 }', true],
  ['{ percent: 0.0001 }', false],
  ['{ time: { days: mon-fri, from: "08:00", to: "18:00", zone: Europe/Berlin } }', true],
  ['{ time: [{ days: [sat, sun] }, { since: 2026-01-05T11:00, until: 2026-01-06 }] }', true],
  ['{ time: { until: 2026-01-05 } }', false],
  ['{ when: \'vars.region == "eu" && sip.to.user.startsWith("1900")\' }', true],
  ['{ when: \'callee.vars.trunk == "acme" && callee.profile == "sip-sdes-tls" && caller.transport == "WSS"\' }', true],
  ['{ when: \'vars.none == "" && sip.headers["x-trunk"] == "acme" && sip.headers["x-none"] == ""\' }', true],
  ['{ when: \'"opus" in sdp.codecs && sdp.codecs.exists(c, c == "PCMU") && sdp.ptime == 20 && sdp.hasIce\' }', true],
  ['{ when: \'regex(sip.userAgent, "^(a+)+$") || now.getHours("Europe/Berlin") < 9\' }', false],
  ['{ when: \'sdp.codecs[99] == "opus"\' }', false], // what goes wrong counts as false
  ['{ when: \'vars.constructor == ""\' }', true],
]

test('each condition holds for what it says, looked up or tried one by one', async (t) => {
  const text = matches.map(([match], index) => `  - { name: r${index}, match: ${match} }`).join('\n')
  const policy = await policyOf(t, `rules:\n${text}\n`)
  const { rules } = explain(policy, facts)
  const wrong = matches.filter(([, holds], index) => rules[index]?.isMatch !== holds).map(([match]) => match)
  assert.deepEqual(wrong, [])
  assert.deepEqual(decide(policy, facts).rules, matches.flatMap(([, holds], index) => holds ? [`r${index}`] : []))
})

test('in an endpoint each fact counts only for the leg that it speaks of', async (t) => {
  const profileOfLegs = async (match: string, changed: Partial<CallFacts> = {}) => {
    const policy = await policyOf(t, `endpoints: [{ profile: webrtc, match: ${match} }]`)
    const both = { ...facts, sender: { transport: 'udp' }, receiver: { transport: 'udp', vars: { trunk: 'acme' } }, ...changed }
    return (['sender', 'receiver'] as const).map((leg) => profileOf(policy, both, leg).name === 'webrtc')
  }
  const reply = { sip: { ...sip, status: 200 } }
  assert.deepEqual(await profileOfLegs('{ from: { user: alice } }'), [true, false])
  assert.deepEqual(await profileOfLegs('{ from: { user: alice } }', reply), [false, true])
  assert.deepEqual(await profileOfLegs('{ to: { user: "1900555" } }'), [false, true])
  assert.deepEqual(await profileOfLegs('{ request-uri: { host: gw.example.com } }'), [false, true])
  assert.deepEqual(await profileOfLegs('{ user-agent: { prefix: Asterisk } }'), [true, false])
  assert.deepEqual(await profileOfLegs('{ header: { X-Trunk: acme } }'), [true, false])
  assert.deepEqual(await profileOfLegs('{ sdp: { ice: true } }'), [true, false])
  assert.deepEqual(await profileOfLegs('{ vars: { trunk: acme } }'), [false, true])
  assert.deepEqual(await profileOfLegs('{ vars: { region: eu } }'), [true, true])
  assert.deepEqual(await profileOfLegs('{ when: "leg.vars.trunk == \\"acme\\"" }'), [false, true])
  assert.deepEqual(await profileOfLegs('{ when: "sip.from.user == \\"alice\\" && sdp.hasIce" }'), [true, false])
})

test('a policy names the headers that it wants to see', async (t) => {
  const policy = await policyOf(t, `
endpoints: [{ profile: sip, match: { header: { X-Trunk: acme } } }]
rules: [{ name: a, match: { when: 'sip.headers["x-route"] == "b"' } }]`)
  assert.deepEqual(policy.headers, ['x-trunk', 'x-route'])
})

test('windows follow the clock of their zone, over midnight and through summer time', () => {
  const at = (text: string) => Date.parse(text)
  const office = timeTest({ zone: 'Europe/Berlin', days: ['mon-fri'], from: '08:00', to: '18:00' })
  assert.deepEqual(['2026-07-06T06:00Z', '2026-07-06T05:59Z', '2026-01-05T07:00Z', '2026-01-05T06:59Z', '2026-01-05T17:00Z', '2026-01-04T12:00Z']
    .map((text) => office(at(text))), [true, false, true, false, false, false])
  const night = timeTest({ days: 'fri', from: '22:00', to: '06:00' })
  assert.deepEqual(['2026-01-02T23:00Z', '2026-01-03T05:59Z', '2026-01-03T06:00Z', '2026-01-02T05:00Z', '2026-01-03T23:00Z']
    .map((text) => night(at(text))), [true, true, false, false, false])
  assert.equal(timeTest({ days: ['sat-mon'] })(at('2026-01-04T00:00Z')), true)
})

test('shares are even, steady, and one within the other', () => {
  const ids = Array.from({ length: 20_000 }, (_, index) => `call-${index}@host`)
  for (const percent of [1, 10, 50]) {
    const share = ids.filter((id) => shareOf(id) < percent).length / ids.length * 100
    assert.ok(Math.abs(share - percent) < 1, `${percent} %: ${share}`)
  }
  assert.equal(shareOf('abc'), shareOf('abc'))
  assert.notEqual(shareOf('abc'), shareOf('abc', 'canary'))
})

test('a pattern costs what the text is long', async (t) => {
  const policy = await policyOf(t, 'rules: [{ name: a, match: { to: { user: { regex: "^(a|a?)+$" } } } }]')
  const long = factsOf({ sip: { method: 'INVITE', to: uriFacts(`sip:${'a'.repeat(10_000)}b@x`) } })
  const begin = performance.now()
  assert.deepEqual(decide(policy, long).rules, [])
  assert.ok(performance.now() - begin < 5000) // a backtracking engine would not be back this year
})
