import type { CallFacts, LegFacts, LegName, Policy, SipFacts } from '../policy/types.ts'
import { uriFacts } from '../policy/uri.ts'
import { factsOfSdp } from '../sdp/facts.ts'
import type { Sdp } from '../sdp/sdp.ts'
import type { CallRecord, LegRecord } from '../state/store.ts'
import type { MediaRequest, Peer } from './request.ts'

type Asking = Pick<Policy, 'headers'>

/**
 * The facts of an offer. A leg that the call knows keeps its profile; one that it does not know is found by where the
 * message came from or goes to. Without a to-tag the receiver is new each time: a serial fork may go to another endpoint.
 */
export function offerFacts (
  policy: Asking, request: MediaRequest, call: CallRecord | undefined, sdp: Sdp | undefined,
): CallFacts {
  const known = request.toTag === undefined ? undefined : legOf(call, request.toTag) ?? call?.callee
  return {
    command: 'offer',
    ...ofRequest(policy, request, call, sdp),
    sender: legFacts(legOf(call, request.fromTag), request.source),
    receiver: legFacts(known, request.destination),
  }
}

/** The facts of an answer: it goes back to the leg of the offer, from the one that was offered to. */
export function answerFacts (policy: Asking, request: MediaRequest, call: CallRecord, sdp: Sdp): CallFacts {
  const answerer = request.toTag === undefined ? undefined : legOf(call, request.toTag)
  return {
    command: 'answer',
    ...ofRequest(policy, request, call, sdp),
    caller: (call.caller ?? request.fromTag) === request.fromTag ? 'receiver' : 'sender',
    sender: legFacts(answerer ?? call.callee, request.source),
    receiver: legFacts(legOf(call, request.fromTag), request.destination),
  }
}

/** The leg behind a tag. Tags are strangers' bytes: only own keys count, never what an object inherits. */
export function legOf (call: CallRecord | undefined, tag: string): LegRecord | undefined {
  return call && Object.hasOwn(call.legs, tag) ? call.legs[tag] : undefined
}

/** The tag of the party that began the call. An offer in a reply is the callee's, also where nobody knows the call. */
export function callerOf ({ fromTag, toTag, sip }: MediaRequest, call: CallRecord | undefined): string {
  return call?.caller ?? (sip?.status === undefined || toTag === undefined ? fromTag : toTag)
}

function ofRequest (policy: Asking, request: MediaRequest, call: CallRecord | undefined, sdp: Sdp | undefined) {
  const sip = request.sip && sipFacts(policy, request.sip)
  const caller: LegName = callerOf(request, call) === request.fromTag ? 'sender' : 'receiver'
  return {
    callId: request.callId, at: Date.now(), vars: request.vars, caller,
    ...sip && { sip },
    ...sdp && { sdp: factsOfSdp(sdp) },
  }
}

function sipFacts ({ headers }: Asking, sip: NonNullable<MediaRequest['sip']>): SipFacts {
  return {
    method: sip.method,
    ...sip.status !== undefined && { status: sip.status },
    ...sip.requestUri !== undefined && { requestUri: uriFacts(sip.requestUri) },
    ...sip.fromUri !== undefined && { from: uriFacts(sip.fromUri) },
    ...sip.toUri !== undefined && { to: uriFacts(sip.toUri) },
    ...sip.userAgent !== undefined && { userAgent: sip.userAgent },
    ...headers.length > 0 && sip.headers && { headers: chosen(headers, sip.headers) },
  }
}

function chosen (names: readonly string[], headers: readonly { name: string, value: string }[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => {
    const values = headers.filter((header) => header.name === name).map(({ value }) => value)
    return values.length > 0 ? [[name, values.join(', ')]] : []
  }))
}

function legFacts (leg: LegRecord | undefined, peer: Peer | undefined): LegFacts {
  return { ...peer, ...(leg && { profile: leg.profile }) }
}
