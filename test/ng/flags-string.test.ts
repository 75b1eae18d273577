import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkFlagsString, hintsOf, profileKeys } from '../../src/ng/flags-check.ts'
import { readFlagsString } from '../../src/ng/flags-string.ts'
import { rows } from './flags-strings.ts'

for (const [text, ng, reader] of rows) {
  test(`${reader ?? 'Kamailio'} reads ${JSON.stringify(text)}`, () => assert.deepEqual({ ...readFlagsString(text, reader).ng }, ng))
}

test('a name that every object has makes no key', () => {
  const { ng, notes } = readFlagsString('__proto__=1 constructor=2 a')
  assert.deepEqual({ ...ng }, { flags: ['a'] })
  assert.equal(Object.getPrototypeOf(ng), Object.prototype)
  assert.equal(notes.length, 2)
})

test('keeps to itself what a string says about the call', () => {
  const { ng, identity } = readFlagsString('call-id=a from-tag=b to-tag=c via-branch=2 directional force-answer')
  assert.deepEqual(ng, {})
  assert.deepEqual(identity, { callId: 'a', fromTag: 'b', isDirectional: true, toTag: 'c', isWithToTag: true, viaBranch: '2', isAnswer: true })
  assert.deepEqual(readFlagsString('to-tag via-branch=auto-next').identity, { isWithToTag: true, viaBranch: 'auto-next' })
})

for (const [text, message] of [
  ['ICE=remove call-id', 'Kamailio refuses the string: call-id needs a value'],
  ['from-tag', 'Kamailio refuses the string: from-tag needs a value'],
  ['via-branch=3', 'Kamailio refuses the string: via-branch must be 1, 2 or one of auto, extra, next, auto-next, next-auto, auto-extra, extra-auto'],
  ['repacketize=x', 'Kamailio refuses the string: repacketize needs a number of milliseconds'],
] as const) {
  test(`tells that Kamailio refuses ${text}`, () => assert.equal(readFlagsString(text).refused?.message, message))
}

const noted: [string, ...string[]][] = [
  ['ICE=remove DTLS=off SDES-off replace-origin replace-session-connection'],
  ['codec-accept-opus'],
  ['strip-extmapp', '0 strip-extmapp: unknown word "strip-extmapp"; did you mean "strip-extmap"?'],
  ['trust-address SDES-of', '14 SDES-of: unknown word "of"; did you mean "off"?'],
  ['ICE=removed', '0 ICE=removed: unknown word "removed"; did you mean "remove"?'],
  ['trunk=acme', '0 trunk=acme: rtpengine knows no such key'],
  ['OSRTP=offer', '0 OSRTP=offer: rtpengine before 12.5 ignores this; write OSRTP-offer'],
  ['repacketize=20', '0 repacketize=20: rtpengine knows no repacketize; ptime=N does it'],
  ['ICE=remove ICE=force', '11 ICE=force: replaces "ICE=remove", which stands before it'],
  ['a = b', '0 a: unknown word "a"', '2 =: Kamailio stops here: "= b" is dropped. No spaces around "="'],
  ['DTLS SRTP', '5 SRTP: SRTP and DTLS exclude each other: no protocol comes of it'],
  ['SDES-off=1', '0 SDES-off=1: "=1" is dropped: what follows "SDES-" is the item'],
  ['received-from=x', '0 received-from=x: "x" is no address; the address that the message came from is sent'],
  ['ptime=20 TOS=184'],
]
for (const [text, ...notes] of noted) {
  test(`says what is wrong with ${text}`, () => {
    assert.deepEqual(checkFlagsString(readFlagsString(text)).map(({ text: token, at, message }) => `${at} ${token}: ${message}`), notes)
  })
}

test('a profile holds numbers and lists, and nothing that is about one call', () => {
  assert.deepEqual(profileKeys(readFlagsString('ptime=20 OSRTP=offer ICE=force delete-delay=5 received-from=192.0.2.1').ng), { ptime: 20, OSRTP: ['offer'], ICE: 'force' })
})

test('keys that rtpengine does not know are hints', () => {
  assert.deepEqual(hintsOf(readFlagsString('trunk=acme ICE=remove region=eu RTP')), { trunk: 'acme', region: 'eu' })
})
