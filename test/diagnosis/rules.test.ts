import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DiagnosedCall, DiagnosedLeg, Sample } from '../../src/diagnosis/call.ts'
import { diagnose } from '../../src/diagnosis/diagnose.ts'
import { findingOf } from '../../src/finding.ts'
import type { LegMedia, MediaReport, MediaStreams, Quality, StreamReport } from '../../src/ng/media-report.ts'

const start = 1_800_000_000_000

/** An m-line as it is in a healthy call of PCMU and plain RTP, with so many packets after so many seconds. */
function streams (seconds: number, more: Partial<Omit<MediaStreams, 'rtp'>> & { rtp?: Partial<StreamReport> } = {}): MediaStreams {
  const packets = seconds * 50
  return {
    index: 1, kind: 'audio', protocol: 'RTP/AVP', codec: 'PCMU/8000', maySend: true, maySendTo: true,
    isDtls: false, isSdes: false, hasIce: false, isTranscoding: false, isAsymmetric: false,
    ...more,
    rtp: {
      port: 40000, endpoint: { address: '198.51.100.7', port: 5004 }, advertised: { address: '198.51.100.7', port: 5004 },
      isCertificateVerified: false, isConfirmed: true, lastPacketAt: start + seconds * 1000,
      received: { packets, bytes: packets * 172, errors: 0 }, ...more.rtp,
    },
  }
}

const webStreams = (seconds: number, more: Parameters<typeof streams>[1] = {}): MediaStreams => streams(seconds, {
  protocol: 'UDP/TLS/RTP/SAVPF', isDtls: true, hasIce: true, ...more,
  rtp: { suite: 'AES_CM_128_HMAC_SHA1_80', isCertificateVerified: true, ...more.rtp },
})

/** Its handshake is not done. */
function waitingStreams (endpoint = { address: '192.0.2.1', port: 5000 }): MediaStreams {
  const waiting = webStreams(0, { rtp: { ...nothing, endpoint, isCertificateVerified: false } })
  delete waiting.rtp.suite
  return waiting
}

const silent = (at: number): Partial<StreamReport> =>
  ({ received: { packets: at * 50, bytes: at * 50 * 172, errors: 0 }, lastPacketAt: start + at * 1000 })

function media (a: MediaStreams[], b: MediaStreams[], signalAt = 0): MediaReport {
  const legs: LegMedia[] = [{ tag: 'A', hears: ['B'], media: a }, { tag: 'B', hears: ['A'], media: b }]
  return { createdAt: start, lastSignalAt: start + signalAt * 1000, legs }
}

const sample = (second: number, report: MediaReport): Sample => ({ at: start + second * 1000, media: report })

const caller: DiagnosedLeg = { tag: 'A', role: 'caller', profile: 'browser' }
const callee: DiagnosedLeg = { tag: 'B', role: 'callee', profile: 'phone' }

function idsOf (samples: Sample[], more: Partial<DiagnosedCall> = {}): string[] {
  return diagnose({ legs: [caller, callee], samples, answeredAt: start, ...more }).map(({ id }) => id)
}

const healthy = (second: number) => sample(second, media([webStreams(second)], [streams(second)]))

test('a healthy call has no finding, at any time', () => {
  for (const seconds of [[2], [2, 5], [2, 5, 25], [2, 5, 25, 60]]) assert.deepEqual(idsOf(seconds.map(healthy)), [])
})

test('a call without an answer, without samples or without legs has none', () => {
  assert.deepEqual(diagnose({ legs: [caller, callee], samples: [] }), [])
  assert.deepEqual(diagnose({ legs: [], samples: [healthy(9)] }), [])
  assert.deepEqual(diagnose({ legs: [caller], samples: [healthy(9)] }), [])
})

const nothing: Partial<StreamReport> = { received: { packets: 0, bytes: 0, errors: 0 } }

test('DX-05: nothing from anybody; but not before five seconds, nor on hold', () => {
  const dead = (second: number, more = {}) =>
    sample(second, media([streams(0, { rtp: nothing, ...more })], [streams(0, { rtp: nothing, ...more })]))
  assert.deepEqual(idsOf([dead(6)]), ['DX-05'])
  assert.deepEqual(idsOf([dead(3)]), [])
  assert.deepEqual(idsOf([dead(6, { maySend: false, maySendTo: false })]), [])
})

