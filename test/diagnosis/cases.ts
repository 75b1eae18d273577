import type { DiagnosedCall, DiagnosedLeg, Sample } from '../../src/diagnosis/call.ts'
import { type Finding, findingOf } from '../../src/finding.ts'
import type { LegMedia, MediaReport, MediaStreams, Quality, StreamReport } from '../../src/ng/media-report.ts'

export const start = 1_800_000_000_000

/** An m-line as it is in a healthy call of PCMU and plain RTP, with so many packets after so many seconds. */
export function streams (
  seconds: number, more: Partial<Omit<MediaStreams, 'rtp'>> & { rtp?: Partial<StreamReport> } = {},
): MediaStreams {
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

export const webStreams = (seconds: number, more: Parameters<typeof streams>[1] = {}): MediaStreams => streams(seconds, {
  protocol: 'UDP/TLS/RTP/SAVPF', isDtls: true, hasIce: true, ...more,
  rtp: { suite, isCertificateVerified: true, ...more.rtp },
})

/** Its handshake is not done. */
export function waitingStreams (
  endpoint = { address: '192.0.2.1', port: 5000 }, isCertificateVerified = false,
): MediaStreams {
  const waiting = webStreams(0, { rtp: { ...nothing, endpoint, isCertificateVerified } })
  delete waiting.rtp.suite
  return waiting
}

export const nothing: Partial<StreamReport> = { received: { packets: 0, bytes: 0, errors: 0 } }
const suite = 'AES_CM_128_HMAC_SHA1_80'
const came = (packets: number, bytesEach = 172, errors = 0): Partial<StreamReport> =>
  ({ received: { packets, bytes: packets * bytesEach, errors } })

/** What came until then; nothing since. */
export const silentSince = (second: number): Partial<StreamReport> =>
  ({ ...came(second * 50), lastPacketAt: start + second * 1000 })

export function media (a: MediaStreams[], b: MediaStreams[], signalAt = 0): MediaReport {
  const legs: LegMedia[] = [{ tag: 'A', hears: ['B'], media: a }, { tag: 'B', hears: ['A'], media: b }]
  return { createdAt: start, lastSignalAt: start + signalAt * 1000, legs }
}

export const sample = (second: number, report: MediaReport): Sample => ({ at: start + second * 1000, media: report })
/** So many seconds after the answer: the browser's m-line and the phone's. */
const at = (second: number, web: MediaStreams, phone: MediaStreams, signalAt = 0): Sample =>
  sample(second, media([web], [phone], signalAt))
export const healthy = (second: number): Sample => at(second, webStreams(second), streams(second))

export const caller: DiagnosedLeg = { tag: 'A', role: 'caller', profile: 'browser' }
export const callee: DiagnosedLeg = { tag: 'B', role: 'callee', profile: 'phone' }
/** A call of a browser with a phone, answered at `start`. */
export const callWith = (samples: Sample[], more: Partial<DiagnosedCall> = {}): DiagnosedCall =>
  ({ legs: [caller, callee], samples, answeredAt: start, ...more })

const found = (id: string): Finding =>
  findingOf({ id, severity: 'error', leg: 'SIP', title: 'as the rule says', why: '', fix: '' }, { evidence: [{ field: 'a=x' }] })
const calleeWith = (...ids: string[]) => ({ legs: [caller, { ...callee, findings: ids.map(found) }] })
const callerWith = (...ids: string[]) => ({ legs: [{ ...caller, findings: ids.map(found) }, callee] })

const waits = (second: number, ...rest: Parameters<typeof waitingStreams>): Sample =>
  at(second, waitingStreams(...rest), streams(second))
const dead = (second: number, more = {}): Sample =>
  at(second, streams(0, { rtp: nothing, ...more }), streams(0, { rtp: nothing, ...more }))
const undecrypted = (errors: number, more: Partial<MediaStreams> = {}): Sample =>
  at(6, webStreams(6), streams(0, { isSdes: true, ...more, rtp: { suite, ...came(0, 0, errors) } }))
const bestEffort = at(6, webStreams(6), streams(6, { isSdes: true, rtp: { suite } }))
/** The browser's media stand still from second 12 on, with what the node then says of its DTLS. */
const restarted = (rtp: Partial<StreamReport>): Sample[] =>
  [healthy(10), at(20, webStreams(20, { rtp: { ...silentSince(12), ...rtp } }), streams(20))]
const browserStops = (packets: number): Sample[] =>
  [healthy(10), at(40, webStreams(40, { rtp: { ...silentSince(12), ...came(packets) } }), streams(40))]
const phoneStops = (more = {}, signalAt = 0, stopsAt = 12): Sample[] =>
  [healthy(Math.min(10, stopsAt)), at(20, webStreams(20), streams(20, { ...more, rtp: silentSince(stopsAt) }), signalAt)]
const early = (second: number, web: MediaStreams): DiagnosedCall =>
  ({ legs: [caller, callee], samples: [at(second, web, streams(1))], earlyAnswerAt: start })
const withVideo = (packets: number, maySend = true): Sample => {
  const video = (count: number) => streams(0, { index: 2, kind: 'video', codec: 'VP8/90000', maySend, rtp: came(count) })
  return sample(6, media([webStreams(6), video(packets)], [streams(6), video(0)]))
}
const codecs = (web: string, more = {}): Sample => at(6, webStreams(6, { codec: web, ...more }), streams(6, more))
const packed = (bytesEach: number, perSecond: number, more = {}): Sample =>
  at(6, webStreams(6, { ...more, rtp: came(perSecond * 6, bytesEach) }), streams(6))
const arriving = (perSecond: number, more = {}): Sample[] => [5, 25].map((second) =>
  at(second, webStreams(second), streams(second, { ...more, rtp: came(second * perSecond) })))
const bothArriving = (caller: number, callee: number): Sample[] => [5, 25].map((second) =>
  at(second, streams(second, { rtp: came(second * caller) }), streams(second, { rtp: came(second * callee) })))
const good = { mos: 4.3, lossPercent: 0, jitterMs: 2, roundTripMs: 40 }
/** `sustained`: where its single reports have something else than the average. */
function hears (
  { samples = 3, sustained, ...heard }: Partial<Omit<Quality, 'sustained'>> & { sustained?: Partial<Quality['sustained']> },
): Sample {
  const quality = { ...good, ...heard, samples, sustained: { ...good, ...heard, ...sustained } }
  return at(6, webStreams(6), streams(6, { rtp: { heard: quality } }))
}
const held = at(6, webStreams(6, { maySend: false }), streams(6, { maySend: false }))
const hungUp = (seconds: number, role: 'caller' | 'callee' = 'callee'): DiagnosedCall =>
  callWith([healthy(6)], { hangUp: { role, seconds } })

/** Of each rule of the diagnosis: calls that trip it alone, or with what else is said, and near misses. */
export const cases: Record<string, { trips: DiagnosedCall[], with?: string[], misses: DiagnosedCall[] }> = {
  'DX-01': {
    trips: [callWith([waits(6)])],
    misses: [callWith([waits(3)]), callWith([at(6, waitingStreams(), streams(0, { rtp: nothing }))])],
  },
  'DX-30': {
    trips: [callWith([waits(6, { address: '0.0.0.0', port: 9 })])],
    misses: [callWith([waits(6)]), callWith([waits(3, { address: '0.0.0.0', port: 9 })])],
  },
  'DX-02': { trips: [callWith([waits(6, undefined, true)])], misses: [callWith([waits(6)]), callWith([waits(3, undefined, true)])] },
  'DX-04': {
    trips: [callWith([undecrypted(300)])],
    // A few before the keys were there; and without keys nothing can fail to be decrypted.
    misses: [callWith([undecrypted(9)]), callWith([at(6, webStreams(6), streams(0, { rtp: came(0, 0, 300) }))])],
  },
  'DX-24': {
    trips: [callWith([bestEffort], { legs: [caller, { ...callee, isEncrypted: false }] })],
    misses: [callWith([bestEffort], { legs: [caller, { ...callee, isEncrypted: true }] })],
  },
  'DX-26': {
    trips: [callWith(restarted({ isCertificateVerified: false, isConfirmed: false }))],
    misses: [callWith(restarted({ isConfirmed: false })), callWith(restarted({ isCertificateVerified: false }))],
  },
  'DX-05': { trips: [callWith([dead(6)])], misses: [callWith([dead(3)]), callWith([dead(6, { maySend: false, maySendTo: false })])] },
  'DX-06': {
    trips: [callWith([at(6, webStreams(6), streams(0, { rtp: nothing }))])],
    misses: [
      callWith([at(3, webStreams(3), streams(0, { rtp: nothing }))]),
      callWith([at(6, webStreams(6), streams(0, { maySend: false, rtp: nothing }))]),
    ],
  },
  'DX-07': {
    trips: [callWith([at(6, webStreams(0, { rtp: came(3) }), streams(6))])],
    misses: [callWith([at(6, webStreams(0, { maySend: false, rtp: came(3) }), streams(6))]), callWith([healthy(6)])],
  },
  'DX-08': {
    trips: [callWith([at(6, webStreams(6), streams(0, { isAsymmetric: true, rtp: nothing }))])],
    with: ['DX-06'],
    misses: [
      callWith([at(6, webStreams(6), streams(6, { isAsymmetric: true }))]),
      callWith([at(6, webStreams(6), streams(0, { rtp: nothing }))]),
    ],
  },
  'DX-27': {
    trips: [callWith(phoneStops({}, 12)), callWith(phoneStops(), { renegotiatedAfter: 12 })],
    // The node's word of its signalling moves by itself soon after the answer, and ours is surer.
    misses: [
      callWith(phoneStops({}, 18)), callWith(phoneStops({ maySend: false }, 12)),
      callWith(phoneStops({}, 12), { renegotiatedAfter: 2 }),
      callWith([sample(2, media([webStreams(2)], [streams(2)])), ...phoneStops({}, 3.5, 5)]),
    ],
  },
  'DX-17': {
    trips: [callWith(browserStops(600))],
    misses: [
      callWith([healthy(10), healthy(40)]), callWith(restarted({ isCertificateVerified: false, isConfirmed: false })),
    ],
  },
  'DX-28': {
    trips: [callWith(phoneStops()), callWith(phoneStops({}, 18))],
    misses: [callWith(phoneStops({ maySend: false })), callWith(phoneStops({}, 12)), callWith([healthy(10), healthy(20)])],
  },
  'DX-21': {
    trips: [early(1.5, waitingStreams())],
    misses: [early(0.8, waitingStreams()), early(1.5, webStreams(1)), callWith([at(1.5, waitingStreams(), streams(1))])],
  },
  'DX-25': { trips: [callWith([withVideo(0)])], misses: [callWith([withVideo(80)]), callWith([withVideo(0, false)])] },
  'DX-09': {
    trips: [callWith([codecs('opus/48000/2')])],
    misses: [callWith([codecs('opus/48000/2', { isTranscoding: true })]), callWith([codecs('pcmu/8000')])],
  },
  'DX-29': {
    trips: [callWith([healthy(6)], { wantsTranscoding: true })],
    misses: [callWith([codecs('opus/48000/2', { isTranscoding: true })], { wantsTranscoding: true }), callWith([healthy(6)])],
  },
  'DX-10': {
    trips: [callWith([healthy(6)], { legs: [{ ...caller, agreedCodec: 'opus' }, callee] })],
    misses: [
      callWith([healthy(6)], { legs: [{ ...caller, agreedCodec: 'pcmu' }, callee] }),
      callWith([dead(3)], { legs: [{ ...caller, agreedCodec: 'opus' }, callee] }),
    ],
  },
  'DX-11': {
    trips: [callWith([packed(252, 33.3)])],
    // RTCP on the same port makes the packets a little smaller on the whole; and the node packs anew where it transcodes.
    misses: [callWith([packed(168, 51)]), callWith([packed(252, 33.3, { isTranscoding: true })])],
  },
  'DX-12': {
    trips: [callWith(arriving(46))],
    misses: [
      callWith(arriving(48.5)), callWith(arriving(46).slice(0, 1)),
      callWith(arriving(46, { codec: 'opus/48000/2', isTranscoding: true })),
    ],
  },
  'DX-22': {
    trips: [callWith(bothArriving(46, 45))],
    misses: [callWith(bothArriving(50, 45)), callWith(bothArriving(46, 49))],
  },
  'DX-13': {
    trips: [callWith([hears({ lossPercent: 4 })]), callWith([hears({ mos: 3.5 })]), callWith([hears({ jitterMs: 31 })])],
    misses: [
      callWith([hears({ lossPercent: 2.9, jitterMs: 29, mos: 3.6 })]), callWith([hears({ lossPercent: 4, samples: 1 })]),
      // A moment of it, in one report of several.
      callWith([hears({ jitterMs: 60, mos: 3.4, sustained: { jitterMs: 4, mos: 4.2 } })]),
      callWith([hears({ lossPercent: 4, sustained: { lossPercent: 0 } })]),
    ],
  },
  'DX-14': {
    trips: [callWith([hears({ roundTripMs: 350 })]), callWith([hears({ mos: 3.5, roundTripMs: 350 })])],
    misses: [
      callWith([hears({ roundTripMs: 290 })]), callWith([hears({ roundTripMs: 800, sustained: { roundTripMs: 2 } })]),
    ],
  },
  'DX-20': {
    trips: [callWith([healthy(6)], callerWith('OA-11')), callWith([healthy(6)], calleeWith('SIP-15'))],
    misses: [callWith([healthy(6)], callerWith('OA-06'))],
  },
  'DX-15': {
    trips: [callWith([healthy(6)], { lostAt: start + 66_000 })],
    misses: [callWith([healthy(6)]), callWith([held], { lostAt: start + 66_000 })],
  },
  'DX-16': {
    trips: [callWith([held], { lostAt: start + 3_700_000 })],
    misses: [callWith([healthy(6)], { lostAt: start + 3_700_000 }), callWith([held])],
  },
  'DX-18': {
    trips: [callWith([], { refusal: { status: 488 }, ...calleeWith('SIP-01') })],
    misses: [callWith([], { refusal: { status: 486 }, ...calleeWith('SIP-01') }), callWith([], { refusal: { status: 488 } })],
  },
  'DX-19': {
    trips: [callWith([], { refusal: { status: 488 } })],
    misses: [callWith([], { refusal: { status: 486 } }), callWith([], { refusal: { status: 488 }, ...calleeWith('SIP-01') })],
  },
  'DX-31': { trips: [hungUp(32.2), hungUp(31.6)], misses: [hungUp(30), hungUp(40), hungUp(32.2, 'caller')] },
  'DX-23': { trips: [callWith([healthy(6)], { freePorts: 12 })], misses: [callWith([healthy(6)], { freePorts: 400 }), callWith([healthy(6)])] },
}
