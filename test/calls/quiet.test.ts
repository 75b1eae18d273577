import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isQuiet } from '../../src/calls/quiet.ts'
import type { MediaReport, MediaStreams, StreamReport } from '../../src/ng/media-report.ts'

const begun = 1_732_320_000_000
const now = begun + 100_000

function stream (port: number, lastPacketAt?: number): StreamReport {
  return {
    port, isCertificateVerified: false, isConfirmed: true, received: { packets: 9, bytes: 9, errors: 0 },
    ...lastPacketAt !== undefined && { lastPacketAt },
  }
}

function audio (rtp: StreamReport, more: Partial<MediaStreams> = {}): MediaStreams {
  return {
    index: 1, kind: 'audio', protocol: 'RTP/AVP', maySend: true, maySendTo: true, isDtls: false, isSdes: false, hasIce: false,
    isTranscoding: false, isAsymmetric: false, rtp, ...more,
  }
}

function report (...legs: [tag: string, media: MediaStreams][]): MediaReport {
  return { createdAt: begun, lastSignalAt: begun, legs: legs.map(([tag, media]) => ({ tag, hears: [], media: [media] })) }
}

const old = stream(4000, begun + 30_000)
const fresh = stream(4002, begun + 50_000)

test('a call is quiet when nothing has come for the timeout on any stream that is open', () => {
  const isQuietWith = (...legs: Parameters<typeof report>) => isQuiet(report(...legs), now, 60_000)
  assert.equal(isQuietWith(['a', audio(old)], ['b', audio(stream(4004))], ['', audio(stream(0))]), true)
  assert.equal(isQuietWith(['a', audio(old)], ['b', audio(fresh)]), false)
  assert.equal(isQuietWith(['a', audio(old, { rtcp: fresh })], ['b', audio(old)]), false, 'RTCP comes')
  assert.equal(isQuietWith(['a', audio(old)], ['b', audio(old, { maySend: false })]), false, 'on hold')
  assert.equal(isQuietWith(['a', audio(old)], ['', audio(old)]), false, 'rings')
  assert.equal(isQuietWith(['a', audio(stream(0))]), false, 'nothing is open')
  assert.equal(isQuiet({ ...report(['a', audio(old)]), lastSignalAt: begun + 50_000 }, now, 60_000), false, 'it was just changed')
})
