import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decide } from '../../src/policy/decide.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import type { CallFacts, Policy } from '../../src/policy/types.ts'
import { chromium, firefox, phone } from './offers.ts'
import { policyOf } from './directory.ts'
import { factsOf } from './facts.ts'

const shipped = await loadPolicy(new URL('../../policy', import.meta.url).pathname)
const withoutWeakSuites = [
  'no-AEAD_AES_256_GCM', 'no-AEAD_AES_128_GCM', 'no-AES_256_CM_HMAC_SHA1_80', 'no-AES_256_CM_HMAC_SHA1_32',
  'no-AES_192_CM_HMAC_SHA1_80', 'no-AES_192_CM_HMAC_SHA1_32', 'no-F8_128_HMAC_SHA1_80', 'no-F8_128_HMAC_SHA1_32',
  'no-NULL_HMAC_SHA1_80', 'no-NULL_HMAC_SHA1_32',
]
const replace = ['origin', 'session-connection']

/** The flags of an SDP that goes from one profile to another. */
function flags (policy: Policy, command: CallFacts['command'], from: string, to: string, codecs = phone) {
  return decide(policy, factsOf({ command, sender: { profile: from }, receiver: { profile: to }, codecs })).flags
}

test('an offer from a browser to a phone is plain RTP, with opus kept on the browser\'s leg', () => {
  assert.deepEqual(flags(shipped, 'offer', 'browser', 'phone', chromium), {
    replace,
    flags: ['trust-address', 'strip-extmap'],
    'transport-protocol': 'RTP/AVP',
    ICE: 'remove',
    DTLS: 'off',
    'rtcp-mux': ['demux'],
    codec: { consume: ['opus'], strip: ['red', 'G722', 'CN'] },
  })
})

test('an offer from Firefox, which has no DTMF for opus, keeps to PCMU on both legs', () => {
  assert.deepEqual(flags(shipped, 'offer', 'browser', 'phone', firefox)['codec'], { strip: ['opus', 'G722', 'PCMA'] })
})

test('an offer from a browser to an SRTP phone has keys in the SDP and no weak suite', () => {
  assert.deepEqual(flags(shipped, 'offer', 'browser', 'phone-srtp', chromium), {
    replace,
    flags: ['trust-address', 'strip-extmap'],
    'transport-protocol': 'RTP/SAVP',
    ICE: 'remove',
    DTLS: 'off',
    SDES: withoutWeakSuites,
    'rtcp-mux': ['demux'],
    codec: { consume: ['opus'], strip: ['red', 'G722', 'CN'] },
  })
})

for (const from of ['phone', 'phone-srtp']) {
  test(`an offer from a ${from} to a browser has all that a browser needs, opus first`, () => {
    assert.deepEqual(flags(shipped, 'offer', from, 'browser'), {
      replace,
      flags: ['trust-address', 'generate-mid', 'no-rtcp-attribute', 'strip-extmap'],
      'transport-protocol': 'UDP/TLS/RTP/SAVPF',
      ICE: 'force',
      SDES: ['off'],
      'rtcp-mux': ['offer', 'require'],
      codec: { mask: ['all'], transcode: ['opus', 'PCMU', 'telephone-event'] },
    })
  })

  test(`an answer from a ${from} to a browser leaves protocol and codecs as they are`, () => {
    assert.deepEqual(flags(shipped, 'answer', from, 'browser'), { replace, flags: ['trust-address'], ICE: 'force' })
  })
}

test('an answer from a browser to a phone takes ICE off, and DTLS where SRTP is keyed in the SDP', () => {
  const plain = { replace, flags: ['trust-address', 'strip-extmap'], ICE: 'remove' }
  assert.deepEqual(flags(shipped, 'answer', 'browser', 'phone', chromium), plain)
  assert.deepEqual(flags(shipped, 'answer', 'browser', 'phone-srtp', chromium), { ...plain, DTLS: 'off' })
})

