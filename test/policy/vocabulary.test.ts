import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkNgDictionary, vocabulary } from '../../src/ng/vocabulary.ts'

test('what rtpengine understands has no problem', () => {
  assert.deepEqual(checkNgDictionary({
    flags: ['trust-address', 'endpoint-learning-off', 'OSRTP-accept', 'WebRTC'],
    replace: ['origin', 'force-increment-sdp-ver'],
    SDES: ['no-NULL_HMAC_SHA1_80', 'only-AES_CM_128_HMAC_SHA1_80', 'order:AES_CM_128_HMAC_SHA1_80;', 'pad'],
    codec: { strip: ['all'], except: ['PCMA'], set: ['opus/48000/2/32000'] },
    'sdp-attr': { none: { remove: ['msid-semantic'] }, audio: { substitute: [['sendrecv', 'sendonly']], add: ['x:1'] } },
    'T.38': ['decode', 'no-V.34'],
    'media-address': '192.0.2.1',
    ptime: 20,
  }), [])
})

test('a problem says where it is, what is wrong and which word is near', () => {
  assert.deepEqual(checkNgDictionary({ codec: { strip: [8] }, 'rtcp-mux': ['demux', 'acept'], ptme: 20 }), [
    { path: ['codec', 'strip', 0], at: 'value', message: 'must be a string, found 8' },
    { path: ['rtcp-mux', 1], at: 'value', message: 'unknown word "acept"', nearest: 'accept' },
    { path: ['ptme'], at: 'key', message: 'unknown NG key', nearest: 'ptime' },
  ])
})

test('keys that every object has are unknown', () => {
  const problems = checkNgDictionary(JSON.parse('{"__proto__": 1, "constructor": 1}') as Record<string, unknown>)
  assert.deepEqual(problems.map(({ message }) => message), ['unknown NG key', 'unknown NG key'])
})

test('words that came after 10.5 have their release', () => {
  const release = (name: string, word: string) => {
    const key = vocabulary.get(name)
    return key?.type === 'list' ? key.words?.get(word) : undefined
  }
  assert.equal(release('SDES', 'off'), '10.5')
  assert.equal(release('SDES', 'only-AES_CM_128_HMAC_SHA1_80'), '11.2')
  assert.equal(release('flags', 'WebRTC'), '12.5')
  assert.equal(vocabulary.get('sdp-attr')?.since, '11.3')
})
