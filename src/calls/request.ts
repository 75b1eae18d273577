import type { NgDictionary } from '../ng/types.ts'

/** A SIP transport, as in the `transport` parameter of a URI (RFC 3261 §19.1.1, RFC 7118). */
export type Transport = 'udp' | 'tcp' | 'tls' | 'sctp' | 'ws' | 'wss'

/** One end of a SIP hop as Kamailio sees it: where a message came from, or where it goes next. */
export interface Peer {
  transport?: Transport
  address?: string
  port?: number
  uri?: string
  /** Hints about this end alone: `trunk=acme`. */
  vars?: Record<string, string>
}

/** What is read from a SIP message, when the request came as one. */
export interface SipFacts {
  /** Of the request, or of the transaction that a reply belongs to. */
  method: string
  /** Only in a reply. */
  status?: number
  cseq: number
  /** Of the top Via. In a request it names the transaction, for CANCEL that of its INVITE (RFC 3261 §9.1, §17.2.3). */
  branch?: string
  requestUri?: string
  fromUri?: string
  toUri?: string
  userAgent?: string
  /** All of them, by name in lower case; a policy may ask for some. */
  headers?: readonly { name: string, value: string }[]
}

/**
 * One request to the media plane, in the same shape whichever way it came in. An ingress fills what it knows.
 *
 * The tags follow the SDP, not SIP: `fromTag` is the offerer's, `toTag` the answerer's (absent while it is unknown).
 */
export interface MediaRequest {
  callId: string
  fromTag: string
  toTag?: string
  viaBranch?: string
  /** The SDP's bytes as they came. */
  sdp?: Buffer
  sip?: SipFacts
  source?: Peer
  destination?: Peer
  /** Hints from the script about the call, so for both legs: `region=eu`. */
  vars: Record<string, string>
  /** When an answer must be out, by the clock of `performance.now()`, in milliseconds. */
  deadline: number
  /** NG keys that the client set itself, where it speaks NG: `ICE`, `flags`. The policy says what they count for. */
  ng?: NgDictionary
}