test('between browsers nothing is stripped', () => {
  const base = { replace, flags: ['trust-address'], ICE: 'force' }
  const offer = { ...base, flags: ['trust-address', 'generate-mid'], 'transport-protocol': 'UDP/TLS/RTP/SAVPF', SDES: ['off'], 'rtcp-mux': ['accept'] }
  assert.deepEqual(flags(shipped, 'offer', 'webrtc', 'webrtc', chromium), offer)
  assert.deepEqual(flags(shipped, 'answer', 'webrtc', 'webrtc', chromium), base)
})

test('between phones only protocol and keying change, both ways', () => {
  const base = { replace, flags: ['trust-address'], ICE: 'remove' }
  const plain = { ...base, 'transport-protocol': 'RTP/AVP', DTLS: 'off' }
  const srtp = { ...base, 'transport-protocol': 'RTP/SAVP', DTLS: 'off', SDES: withoutWeakSuites }
  assert.deepEqual(flags(shipped, 'offer', 'phone', 'phone'), plain)
  assert.deepEqual(flags(shipped, 'offer', 'phone-srtp', 'phone'), plain)
  assert.deepEqual(flags(shipped, 'offer', 'phone', 'phone-srtp'), srtp)
  assert.deepEqual(flags(shipped, 'offer', 'phone-srtp', 'phone-srtp'), srtp)
  assert.deepEqual(flags(shipped, 'answer', 'phone-srtp', 'phone'), base)
  assert.deepEqual(flags(shipped, 'answer', 'phone', 'phone-srtp'), { ...base, DTLS: 'off' })
})

test('a DTLS phone gets DTLS without ICE', async (t) => {
  const policy = await policyOf(t, 'profiles: { dtls: { extends: sip, ng: { transport-protocol: UDP/TLS/RTP/SAVP } } }')
  assert.deepEqual(flags(policy, 'offer', 'sip', 'dtls'), {
    replace,
    flags: ['trust-address'],
    'transport-protocol': 'UDP/TLS/RTP/SAVP',
    ICE: 'remove',
    SDES: ['off'],
  })
  assert.deepEqual(flags(policy, 'answer', 'sip', 'dtls'), { replace, flags: ['trust-address'], ICE: 'remove' })
})

test('the packet times of both profiles go into the offer, each for its side', async (t) => {
  const policy = await policyOf(t, 'profiles: { a: { extends: sip, ptime: 20 }, b: { extends: sip, ptime: 30 } }')
  const offer = flags(policy, 'offer', 'a', 'b')
  assert.deepEqual([offer['ptime'], offer['ptime-reverse']], [30, 20])
  const answer = flags(policy, 'answer', 'a', 'b')
  assert.deepEqual([answer['ptime'], answer['ptime-reverse']], [undefined, undefined])
})

test('a profile\'s own keys come over the derived ones, in offers and answers towards it', async (t) => {
  const policy = await policyOf(t, `
profiles:
  sbc:
    extends: sip
    ng:
      ICE: default
      replace: [username, origin]
      flags: [single-codec]
      record-call: "yes"
      codec: { strip: [GSM], set: [PCMA//8000] }
      ptime: 20
      ICE-lite: forward
`)
  assert.deepEqual(flags(policy, 'offer', 'webrtc', 'sbc', firefox), {
    replace: ['origin', 'session-connection', 'username'],
    flags: ['trust-address', 'strip-extmap', 'single-codec'],
    'transport-protocol': 'RTP/AVP',
    ICE: 'default',
    DTLS: 'off',
    'rtcp-mux': ['demux'],
    codec: { strip: ['opus', 'G722', 'GSM'], set: ['PCMA//8000'] },
    ptime: 20,
    'record-call': 'yes',
    'ICE-lite': 'forward',
  })
  assert.deepEqual(flags(policy, 'answer', 'webrtc', 'sbc', firefox), {
    replace: ['origin', 'session-connection', 'username'],
    flags: ['trust-address', 'strip-extmap', 'single-codec'],
    ICE: 'default',
    'record-call': 'yes',
  })
  assert.equal('record-call' in flags(policy, 'offer', 'sbc', 'webrtc'), false)
})
