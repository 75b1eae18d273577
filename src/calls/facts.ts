import type { CallFacts, LegFacts, Policy, SipFacts } from '../policy/types.ts'
import { uriFacts } from '../policy/uri.ts'
import { factsOfSdp } from '../sdp/facts.ts'
import type { Sdp } from '../sdp/sdp.ts'
import type { CallRecord, LegRecord } from '../state/store.ts'
import { legAt, legOf, otherEnd, type Place } from './place.ts'
import type { MediaRequest, Peer } from './request.ts'

type Asking = Pick<Policy, 'headers'>

/**
 * The facts of an offer or answer between parties that the call knows: each leg keeps its profile. One that is not known is
 * found by where the message came from or goes to.
 */
export function factsAt (
  policy: Asking, command: CallFacts['command'], request: MediaRequest, call: CallRecord | undefined, place: Place, sdp: Sdp,
): CallFacts {
  // In both an offer and an answer the from-tag is the offerer's.
  const [offerer, other] = [legAt(call, place, place.by), legAt(call, place, otherEnd(place.by))]
  const [sender, receiver] = command === 'offer' ? [offerer, other] : [other, offerer]
  return {
    command,
    ...ofRequest(policy, request, sdp),
    caller: (place.by === 'caller') === (command === 'offer') ? 'sender' : 'receiver',
    sender: legFacts(sender, request.source),
    receiver: legFacts(receiver, request.destination),
  }
}

/** The facts of an offer that opens a branch: its receiver is always new, for a serial fork may go to another endpoint. */
export function openingFacts (
  policy: Asking, request: MediaRequest, call: CallRecord | undefined, sdp: Sdp | undefined,
): CallFacts {
  return {
    command: 'offer',
    ...ofRequest(policy, request, sdp),
    caller: 'sender',
    sender: legFacts(legOf(call, request.fromTag), request.source),
    receiver: legFacts(undefined, request.destination),
  }
}

function ofRequest (policy: Asking, request: MediaRequest, sdp: Sdp | undefined) {
  const sip = request.sip && sipFacts(policy, request.sip)
  return {
    callId: request.callId, at: Date.now(), vars: request.vars,
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
