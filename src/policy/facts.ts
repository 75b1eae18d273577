import type { SdpFacts } from '../sdp/facts.ts'

/** What is known of one leg when a message comes: where it is, and its profile once the call has named it. */
export interface LegFacts {
  /** The profile that the call's record names for this leg; it wins over the endpoints. */
  profile?: string
  transport?: string
  address?: string
  port?: number
  uri?: string
  /** Hints about this leg alone; they win over those of the call. */
  vars?: Record<string, string>
}

/** A SIP or tel URI as far as rules look at it. `text` as it came; `host` in lower case, empty for tel. */
export interface UriFacts { text: string, user: string, host: string }

/** What a SIP message says. A reply has the request URI of no request. */
export interface SipFacts {
  method: string
  status?: number
  requestUri?: UriFacts
  from?: UriFacts
  to?: UriFacts
  userAgent?: string
  /** Those that the policy asks for (`Policy.headers`), by name in lower case; several of one name are joined by ", ". */
  headers?: Record<string, string>
}

export type LegName = 'sender' | 'receiver'

/** What a decision is made from: the same facts whichever ingress the request came by. */
export interface CallFacts {
  command: 'offer' | 'answer'
  callId: string
  /** When the message came, in milliseconds since the epoch. */
  at: number
  /** The leg that the SDP comes from. */
  sender: LegFacts
  /** The leg that the SDP goes to. */
  receiver: LegFacts
  /** Which of them is the caller's. */
  caller: LegName
  vars: Record<string, string>
  sip?: SipFacts
  /** Absent where a message has none: an INVITE whose offer comes later. */
  sdp?: SdpFacts
}