test('DX-30 and DX-01: ICE without a path is told from DTLS without an end', () => {
  const waiting = (endpoint: { address: string, port: number }) => sample(6, media([waitingStreams(endpoint)], [streams(6)]))
  assert.deepEqual(idsOf([waiting({ address: '0.0.0.0', port: 9 })]), ['DX-30'])
  assert.deepEqual(idsOf([waiting({ address: '192.0.2.1', port: 5000 })]), ['DX-01'])
})

test('DX-07: a browser with a path that sends nothing; RTCP on the same port does not count', () => {
  const mute = sample(6, media([webStreams(0, { rtp: { received: { packets: 3, bytes: 200, errors: 0 } } })], [streams(6)]))
  assert.deepEqual(idsOf([mute]), ['DX-07'])
})

test('DX-06: a private address that nothing ever came from', () => {
  const lost = (address: string) =>
    sample(6, media([webStreams(6)], [streams(0, { rtp: { ...nothing, endpoint: { address, port: 5004 } } })]))
  const [finding] = diagnose({ legs: [caller, callee], samples: [lost('10.1.2.3')], answeredAt: start })
  assert.equal(finding?.id, 'DX-06')
  assert.match(finding.detail ?? '', /10\.1\.2\.3, a private address/)
  assert.equal(diagnose({ legs: [caller, callee], samples: [lost('198.51.100.9')], answeredAt: start })[0]?.detail, undefined)
})

test('DX-08: silence where learning is switched off', () => {
  const stuck = sample(6, media([webStreams(6)], [streams(0, { isAsymmetric: true, rtp: nothing })]))
  assert.deepEqual(idsOf([stuck]).sort(), ['DX-06', 'DX-08'])
})

test('DX-17, DX-28: audio that stopped, with the second and what it means', () => {
  const stoppedWeb = [healthy(10), sample(40, media([webStreams(40, { rtp: silent(12) })], [streams(40)]))]
  const [web] = diagnose({ legs: [caller, callee], samples: stoppedWeb, answeredAt: start })
  assert.equal(web?.id, 'DX-17')
  assert.match(web.detail ?? '', /12 s after the call began; browsers give a path up/)
  // RTCP on the same port goes on: 20 packets more in 30 s.
  const muted = { received: { packets: 520, bytes: 520 * 172, errors: 0 }, lastPacketAt: start + 39_000 }
  const mutedWeb = [healthy(10), sample(40, media([webStreams(40, { rtp: muted })], [streams(40)]))]
  assert.match(diagnose({ legs: [caller, callee], samples: mutedWeb, answeredAt: start })[0]?.detail ?? '', /RTCP still comes/)
  const stoppedPhone = [healthy(20), sample(60, media([webStreams(60)], [streams(60, { rtp: silent(32) })]))]
  const [phone] = diagnose({ legs: [caller, callee], samples: stoppedPhone, answeredAt: start })
  assert.equal(phone?.id, 'DX-28')
  assert.match(phone.detail ?? '', /no ACK/)
  const held = [healthy(20), sample(60, media([webStreams(60)], [streams(60, { maySend: false, rtp: silent(32) })]))]
  assert.deepEqual(idsOf(held), [])
})

test('DX-27: one-way since a re-INVITE is told from a stop without one', () => {
  const before = healthy(10)
  const after = (signalAt: number) => sample(20, media([webStreams(20)], [streams(20, { rtp: silent(12) })], signalAt))
  assert.deepEqual(idsOf([before, after(12)]), ['DX-27'])
  assert.deepEqual(idsOf([before, after(18)]), ['DX-28'])
})

test('DX-09, DX-29: different codecs without transcoding; transcoding that was asked for and is not there', () => {
  const mixed = (more = {}) => sample(6, media([webStreams(6, { codec: 'opus/48000/2', ...more })], [streams(6, more)]))
  assert.deepEqual(idsOf([mixed()]), ['DX-09'])
  assert.deepEqual(idsOf([mixed({ isTranscoding: true })]), [])
  assert.deepEqual(idsOf([healthy(6)], { wantsTranscoding: true }), ['DX-29'])
})

test('DX-10: another codec than agreed', () => {
  const legs = (agreedCodec: string) => [{ ...caller, agreedCodec }, callee]
  assert.deepEqual(idsOf([healthy(6)], { legs: legs('opus') }), ['DX-10'])
  assert.deepEqual(idsOf([healthy(6)], { legs: legs('pcmu') }), [])
})

test('DX-12: loss on the way in, measured over ten seconds at least', () => {
  const lossy = (second: number) => sample(second, media([webStreams(second)], [streams(second, {
    rtp: { received: { packets: second * 46, bytes: second * 46 * 172, errors: 0 } },
  })]))
  assert.deepEqual(idsOf([lossy(5)]), [])
  assert.deepEqual(idsOf([lossy(5), lossy(25)]), ['DX-12'])
})

