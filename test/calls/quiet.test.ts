import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quietAt } from '../../src/calls/quiet.ts'
import type { MediaReport, MediaStreams, StreamReport } from '../../src/ng/media-report.ts'

const begun = 1_732_320_000_000

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
  const secondsUntilQuiet = (...legs: Parameters<typeof report>) => (quietAt(report(...legs), 60_000) - begun) / 1000
  assert.equal(secondsUntilQuiet(['a', audio(old)], ['b', audio(stream(4004))], ['', audio(stream(0))]), 90)
  assert.equal(secondsUntilQuiet(['a', audio(old)], ['b', audio(fresh)]), 110)
  assert.equal(secondsUntilQuiet(['a', audio(old, { rtcp: fresh })], ['b', audio(old)]), 110, 'RTCP comes')
  assert.equal(secondsUntilQuiet(['a', audio(stream(4000))], ['b', audio(stream(4002))]), 60, 'nothing has come at all')
  assert.equal(secondsUntilQuiet(['a', audio(old)], ['b', audio(old, { maySend: false })]), Infinity, 'on hold')
  assert.equal(secondsUntilQuiet(['a', audio(old)], ['', audio(old)]), Infinity, 'rings')
  assert.equal(secondsUntilQuiet(['a', audio(stream(0))]), Infinity, 'nothing is open')
  const changed = { ...report(['a', audio(old)]), lastSignalAt: begun + 50_000 }
  assert.equal(quietAt(changed, 60_000), begun + 110_000, 'it was changed later')
})
