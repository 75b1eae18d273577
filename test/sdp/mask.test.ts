import assert from 'node:assert/strict'
import test from 'node:test'
import { maskSecrets } from '../../src/sdp/mask.ts'
import { growth } from './hostile.ts'
import { sample, sampleNames } from './samples.ts'

test('masks SRTP keys and keeps suite, lifetime and MKI', () => {
  assert.equal(maskSecrets('a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkg|2^20|1:4;inline:AAAA FEC_ORDER=FEC_SRTP'),
    'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:***|2^20|1:4;inline:*** FEC_ORDER=FEC_SRTP')
})

test('masks ICE passwords, fingerprints, MIKEY and k=', () => {
  const text = 'v=0\r\nk=base64:c2VjcmV0\r\na=ice-ufrag:Hwq5\r\na=ice-pwd:g3jEf0h8aeGC8nQ\r\na=fingerprint:sha-256 AB:CD\na=key-mgmt:mikey AQAF\na=sendrecv'
  assert.equal(maskSecrets(text),
    'v=0\r\nk=***\r\na=ice-ufrag:Hwq5\r\na=ice-pwd:***\r\na=fingerprint:sha-256 ***\na=key-mgmt:mikey ***\na=sendrecv')
})

test('masks a fingerprint without its hash, in any case', () => {
  assert.equal(maskSecrets('A=Fingerprint:AB:CD:EF\r\nA=ICE-PWD:x'), 'A=Fingerprint:***\r\nA=ICE-PWD:***')
})

test('leaves no secret of any sample', () => {
  const secret = /inline:(?!\*)|^a=ice-pwd:(?!\*)|^a=fingerprint:.*[0-9A-F]{2}:/im
  for (const name of sampleNames()) assert.doesNotMatch(maskSecrets(sample(name).toString('latin1')), secret, name)
})

test('leaves an SDP without secrets as it is', () => {
  const text = sample('baresip-plain').toString('latin1')
  assert.equal(maskSecrets(text), text)
})

test('takes time in proportion to the size', () => {
  for (const piece of ['inline:', 'a=fingerprint:', 'a=fingerprint:a', 'a=ice-pwd:', 'a=key-mgmt:a', 'k=', '\r\n']) {
    assert.ok(growth((size) => piece.repeat(size), 8 * 1024, maskSecrets) < 9, piece)
  }
})
