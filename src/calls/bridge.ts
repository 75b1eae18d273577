import { NgpilotError } from '../errors.ts'
import type { Decision } from '../policy/types.ts'
import { withBundle } from '../sdp/bundle.ts'
import { withOneConnection } from '../sdp/connection.ts'
import { dropHidden, hideMedia, restoreMedia } from '../sdp/media.ts'
import { parseSdp, sdpBytes } from '../sdp/parse.ts'
import type { Sdp } from '../sdp/sdp.ts'
import { withoutSsrc } from '../sdp/ssrc.ts'
import { withTlsId, withoutTlsId } from '../sdp/tls-id.ts'
import type { HiddenMedia, LegRecord } from '../state/store.ts'

/**
 * What rtpengine cannot do for an SDP on its way from one leg to the other: keep m-lines from a leg that has no use for
 * them, show them to their own leg as rejected, and name DTLS associations.
 */

/** @throws NgpilotError `rejected`, where a rule wants the request to be refused. */
export function accepted (decision: Decision): Decision {
  const { reject } = decision
  if (!reject) return decision
  throw new NgpilotError('rejected', `rule ${reject.rule} of the policy refuses the call`, { sip: `${reject.code} ${reject.reason}` })
}

/**
 * The offer as the node gets it, and the m-lines that stay on the sender's side.
 * @param known the sender's leg, where the call has seen it before
 * @throws NgpilotError `not_acceptable` when nothing is left that the other leg takes.
 */
export function offerForNode (
  offer: Sdp, { sender, receiver }: Decision, known: LegRecord | undefined,
): { sdp: Buffer, hidden: HiddenMedia[] } {
  const kinds = sender.media.filter((kind) => receiver.media.includes(kind))
  const { sdp, hidden } = hideMedia(offer, kinds, known && (known.hidden ?? []))
  if (sdp.media.length === 0) {
    const offered = offer.media.map((media) => media.kind).join(', ')
    throw new NgpilotError('not_acceptable',
      `the offer has ${offered}; profile ${receiver.name} takes ${receiver.media.join(', ')} from ${sender.name}`)
  }
  return { sdp: sdpBytes(withTlsId(sdp)), hidden }
}

/** The answer as the node gets it: without the m-lines that the answerer saw only because they are its own. */
export function answerForNode (answer: Sdp, answerer: LegRecord | undefined): Buffer {
  return sdpBytes(withTlsId(dropHidden(answer, answerer?.hidden ?? [])))
}

/** What the node answered, with the m-lines of the leg that gets it, and c= and BUNDLE as the leg knows them. */
export function sdpForLeg (
  fromNode: Buffer, role: 'offer' | 'answer', { sender, receiver }: Pick<Decision, 'sender' | 'receiver'>, leg: LegRecord | undefined,
): Sdp {
  const parsed = withoutTlsId(parseSdp(fromNode))
  const rewritten = receiver.isWebRtc && !sender.isWebRtc ? withoutSsrc(parsed) : parsed
  const fit = receiver.isWebRtc ? bundled(rewritten, role, leg) : withOneConnection(rewritten)
  return restoreMedia(fit, leg?.hidden ?? [])
}

/** An answer may say BUNDLE only where the offer did; an offer always may (RFC 9143 §7.2, §7.3). */
function bundled (sdp: Sdp, role: 'offer' | 'answer', leg: LegRecord | undefined): Sdp {
  return role === 'offer' || leg?.isBundled ? withBundle(sdp) : sdp
}
