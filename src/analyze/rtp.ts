import type { FindingKind } from '../finding.ts'
import type { Datagram } from './packet.ts'
import type { TraceCall } from './calls.ts'
import { type Followed, Held } from './held.ts'
import { exchangesOf } from './media.ts'
import { nameOf } from './places.ts'
import { isSuccess, type TraceCase } from './signalling.ts'

/** What one RTP stream of a capture was like. */
interface Stream extends Followed {
  source: string
  destination: string
  packets: number
  /** Sequence numbers, the latest one extended by the cycles that it has gone through. */
  base: number
  highest: number
  jitterMs: number
  transitMs?: number
  /** Hz; 0 for a dynamic payload type, whose jitter is not known. */
  clock: number
}

/** So many packets must be there before a share of them says anything. */
const fewest = 50

export const rtpKinds = {
  silent: {
    id: 'RTP-01', severity: 'error', leg: 'media', title: 'no RTP to an address that was agreed on',
    why: 'The capture has RTP of this call, but none towards this end: it hears nothing.',
    fix: 'See that the capture has both directions. Then look at the sender: its address, firewall and NAT, and whether ICE and DTLS '
      + 'were finished where it has them.',
    reference: 'RFC 3264 §5.1',
  },
  lossy: {
    id: 'RTP-02', severity: 'warning', leg: 'media', title: 'RTP packets are lost on the way',
    why: 'From about 3 % on audio is choppy.',
    fix: 'Look at the network before the place of the capture; SIP and SDP are not to blame.',
    reference: 'RFC 3550 §6.4.1',
  },
  uneven: {
    id: 'RTP-03', severity: 'warning', leg: 'media', title: 'RTP comes unevenly',
    why: 'What comes later than the jitter buffer waits is as good as lost: choppy audio.',
    fix: 'Look at the network and the load of the sender; give voice packets priority (TOS: 184 in ng).',
    reference: 'RFC 3550 §6.4.1',
  },
  stopped: {
    id: 'RTP-04', severity: 'error', leg: 'media', title: 'RTP stops in the middle of the call',
    why: 'The path broke while the call went on: consent or ICE failed, a NAT binding ended, or the sender stopped.',
    fix: 'Look at what was signalled just before; a browser must renew ICE, a NAT needs packets every 30 s.',
    reference: 'RFC 7675 §5.1',
  },
} as const satisfies Record<string, FindingKind>

/** Counts the RTP of a capture by stream, within bounds. */
export class RtpStreams {
  readonly held = new Held<Stream>()

  seen ({ at, source, destination, payload }: Datagram): void {
    const [first, second] = [payload[0] ?? 0, payload[1] ?? 0]
    // RTCP has packet types 192 to 223 there (RFC 5761 §4); STUN and DTLS begin lower (RFC 7983).
    if (first >> 6 !== 2 || (second >= 192 && second <= 223)) return
    const [sequence, timestamp, ssrc] = [payload.readUInt16BE(2), payload.readUInt32BE(4), payload.readUInt32BE(8)]
    const stream = this.held.get(`${nameOf(source)} ${nameOf(destination)} ${ssrc}`, () => ({
      source: nameOf(source), destination: nameOf(destination), first: at, last: at,
      packets: 0, base: sequence, highest: sequence, jitterMs: 0, clock: (second & 0x7f) < 96 ? 8000 : 0,
    }))
    if (!stream) return
    stream.packets++
    // RFC 3550 §A.1.
    const ahead = (sequence - (stream.highest & 0xffff) + 0x10000) & 0xffff
    if (ahead < 0x8000) stream.highest += ahead
    stream.last = Math.max(stream.last, at)
    if (stream.clock === 0) return
    const transit = at - timestamp / stream.clock * 1000
    // Beyond a second it is a new talk spurt or a wrapped timestamp, no jitter.
    const change = Math.abs(transit - (stream.transitMs ?? transit))
    if (change < 1000) stream.jitterMs += (change - stream.jitterMs) / 16
    stream.transitMs = transit
  }

