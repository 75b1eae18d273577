import type { SdpFacts } from '../sdp/facts.ts'
import type { Read } from './condition.ts'
import type { LegName, SipFacts, UriFacts } from './facts.ts'
import type { Subject } from './subject.ts'

/**
 * Where the facts of a message are found. An endpoint is asked about a leg, and each fact counts only for the leg that it
 * speaks of: From is the leg that sent the SIP request, request URI and To are the other, and User-Agent, headers and SDP
 * are of the leg that sent this message. A rule is asked about the message.
 */
export interface Scope {
  uri: (which: 'from' | 'to' | 'requestUri') => Read<UriFacts>
  sip: Read<SipFacts>
  sdp: Read<SdpFacts>
  vars: (subject: Subject) => Readonly<Record<string, string>>
  expression: 'endpoint' | 'rule'
}

/** For rules. */
export const ofMessage: Scope = {
  uri: (which) => ({ facts }) => facts.sip?.[which],
  sip: ({ facts }) => facts.sip,
  sdp: ({ facts }) => facts.sdp,
  vars: ({ facts }) => facts.vars,
  expression: 'rule',
}

/** For endpoints. */
export const ofLeg: Scope = {
  uri: (which) => ({ facts, leg }) => {
    const client: LegName = facts.sip?.status === undefined ? 'sender' : 'receiver'
    return (leg === client) === (which === 'from') ? facts.sip?.[which] : undefined
  },
  sip: ({ facts, leg }) => leg === 'sender' ? facts.sip : undefined,
  sdp: ({ facts, leg }) => leg === 'sender' ? facts.sdp : undefined,
  vars: ({ legs, leg }) => legs[leg ?? 'sender'].vars,
  expression: 'endpoint',
}
