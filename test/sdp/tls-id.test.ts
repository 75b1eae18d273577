import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseSdp, sdpBytes } from '../../src/sdp/parse.ts'
import { withTlsId, withoutTlsId } from '../../src/sdp/tls-id.ts'

const read = (name: string) => parseSdp(readFileSync(new URL(`../data/sdp/${name}.sdp`, import.meta.url)))
const changed = (name: string, from: RegExp, to: string) =>
  parseSdp(Buffer.from(sdpBytes(read(name)).toString('latin1').replace(from, to), 'latin1'))
const idOf = (sdp: ReturnType<typeof read>) => withTlsId(sdp).session.find((line) => line.startsWith('a=tls-id:'))

test('a browser\'s SDP names its DTLS association, as RFC 8842 spells it', () => {
  assert.match(idOf(read('chromium-audio-gathered')) ?? '', /^a=tls-id:[A-Za-z0-9+/_-]{20,255}$/)
})

test('new ICE credentials and a new version keep the name', () => {
  const before = idOf(read('chromium-audio-gathered'))
  assert.equal(idOf(changed('chromium-audio-gathered', /^(o=\S+ \S+) \d+/m, '$1 99')), before)
  assert.equal(idOf(changed('chromium-audio-gathered', /^a=ice-ufrag:.*\r/m, 'a=ice-ufrag:other\r')), before)
})

test('another peer connection, by its session id or its fingerprint, has another name', () => {
  const before = idOf(read('chromium-audio-gathered'))
  assert.notEqual(idOf(changed('chromium-audio-gathered', /^o=(\S+) \d+/m, 'o=$1 1')), before)
  assert.notEqual(idOf(changed('chromium-audio-gathered', /^(a=fingerprint:\S+) ..:/m, '$1 00:')), before)
})

test('an SDP without fingerprint gets none, and one that has a name keeps it', () => {
  assert.equal(idOf(read('asterisk-pjsip-plain-offer')), undefined)
  const named = changed('chromium-audio-gathered', /^a=setup:/m, 'a=tls-id:abcdefghijklmnopqrstuvwxyz\r\na=setup:')
  assert.deepEqual(withTlsId(named), named)
})

test('the name is taken out again, a foreign one is not', () => {
  const sdp = read('chromium-audio-gathered')
  assert.deepEqual(withoutTlsId(withTlsId(sdp)), sdp)
  const named = changed('chromium-audio-gathered', /^a=setup:/m, 'a=tls-id:abcdefghijklmnopqrstuvwxyz\r\na=setup:')
  assert.deepEqual(withoutTlsId(named), named)
})
