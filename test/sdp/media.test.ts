import assert from 'node:assert/strict'
import test from 'node:test'
import { dropHidden, hideMedia, restoreMedia } from '../../src/sdp/media.ts'
import type { HiddenMedia } from '../../src/sdp/media.ts'
import { parseSdp, sdpBytes } from '../../src/sdp/parse.ts'
import type { Sdp } from '../../src/sdp/sdp.ts'
import { sample, sdpFrom } from './samples.ts'

const kinds = ({ media }: Sdp) => media.map(({ kind, port }) => port === 0 ? `${kind} 0` : kind).join(', ')
const groups = ({ session }: Sdp) => session.filter((line) => line.startsWith('a=group:'))
const offerOf = (...mLines: string[]) => parseSdp(sdpFrom('v=0', 'c=IN IP4 192.0.2.1', ...mLines))
const audio = 'm=audio 9 RTP/AVP 0'
const video = 'm=video 9 RTP/AVP 31'
const deadVideo = 'm=video 0 RTP/AVP 31'
const hiddenVideo: HiddenMedia = { index: 1, line: deadVideo }

test('hides the kinds that the other leg does not take and remembers them rejected', () => {
  const { sdp, hidden } = hideMedia(parseSdp(sample('chromium-av-gathered')), ['audio'])
  assert.equal(kinds(sdp), 'audio')
  assert.deepEqual(groups(sdp), ['a=group:BUNDLE 0'])
  assert.deepEqual(hidden, [{ index: 1, line: 'm=video 0 UDP/TLS/RTP/SAVPF 96', mid: '1' }])
})

test('hides a data channel', () => {
  const { sdp, hidden } = hideMedia(parseSdp(sample('chromium-audio-datachannel-gathered')), ['audio', 'video'])
  assert.equal(kinds(sdp), 'audio')
  assert.deepEqual(hidden, [{ index: 1, line: 'm=application 0 UDP/DTLS/SCTP webrtc-datachannel', mid: '1' }])
})

test('changes nothing where there is nothing to hide', () => {
  const offer = parseSdp(sample('chromium-av-gathered'))
  const { sdp, hidden } = hideMedia(offer, ['audio', 'video'])
  assert.deepEqual(sdpBytes(sdp), sample('chromium-av-gathered'))
  assert.deepEqual(hidden, [])
})

test('hides dead m-lines of the first offer only: later the other leg may know them', () => {
  const offer = offerOf(audio, deadVideo)
  assert.equal(kinds(hideMedia(offer, ['audio', 'video']).sdp), 'audio')
  assert.equal(kinds(hideMedia(offer, ['audio', 'video'], []).sdp), 'audio, video 0')
  assert.equal(kinds(hideMedia(offer, ['audio', 'video'], [hiddenVideo]).sdp), 'audio')
})

test('does not take bundle-only for dead', () => {
  const { sdp } = hideMedia(parseSdp(sample('firefox-av-maxbundle-gathered')), ['audio', 'video'])
  assert.equal(kinds(sdp), 'audio, video 0')
})

test('shows a hidden m-line that has come to life, unless one behind it is shown already', () => {
  assert.equal(kinds(hideMedia(offerOf(audio, video), ['audio', 'video'], [hiddenVideo]).sdp), 'audio, video')
  const inTheMiddle = hideMedia(offerOf(audio, video, audio), ['audio', 'video'], [hiddenVideo])
  assert.equal(kinds(inTheMiddle.sdp), 'audio, audio')
  assert.deepEqual(inTheMiddle.hidden, [hiddenVideo])
})

test('names the mid of a slot that was used again', () => {
  const again = parseSdp(sdpFrom('v=0', 'c=IN IP4 192.0.2.1', audio, 'a=mid:0', 'm=video 9 RTP/AVP 99', 'a=mid:3'))
  const { hidden } = hideMedia(again, ['audio'], [{ ...hiddenVideo, mid: '1' }])
  assert.deepEqual(hidden, [{ index: 1, line: 'm=video 0 RTP/AVP 99', mid: '3' }])
})

test('comes out empty, groups and all, when the other leg takes nothing', () => {
  const { sdp, hidden } = hideMedia(parseSdp(sample('chromium-av-gathered')), ['image'])
  assert.deepEqual([sdp.media, groups(sdp), hidden.length], [[], [], 2])
})

test('restores each m-line at its place, with mid and its own c=', () => {
  const answer = parseSdp(sample('good-webrtc-answer'))
  const hidden = [
    { index: 2, line: 'm=application 0 UDP/DTLS/SCTP webrtc-datachannel', mid: '2' },
    { index: 0, line: 'm=video 0 UDP/TLS/RTP/SAVPF 96', mid: '1' },
  ]
  const restored = restoreMedia(answer, hidden)
  assert.equal(kinds(restored), 'video 0, audio, application 0')
  assert.deepEqual(restored.media[0]?.lines, ['m=video 0 UDP/TLS/RTP/SAVPF 96', 'c=IN IP4 0.0.0.0', 'a=mid:1'])
  assert.deepEqual(restored.media[1], answer.media[0])
  assert.equal(kinds(parseSdp(sdpBytes(restored))), kinds(restored))
})

test('restores without c= where the session has one, and without mid where none was', () => {
  assert.deepEqual(restoreMedia(offerOf(audio), [hiddenVideo]).media[1]?.lines, [deadVideo])
})

test('restores what lies past the end behind the rest', () => {
  assert.equal(kinds(restoreMedia(offerOf(audio), [{ index: 7, line: deadVideo }])), 'audio, video 0')
  assert.equal(kinds(restoreMedia(offerOf(audio, audio), [])), 'audio, audio')
})

test('drops restored m-lines from the answer of their leg', () => {
  const answer = parseSdp(sample('chromium-av-answer-video-rejected'))
  const dropped = dropHidden(answer, [{ index: 1, line: 'm=video 0 UDP/TLS/RTP/SAVPF 96', mid: '1' }])
  assert.equal(kinds(dropped), 'audio')
  assert.deepEqual(groups(dropped), groups(answer))
})

test('takes nothing from an answer that left the rejected m-line out', () => {
  const hidden = [{ index: 0, line: deadVideo }, { index: 2, line: 'm=image 0 udptl t38' }]
  assert.equal(kinds(dropHidden(offerOf(audio), hidden)), 'audio')
  assert.equal(kinds(dropHidden(offerOf(audio, 'm=image 0 udptl t38', audio), hidden)), 'audio, audio')
  assert.equal(kinds(dropHidden(offerOf(deadVideo, audio), hidden)), 'audio')
})

test('hiding, restoring and dropping are the same m-lines', () => {
  const offer = offerOf(video, audio, 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel', audio, video)
  const { sdp, hidden } = hideMedia(offer, ['audio'])
  const restored = restoreMedia(sdp, hidden)
  assert.equal(kinds(restored), 'video 0, audio, application 0, audio, video 0')
  assert.deepEqual(dropHidden(restored, hidden), sdp)
})

test('keeps other groups, without the mids that went', () => {
  const offer = parseSdp(sdpFrom('v=0', 'c=IN IP4 192.0.2.1', 'a=group:LS a v', 'a=group:FID v', 'a=group:BUNDLE a v',
    audio, 'a=mid:a', video, 'a=mid:v'))
  assert.deepEqual(groups(hideMedia(offer, ['audio']).sdp), ['a=group:LS a', 'a=group:BUNDLE a'])
})
