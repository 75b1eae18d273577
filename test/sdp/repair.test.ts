import assert from 'node:assert/strict'
import test from 'node:test'
import { parseSdp, sdpBytes } from '../../src/sdp/parse.ts'
import { cleaned as cleanForSip } from './cases.ts'
import { sample, sampleNames, sdpFrom } from './samples.ts'

const cleaned = (bytes: Buffer, role?: 'offer' | 'answer') => sdpBytes(cleanForSip(parseSdp(bytes), role)).toString('latin1')

test('takes out of what rtpengine makes all that a phone must not see', () => {
  assert.deepEqual(cleaned(sample('out105-webrtc-to-plain-opus-pcmu-offer')).split('\r\n'), [
    'v=0', 'o=- 5225080575578838130 2 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', 'm=audio 31542 RTP/AVP 0 126',
    'a=rtpmap:0 PCMU/8000', 'a=rtpmap:126 telephone-event/8000', 'a=sendrecv', 'a=rtcp:31543', '',
  ])
})

test('leaves no WebRTC attribute in any sample', () => {
  const leftover = /^a=(candidate|end-of|ice-|fingerprint|setup|connection|tls-id|group|mid|msid|ssrc|extmap|rtcp-|rid|simulcast|bundle-only|rtcp:9)/m
  const names = sampleNames().filter((name) => !['trickle-fragment', 'bad-web-empty-format-list', 'bad-no-connection-line'].includes(name))
  for (const name of names) assert.doesNotMatch(cleaned(sample(name)), leftover, name)
})

test('compares whole names', () => {
  const lines = ['a=middle:1', 'a=settings', 'a=rtcp:9001', 'a=rtcp:90 IN IP4 192.0.2.1', 'a=xcandidate:1', 'a=ssrcx', 'b=AS:80']
  const text = cleaned(sdpFrom('v=0', 'c=IN IP4 192.0.2.1', 'm=audio 9 RTP/AVP 0', ...lines, 'a=rtcp:9', 'a=rtcp:0 IN IP4 0.0.0.0'))
  assert.deepEqual(text.split('\r\n').slice(3), [...lines, ''])
})

test('keeps a=crypto and the number of m-lines', () => {
  assert.match(cleaned(sample('out105-webrtc-to-sdes-offer')), /a=crypto:1 [^]*a=crypto:2 /)
  assert.equal(parseSdp(Buffer.from(cleaned(sample('out105-firefox-maxbundle-to-plain-offer')))).media.length, 2)
})

test('keeps a=rtcp-mux in an answer', () => {
  const bytes = sdpFrom('v=0', 'c=IN IP4 192.0.2.1', 'm=audio 9 RTP/AVP 0', 'a=rtcp-mux')
  assert.match(cleaned(bytes, 'answer'), /a=rtcp-mux/)
  assert.doesNotMatch(cleaned(bytes, 'offer'), /a=rtcp-mux/)
})

test('leaves a SIP SDP as it is', () => {
  for (const name of ['freeswitch-plain-offer', 'asterisk-pjsip-plain-offer', 't38-reinvite', 'minimal-static-pt-offer']) {
    assert.equal(cleaned(sample(name)), sample(name).toString('latin1'), name)
  }
})

test('writes one c= for the session when all live m-lines have the same', () => {
  const text = cleaned(sdpFrom('v=0', 'o=- 1 1 IN IP4 192.0.2.9', 's=-', 'c=IN IP4 192.0.2.9', 'b=AS:80', 't=0 0',
    'm=audio 1000 RTP/AVP 0', 'c=IN IP4 192.0.2.1', 'm=video 0 RTP/AVP 31', 'c=IN IP4 0.0.0.0', 'm=audio 1002 RTP/AVP 8', 'c=IN IP4 192.0.2.1'))
  assert.deepEqual(text.split('\r\n'), ['v=0', 'o=- 1 1 IN IP4 192.0.2.9', 's=-', 'c=IN IP4 192.0.2.1', 'b=AS:80', 't=0 0',
    'm=audio 1000 RTP/AVP 0', 'm=video 0 RTP/AVP 31', 'm=audio 1002 RTP/AVP 8', ''])
})

test('gives each m-line its own c= when they differ', () => {
  const text = cleaned(sdpFrom('v=0', 's=-', 'c=IN IP4 192.0.2.9', 't=0 0',
    'm=audio 1000 RTP/AVP 0', 'i=voice', 'a=x', 'm=audio 1002 RTP/AVP 8', 'c=IN IP4 192.0.2.1'))
  assert.deepEqual(text.split('\r\n'), ['v=0', 's=-', 't=0 0',
    'm=audio 1000 RTP/AVP 0', 'i=voice', 'c=IN IP4 192.0.2.9', 'a=x', 'm=audio 1002 RTP/AVP 8', 'c=IN IP4 192.0.2.1', ''])
})

test('has exactly one c= for every sample with one live m-line', () => {
  for (const name of sampleNames().filter((each) => each.startsWith('out1'))) {
    const sdp = parseSdp(sample(name))
    if (sdp.media.filter(({ port }) => port !== 0).length !== 1) continue
    assert.equal(cleaned(sample(name)).match(/^c=/gm)?.length, 1, name)
  }
})
