import { legIn, type LegView } from '../call.ts'
import { type DiagnosisRule, eachLeg, named, round, type Scene, seen } from '../rule.ts'
import { endpointOf } from './encryption.ts'

/** Long enough for an endpoint that takes its time, and for the two samples that rates are made from. */
const settledSeconds = 5

/** It was heard before, so it is not that its media never came up. */
const hasFlowed = (view: LegView): boolean => view.media.rtp.received.packets > 5

/** rtpengine 26.0 moves its `last signal` once more by itself, some three seconds after an answer. */
const ownSignalMs = 5000

/**
 * When signalling moved after media had begun, a re-INVITE, a hold, a transfer: in seconds of the call, as this instance has
 * seen it, or as the node tells where another one may have.
 */
function renegotiatedAfter ({ call: { samples, renegotiatedAfter: own } }: Scene): number | undefined {
  const [first, last] = [samples[0], samples.at(-1)]
  if (own !== undefined || !first || !last) return own
  const { createdAt, lastSignalAt } = last.media
  return lastSignalAt - first.media.lastSignalAt > ownSignalMs ? (lastSignalAt - createdAt) / 1000 : undefined
}

/** The leg's last packet came when signalling moved. */
function isStopAtRenegotiation (scene: Scene, { lastPacketAfter }: LegView): boolean {
  const after = renegotiatedAfter(scene)
  return after !== undefined && lastPacketAfter !== undefined && Math.abs(lastPacketAfter - after) <= 3
}

const lastPacket = (view: LegView): string | undefined =>
  view.lastPacketAfter === undefined ? undefined : `${view.lastPacketAfter} s after the call began`

const flowEvidence = (view: LegView) => seen(view, {
  packets: view.media.rtp.received.packets,
  'packets a second': round(view.packetsPerSecond),
  'last packet': lastPacket(view),
  endpoint: endpointOf(view),
})

/** What the second at which media stopped tells about the reason (interop §7.4). */
export function reasonForStopAt (secondsUp: number): string {
  if (secondsUp >= 5 && secondsUp <= 20) return 'browsers give a path up 7 to 18 s after STUN has stopped'
  if (secondsUp >= 29 && secondsUp < 31) return 'consent to send expires 30 s after the last STUN answer (RFC 7675)'
  if (secondsUp >= 31 && secondsUp <= 34) return 'the callee gives up 32 s after a 200 that got no ACK: see Contact and Record-Route'
  if (secondsUp >= 58 && secondsUp <= 64) return 'rtpengine ends a call after 60 s without any media'
  return 'nothing in the signalling explains this second'
}

const isPrivate = (address: string): boolean =>
  /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd]|fe80)/i.test(address)

