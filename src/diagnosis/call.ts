import type { Finding } from '../finding.ts'
import type { LegMedia, MediaReport, MediaStreams } from '../ng/media-report.ts'

/** What the rules judge a call by: what was agreed in signalling, and what the node said of its media at several times. */
export interface DiagnosedCall {
  legs: readonly DiagnosedLeg[]
  /** Oldest first. */
  samples: readonly Sample[]
  /** The node said that it does not know the call, though nobody had ended it. Our clock, milliseconds. */
  lostAt?: number
  /** When the final answer passed. Our clock. */
  answeredAt?: number
  /** When an early answer passed first (a 183 with SDP). Our clock. */
  earlyAnswerAt?: number
  /** Whether the offer's flags asked the node to transcode. */
  wantsTranscoding?: boolean
  /** The final failure that the callee answered with. */
  refusal?: { status: number, reason?: string }
  /** Who has hung up, and how many seconds after the latest answer. */
  hangUp?: { role: DiagnosedLeg['role'], seconds: number }
  /** Seconds from the beginning of the call to the latest offer after its answer, as far as this instance has seen. */
  renegotiatedAfter?: number
  /** Of the node's ports for RTP. */
  freePorts?: number
}

/** One side of the call, as signalling has it. */
export interface DiagnosedLeg {
  tag: string
  role: 'caller' | 'callee'
  profile: string
  /** The first speech codec of the SDP that was answered to this leg, or by it: `opus`. */
  agreedCodec?: string
  /** Whether the SDP that came from the leg had SRTP keys (a=crypto) or a fingerprint. */
  isEncrypted?: boolean
  /** The conformance rules that the latest SDP sent to the leg broke. */
  findings?: readonly Finding[]
}

/** What the node said at a time; `at` is our clock, milliseconds. */
export interface Sample { at: number, media: MediaReport }

/** A leg's audio as the rules want it: the latest figures, and what moved since an earlier sample. */
export interface LegView {
  leg: DiagnosedLeg
  /** The first live audio m-line. */
  media: MediaStreams
  /** Over how many seconds the rates are taken. */
  seconds: number
  packetsPerSecond: number
  errorsPerSecond: number
  bytesPerPacket: number
  /** Nothing comes, though the SDP lets the leg send. RTCP on the same port does not count. */
  isSilent: boolean
  /** It is silent but for RTCP on the same port, so the way from it is there. */
  isReporting: boolean
  /** Media comes in. */
  isFlowing: boolean
  /** Seconds from the creation of the call to the last packet, by the node's clock. */
  lastPacketAfter?: number
}

const noPackets = { packets: 0, bytes: 0, errors: 0 }

/** The rates are taken over as many seconds as this at least. */
const leastWindowMs = 4000
/** RTCP that shares the port of RTP comes about once a second at the most. */
const rtcpPerSecond = 2
/** So far behind the other streams its last packet is that it stopped within the window. */
const idleMs = 5000

/** The views of both legs; a leg without audio has none. */
export function viewsOf ({ legs, samples, answeredAt }: DiagnosedCall): LegView[] {
  const latest = samples.at(-1)
  if (!latest) return []
  const earlier = samples.findLast((sample) => sample.at <= latest.at - leastWindowMs)
  const since = earlier?.at ?? Math.min(answeredAt ?? latest.at, latest.at)
  return legs.flatMap((leg) => {
    const media = audioOf(latest.media, leg.tag)
    if (!media) return []
    const before = earlier && audioOf(earlier.media, leg.tag)
    return [viewOf(leg, media, before, (latest.at - since) / 1000, latest.media)]
  })
}

function viewOf (
  leg: DiagnosedLeg, media: MediaStreams, before: MediaStreams | undefined, seconds: number, report: MediaReport,
): LegView {
  const { received: now, lastPacketAt } = media.rtp
  // A new port begins to count anew.
  const base = before && before.rtp.received.packets <= now.packets ? before.rtp.received : noPackets
  const packets = now.packets - base.packets
  const rate = (count: number) => seconds > 0 ? count / seconds : 0
  const isGone = (lastPacketAt ?? 0) <= latestPacketAt(report) - idleMs
  const isIdle = rate(packets) < rtcpPerSecond || isGone
  return {
    leg,
    media,
    seconds,
    packetsPerSecond: rate(packets),
    errorsPerSecond: rate(Math.max(0, now.errors - base.errors)),
    bytesPerPacket: packets > 0 ? (now.bytes - base.bytes) / packets : 0,
    isSilent: media.maySend && seconds >= leastWindowMs / 1000 && isIdle,
    isReporting: isIdle && !isGone && packets > 0,
    isFlowing: !isIdle,
    ...lastPacketAt !== undefined && { lastPacketAfter: (lastPacketAt - report.createdAt) / 1000 },
  }
}

/** The latest time that the node's clock is known to have had. */
function latestPacketAt ({ legs }: MediaReport): number {
  return Math.max(0, ...legs.flatMap((leg) => leg.media.map(({ rtp }) => rtp.lastPacketAt ?? 0)))
}

/** The m-line that carries the call's speech. */
export function audioOf (report: MediaReport, tag: string): MediaStreams | undefined {
  return legIn(report, tag)?.media.find(({ kind, rtp }) => kind === 'audio' && rtp.port > 0)
}

export function legIn (report: MediaReport, tag: string): LegMedia | undefined {
  return report.legs.find((leg) => leg.tag === tag)
}

/** Seconds from the final answer to the latest sample; 0 before the answer. */
export function secondsUp ({ samples, answeredAt }: DiagnosedCall): number {
  const at = samples.at(-1)?.at
  return at === undefined || answeredAt === undefined ? 0 : Math.max(0, (at - answeredAt) / 1000)
}
