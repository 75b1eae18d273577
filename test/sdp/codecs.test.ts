import assert from 'node:assert/strict'
import test from 'node:test'
import { audioCodecs } from '../../src/sdp/codecs.ts'
import { parseSdp } from '../../src/sdp/parse.ts'
import { sample, sdpFrom } from './samples.ts'

const codecsOf = (bytes: Buffer) => audioCodecs(parseSdp(bytes)).map(({ name, clockRate }) => `${name}/${clockRate}`)

test('lists codecs in the order of the m-line', () => {
  assert.deepEqual(codecsOf(sample('chromium-av-gathered')), [
    'opus/48000', 'red/48000', 'G722/8000', 'PCMU/8000', 'PCMA/8000', 'CN/8000', 'telephone-event/48000', 'telephone-event/8000',
  ])
})

test('knows static payload types that have no rtpmap', () => {
  assert.deepEqual(codecsOf(sample('minimal-static-pt-offer')), ['PCMU/8000'])
  const bytes = sdpFrom('v=0', 'c=IN IP4 192.0.2.1', 'm=audio 9 RTP/AVP 18 9 3 4 13')
  assert.deepEqual(codecsOf(bytes), ['G729/8000', 'G722/8000', 'GSM/8000', 'G723/8000', 'CN/8000'])
})

test('lets an rtpmap rename a static payload type', () => {
  const bytes = sdpFrom('v=0', 'c=IN IP4 192.0.2.1', 'm=audio 9 RTP/AVP 0', 'a=rtpmap:0 PCMU/16000')
  assert.deepEqual(codecsOf(bytes), ['PCMU/16000'])
})

test('leaves out what nothing names', () => {
  assert.deepEqual(codecsOf(sample('bad-dynamic-pt-no-rtpmap')), ['PCMU/8000'])
  const bytes = sdpFrom('v=0', 'c=IN IP4 192.0.2.1', 'm=audio 9 RTP/AVP constructor __proto__ 8', 'a=rtpmap:8')
  assert.deepEqual(codecsOf(bytes), ['PCMA/8000'])
})

test('takes the first live audio, and nothing where there is none', () => {
  const two = sdpFrom('v=0', 'c=IN IP4 192.0.2.1', 'm=audio 0 RTP/AVP 0', 'm=video 9 RTP/AVP 31', 'm=audio 9 RTP/AVP 8')
  assert.deepEqual(codecsOf(two), ['PCMA/8000'])
  assert.deepEqual(codecsOf(sample('t38-reinvite')), [])
})