/** Who is heard and who is not (interop §7.2). */
export const flowRules: readonly DiagnosisRule[] = [
  {
    id: 'DX-05', severity: 'error', leg: 'both legs', title: 'no media from either side',
    why: 'Nothing at all reaches the node, so it is not one endpoint that is at fault.',
    fix: 'Open rtpengine\'s UDP ports (port-min to port-max) in the firewall, and see that `interface` advertises an '
      + 'address that both sides reach.',
    find: (scene) => {
      const [one, two] = scene.views
      const isDead = ({ media: { maySend, rtp } }: LegView) => maySend && rtp.received.packets + rtp.received.errors === 0
      if (!one || !two || scene.up < settledSeconds || ![one, two].every(isDead)) return []
      return [{ evidence: [...flowEvidence(one), ...flowEvidence(two)] }]
    },
  },
  {
    id: 'DX-06', severity: 'error', leg: 'SIP', title: 'one-way audio: nothing comes from the SIP side',
    why: 'The other side is heard by the node and this one never was: it cannot reach the address that it was given, or '
      + 'sends elsewhere.',
    fix: 'Check the c= address that the endpoint got, the way from it to the node (ACL, NAT), and whether it sends at all.',
    reference: 'RFC 7362 §4',
    find: (scene) => eachLeg(scene, (leg, other) => scene.up >= settledSeconds && other.isFlowing && leg.isSilent
      && !leg.media.isDtls && !hasFlowed(leg) && leg.errorsPerSecond < 5 && {
      leg: named(leg), confidence: 'medium',
      ...leg.media.rtp.endpoint && isPrivate(leg.media.rtp.endpoint.address) && {
        detail: `its SDP names ${leg.media.rtp.endpoint.address}, a private address, and no packet has shown a better one`,
      },
      evidence: [...flowEvidence(leg), ...flowEvidence(other)],
    }),
  },
  {
    id: 'DX-07', severity: 'error', leg: 'browser', title: 'one-way audio: the browser sends nothing',
    why: 'The encrypted path is up, and no audio has come through it.',
    fix: 'Look in the browser whether the microphone is allowed, the track is live and its direction is sendrecv.',
    find: (scene) => eachLeg(scene, (leg, other) => scene.up >= settledSeconds && other.isFlowing && leg.isSilent
      && leg.media.isDtls && leg.media.rtp.suite !== undefined && !hasFlowed(leg) && leg.errorsPerSecond < 5 && {
      leg: named(leg), confidence: 'medium', evidence: [...flowEvidence(leg), ...flowEvidence(other)],
    }),
  },
  {
    id: 'DX-08', severity: 'error', leg: 'SIP', title: 'the node does not learn where the endpoint sends from',
    why: 'With the flag `asymmetric` the node sends to the address of the SDP even where packets come from another one; '
      + 'behind NAT that address leads nowhere.',
    fix: 'Take `asymmetric` out of the profile\'s `ng: flags`.',
    reference: 'RFC 4961',
    find: (scene) => eachLeg(scene, (leg, other) => scene.up >= settledSeconds && leg.media.isAsymmetric
      && leg.isSilent && other.isFlowing && {
      leg: named(leg), evidence: [...seen(leg, { flags: 'asymmetric' }), ...flowEvidence(leg)],
    }),
  },
  {
    id: 'DX-27', severity: 'error', leg: 'both legs', title: 'one-way audio since a re-INVITE',
    why: 'This side was heard before the latest offer and answer, and is not since, although the SDP lets it send.',
    fix: 'Compare the two exchanges in the timeline: address, port, direction, and for a browser ice-ufrag and fingerprint.',
    reference: 'RFC 3264 §8',
    find: (scene) => eachLeg(scene, (leg, other) => {
      if (!leg.isSilent || !other.isFlowing || !isStopAtRenegotiation(scene, leg)) return false
      if (leg.media.isDtls && !leg.media.rtp.isCertificateVerified) return false // DX-26 knows more.
      return { leg: named(leg), confidence: 'medium', evidence: flowEvidence(leg) }
    }),
  },
  {
    id: 'DX-17', severity: 'error', leg: 'browser', title: 'the browser\'s audio stopped',
    why: 'The call was healthy, then nothing more came. Without RTCP the path is lost: the tab was closed, the network changed, '
      + 'or ICE failed. Where RTCP still comes the page has ended what it sends.',
    fix: 'The client must renew its path: restartIce(), or a new RTCPeerConnection, with a re-INVITE. NAT bindings must last '
      + 'longer than the STUN checks are apart (30 s). Where RTCP still comes, look at the track: `ended`, or taken away.',
    reference: 'RFC 7675 §5.1',
    find: (scene) => stopped(scene, true),
  },
  {
    id: 'DX-28', severity: 'error', leg: 'SIP', title: 'the SIP side\'s audio stopped',
    why: 'The call was healthy, and from one moment on nothing came from this side.',
    fix: 'Look at that moment in the SIP trace: a missing ACK ends a call after 32 s, a session timer that was refused '
      + 'after its interval.',
    reference: 'RFC 3261 §13.3.1.4',
    find: (scene) => stopped(scene, false),
  },
  {
    id: 'DX-21', severity: 'note', leg: 'browser', title: 'the beginning of the early media was clipped',
    why: 'The callee sent media before the browser\'s DTLS handshake was done; what came until then nobody heard.',
    fix: 'Pass a 183 with SDP on at once. Firefox as the caller takes up to two seconds to its first packet.',
    reference: 'RFC 3960 §3',
    find: ({ call, views }) => {
      const { samples: [sample, ...later], earlyAnswerAt, answeredAt } = call
      const [one, two] = views
      if (!sample || later.length > 0 || earlyAnswerAt === undefined || answeredAt !== undefined || !one || !two) return []
      return [[one, two], [two, one]].flatMap(([leg, other]) => leg && other && leg.media.isDtls && !leg.media.rtp.suite
        && other.media.rtp.received.packets > 0 && sample.at - earlyAnswerAt >= 1000
        ? [{ leg: named(leg), confidence: 'medium' as const, evidence: [...flowEvidence(leg), ...flowEvidence(other)] }]
        : [])
    },
  },
  {
    id: 'DX-25', severity: 'warning', leg: 'both legs', title: 'no video from either side',
    why: 'A video line was agreed and not one packet came.',
    fix: 'Under `max-bundle` a bundle-only video line is lost with rtpengine before 26.0: have the page use `balanced`.',
    reference: 'RFC 9143 §6',
    find: ({ call, up }) => {
      const latest = call.samples.at(-1)
      if (!latest || up < settledSeconds) return []
      const videos = call.legs.flatMap(({ tag, role }) => legIn(latest.media, tag)?.media.filter(({ kind, rtp, maySend }) =>
        kind === 'video' && rtp.port > 0 && maySend).map((media) => ({ role, media })) ?? [])
      if (videos.length === 0 || videos.some(({ media }) => media.rtp.received.packets > 0)) return []
      return [{
        confidence: 'medium',
        evidence: videos.map(({ role, media }) => ({ field: `${role}.video.packets`, value: String(media.rtp.received.packets) })),
      }]
    },
  },
]

/** A leg that was heard and is not any more, while the other still is, without a re-INVITE that explains it. */
function stopped (scene: Scene, isBrowser: boolean) {
  return eachLeg(scene, (leg, other) => {
    if (leg.media.isDtls !== isBrowser || !leg.isSilent || !other.isFlowing || !hasFlowed(leg)) return false
    if (isBrowser && !leg.media.rtp.isCertificateVerified) return false // DX-26
    if (isStopAtRenegotiation(scene, leg)) return false
    const stoppedAfter = leg.lastPacketAfter ?? 0
    return {
      leg: named(leg), confidence: 'high' as const,
      detail: leg.isReporting
        ? 'its RTCP still comes, so the path is there: it has stopped sending by itself (the microphone or the track has ended)'
        : `it stopped ${stoppedAfter} s after the call began; ${reasonForStopAt(stoppedAfter)}`,
      evidence: flowEvidence(leg),
    }
  })
}