test('DX-13, DX-14: what a side reports that it hears', () => {
  const hears = (heard: Quality) => [sample(6, media([webStreams(6)], [streams(6, { rtp: { heard } })]))]
  const good = { mos: 4.3, lossPercent: 0, jitterMs: 2, roundTripMs: 40, samples: 3 }
  assert.deepEqual(idsOf(hears(good)), [])
  assert.deepEqual(idsOf(hears({ ...good, lossPercent: 4 })), ['DX-13'])
  assert.deepEqual(idsOf(hears({ ...good, lossPercent: 4, samples: 1 })), [])
  assert.deepEqual(idsOf(hears({ ...good, mos: 3.5 })), ['DX-13'])
  assert.deepEqual(idsOf(hears({ ...good, roundTripMs: 350 })), ['DX-14'])
  assert.deepEqual(idsOf(hears({ ...good, mos: 3.5, roundTripMs: 350 })), ['DX-14'])
  assert.deepEqual(idsOf(hears({ ...good, roundTripMs: 290 })), [])
})

test('DX-15, DX-16: the node forgot the call, silent or on hold', () => {
  assert.deepEqual(idsOf([healthy(6)], { lostAt: start + 66_000 }), ['DX-15'])
  const held = sample(6, media([webStreams(6, { maySend: false })], [streams(6, { maySend: false })]))
  assert.deepEqual(idsOf([held], { lostAt: start + 3_700_000 }), ['DX-16'])
})

const tooManyLines = findingOf(
  { id: 'SIP-01', severity: 'error', leg: 'SIP', title: 'ICE towards a SIP phone', why: '', fix: '' }, { evidence: [{ field: 'a=candidate' }] })

test('DX-18, DX-19: a 488 with the rule that explains it, or without one', () => {
  assert.deepEqual(idsOf([], { refusal: { status: 488 }, legs: [caller, { ...callee, findings: [tooManyLines] }] }), ['DX-18'])
  assert.deepEqual(idsOf([], { refusal: { status: 488 } }), ['DX-19'])
  assert.deepEqual(idsOf([], { refusal: { status: 486 } }), [])
})

test('DX-31: the callee that hangs up when its 200 has waited for an ACK long enough', () => {
  const after = (seconds: number, role: 'caller' | 'callee' = 'callee') => idsOf([healthy(6)], { hangUp: { role, seconds } })
  assert.deepEqual(after(32.2), ['DX-31'])
  assert.deepEqual([after(30), after(40), after(32.2, 'caller')], [[], [], []])
})

test('DX-20: DTMF that the SDP already gives away', () => {
  const lost = findingOf({ id: 'OA-11', severity: 'error', leg: 'pair', title: 'no telephone-event/48000', why: '', fix: '' }, { evidence: [] })
  assert.deepEqual(idsOf([healthy(6)], { legs: [{ ...caller, findings: [lost] }, callee] }), ['DX-20'])
})

test('DX-21: media from the callee before the browser\'s handshake', () => {
  const early = sample(1.5, media([waitingStreams()], [streams(1)]))
  const ids = diagnose({ legs: [caller, callee], samples: [early], earlyAnswerAt: start }).map(({ id }) => id)
  assert.deepEqual(ids, ['DX-21'])
})

test('DX-23: a node that runs out of ports', () => {
  assert.deepEqual(idsOf([healthy(6)], { freePorts: 12 }), ['DX-23'])
  assert.deepEqual(idsOf([healthy(6)], { freePorts: 400 }), [])
})

test('DX-24: best-effort SRTP that was answered in clear', () => {
  const osrtp = sample(6, media([webStreams(6)], [streams(6, { isSdes: true, rtp: { suite: 'AES_CM_128_HMAC_SHA1_80' } })]))
  assert.deepEqual(idsOf([osrtp], { legs: [caller, { ...callee, isEncrypted: false }] }), ['DX-24'])
  assert.deepEqual(idsOf([osrtp], { legs: [caller, { ...callee, isEncrypted: true }] }), [])
})

test('DX-25: video that never came', () => {
  const video = (packets: number) => streams(0, { index: 2, kind: 'video', codec: 'VP8/90000', rtp: { received: { packets, bytes: 0, errors: 0 } } })
  const both = (packets: number) => sample(6, media([webStreams(6), video(packets)], [streams(6), video(0)]))
  assert.deepEqual(idsOf([both(0)]), ['DX-25'])
  assert.deepEqual(idsOf([both(80)]), [])
})
