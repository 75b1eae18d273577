import type { CallFacts, LegFacts } from '../policy/types.ts'
import { audioCodecs } from '../sdp/codecs.ts'
import type { Sdp } from '../sdp/sdp.ts'
import type { CallRecord, LegRecord } from '../state/store.ts'
import type { MediaRequest, Peer } from './request.ts'

/**
 * The facts of an offer. A leg that the call knows keeps its profile; one that it does not know is found by where the
 * message came from or goes to. Without a to-tag the receiver is new each time: a serial fork may go to another endpoint.
 */
export function offerFacts (request: MediaRequest, call: CallRecord | undefined, sdp: Sdp): CallFacts {
  const known = request.toTag === undefined ? undefined : legOf(call, request.toTag) ?? call?.callee
  return {
    command: 'offer',
    sender: legFacts(legOf(call, request.fromTag), request.source),
    receiver: legFacts(known, request.destination),
    vars: request.vars,
    codecs: audioCodecs(sdp),
  }
}

/** The facts of an answer: it goes back to the leg of the offer, from the one that was offered to. */
export function answerFacts (request: MediaRequest, call: CallRecord, sdp: Sdp): CallFacts {
  const answerer = request.toTag === undefined ? undefined : legOf(call, request.toTag)
  return {
    command: 'answer',
    sender: legFacts(answerer ?? call.callee, request.source),
    receiver: legFacts(legOf(call, request.fromTag), request.destination),
    vars: request.vars,
    codecs: audioCodecs(sdp),
  }
}

/** The leg behind a tag. Tags are strangers' bytes: only own keys count, never what an object inherits. */
export function legOf (call: CallRecord | undefined, tag: string): LegRecord | undefined {
  return call && Object.hasOwn(call.legs, tag) ? call.legs[tag] : undefined
}

export function legFacts (leg: LegRecord | undefined, peer: Peer | undefined): LegFacts {
  return { ...peer, ...(leg && { profile: leg.profile }) }
}