  /**
   * What is wrong with the media of a call, by the addresses in its SDPs and by when the dialog of each was up: ports serve
   * one call after the other, and of a bridge one leg may go on after the other has hung up. Nothing where the capture has
   * none of it.
   */
  findings (call: TraceCall): (TraceCase & { kind: FindingKind })[] {
    const targets = targetsOf(call)
    const begin = call.messages[0]?.at ?? 0
    const endOf = ({ source, destination }: Stream) =>
      Math.max(...[source, destination].map((at) => targets.get(at)?.end ?? -Infinity))
    const own = this.held.judge((stream) => stream.last >= begin && stream.first <= endOf(stream))
    if (own.length === 0) return []
    if (!call.messages.some(({ sip, method }) => method === 'INVITE' && isSuccess(sip.status))) return []
    const latest = Math.max(...own.map(({ last }) => last))
    const until = (end: number) => end === Infinity ? latest : end
    const isDeaf = ([place, { isWanted, answered, end }]: [string, Target]) =>
      isWanted && answered !== undefined && until(end) - answered > 4000
      && own.some(({ source }) => source === place) && !own.some(({ destination }) => destination === place)
    const silent = [...targets].filter(isDeaf).map(([place, { message }]) => ({
      // A capture of one direction alone looks the same.
      kind: rtpKinds.silent, confidence: 'medium' as const, leg: place, evidence: [{ field: 'RTP to', value: `${place}: none` }], messages: [message],
    }))
    // Whoever is on hold may send nothing, and nothing is sent to it.
    const isHeld = [...targets.values()].some(({ isWanted, wasWanted }) => wasWanted && !isWanted)
    const streams = own.flatMap((stream) => {
      const mayEnd = isHeld || own.some((other) => goesOn(stream, other))
      return ofStream(stream, until(endOf(stream)), targets.get(stream.destination)?.message)
        .filter(({ kind }) => !mayEnd || kind !== rtpKinds.stopped)
    })
    return [...silent, ...streams]
  }
}

/** Whether a stream goes on as another one: early media gives way to the callee's, and a re-INVITE moves a port. */
function goesOn (stream: Stream, other: Stream): boolean {
  const isSamePath = stream.destination === other.destination || stream.source === other.source
  return isSamePath && other.first > stream.last - 1000 && other.last > stream.last
}

function ofStream (stream: Stream, end: number, message: number | undefined): (TraceCase & { kind: FindingKind })[] {
  const expected = stream.highest - stream.base + 1
  const lost = Math.max(0, expected - stream.packets)
  const share = lost / expected
  const path = `${stream.source} → ${stream.destination}`
  const messages = message === undefined ? [] : [message]
  const found = (kind: FindingKind, field: string, value: string) => ({
    kind, leg: stream.destination, evidence: [{ field, value: `${value} (${path})` }], messages,
  })
  if (stream.packets < fewest) return []
  return [
    ...share >= 0.03 ? [found(rtpKinds.lossy, 'lost', `${lost} of ${expected}, ${(share * 100).toFixed(1)} %`)] : [],
    ...stream.jitterMs >= 30 ? [found(rtpKinds.uneven, 'jitter', `${stream.jitterMs.toFixed(0)} ms`)] : [],
    ...end - stream.last > 5000 ? [found(rtpKinds.stopped, 'last packet', `${((end - stream.last) / 1000).toFixed(0)} s before the end`)] : [],
  ]
}

/** Where an endpoint or a relay wants its media. Times in milliseconds. */
interface Target {
  message: number
  /** Whether it wants any at the end, and whether it did before. */
  isWanted: boolean
  wasWanted: boolean
  /** When its dialog was answered. */
  answered: number | undefined
  /** When its dialog ended: Infinity where the trace has no BYE of the call. */
  end: number
}

function targetsOf (call: TraceCall): Map<string, Target> {
  const targets = new Map<string, Target>()
  const upOf = upBy(call)
  for (const { message, sdp } of exchangesOf(call)) {
    for (const { connection, port, direction } of sdp.live) {
      if (!connection || port < 10) continue
      const isWanted = direction === 'sendrecv' || direction === 'recvonly'
      const at = nameOf({ address: connection.address, port })
      const before = targets.get(at)
      const wasWanted = before !== undefined && (before.wasWanted || before.isWanted)
      const { answered, end } = upOf(message.sip.callId)
      // Without a media relay the same address stands in the SDPs of both dialogs.
      targets.set(at, {
        message: message.number,
        isWanted,
        wasWanted,
        answered: before?.answered ?? answered,
        end: Math.max(end, before?.end ?? -Infinity),
      })
    }
  }
  return targets
}

/** By call-id: from when to when its dialog was up. One whose BYE the trace has not ended with the last of the others. */
function upBy ({ messages }: TraceCall): (callId: string) => { answered?: number, end: number } {
  const answers = new Map<string, number>()
  const byes = new Map<string, number>()
  for (const { at, sip, method } of messages) {
    if (method === 'INVITE' && isSuccess(sip.status) && !answers.has(sip.callId)) answers.set(sip.callId, at)
    if (sip.method === 'BYE' && !byes.has(sip.callId)) byes.set(sip.callId, at)
  }
  const last = byes.size > 0 ? Math.max(...byes.values()) : Infinity
  return (callId) => {
    const answered = answers.get(callId)
    return { ...answered !== undefined && { answered }, end: byes.get(callId) ?? last }
  }
}
