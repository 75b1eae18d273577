import assert from 'node:assert/strict'
import test from 'node:test'
import { hasBundle, withBundle } from '../../src/sdp/bundle.ts'
import { restoreMedia } from '../../src/sdp/media.ts'
import { parseSdp } from '../../src/sdp/parse.ts'
import { sample, sdpFrom } from './samples.ts'

test('sees whether an SDP speaks BUNDLE', () => {
  assert.equal(hasBundle(parseSdp(sample('chromium-audio-gathered'))), true)
  assert.equal(hasBundle(parseSdp(sample('freeswitch-webrtc-offer'))), false)
})

test('bundles the only live m-line, rejected ones beside it or not', () => {
  const answer = parseSdp(sample('good-webrtc-answer'))
  const restored = restoreMedia(answer, [{ index: 1, line: 'm=video 0 UDP/TLS/RTP/SAVPF 96', mid: '1' }])
  assert.equal(withBundle(answer).session.at(-1), 'a=group:BUNDLE 0')
  assert.equal(withBundle(restored).session.at(-1), 'a=group:BUNDLE 0')
})

test('leaves alone what has a group, no mid, or two live m-lines', () => {
  const twoLive = parseSdp(sdpFrom('v=0', 'c=IN IP4 192.0.2.1', 'm=audio 9 X 0', 'a=mid:0', 'm=video 9 X 0', 'a=mid:1'))
  for (const sdp of [parseSdp(sample('chromium-audio-gathered')), parseSdp(sample('baresip-plain')), twoLive]) {
    assert.equal(withBundle(sdp), sdp)
  }
})
