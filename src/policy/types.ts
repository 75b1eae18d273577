import type { NgDictionary } from '../ng/types.ts'
import type { AddressBlock } from './address.ts'

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

/** A codec as a=rtpmap names it. `clockRate` in Hz. */
export interface OfferedCodec { name: string, clockRate: number }

/** What a decision is made from: the same facts whichever ingress the request came by. */
export interface CallFacts {
  command: 'offer' | 'answer'
  /** The leg that the SDP comes from. */
  sender: LegFacts
  /** The leg that the SDP goes to. */
  receiver: LegFacts
  vars: Record<string, string>
  /** The audio codecs of the SDP, in order. */
  codecs: OfferedCodec[]
}

/** What rtpengine can write into an m-line, by its own names. */
export type MediaProtocol = 'RTP/AVP' | 'RTP/AVPF' | 'RTP/SAVP' | 'RTP/SAVPF' | 'UDP/TLS/RTP/SAVP' | 'UDP/TLS/RTP/SAVPF'

/**
 * What SDP sent *to* one kind of endpoint must look like, presets and `extends` resolved.
 * `media`: the m-line kinds it takes; `codecs`: audio codec names in order of preference, undefined: whatever is offered.
 */
export interface Profile {
  name: string
  protocol: MediaProtocol
  /** ICE, DTLS-SRTP, rtcp-mux, mid: what a browser must have and a SIP phone must not see. */
  isWebRtc: boolean
  media: string[]
  codecs?: string[]
  /** Milliseconds of audio per packet, forced. */
  ptime?: number
  /** NG keys added to every offer and answer towards this endpoint, by their own names; `protocol` is not repeated here. */
  ng: NgDictionary
}

/** The outcome for one message. `flags` are the NG keys for it, call-id, tags and SDP not among them. */
export interface Decision {
  sender: Profile
  receiver: Profile
  flags: NgDictionary
  revision: string
}

/** All of it in force, presets included. `revision` is a hash of what was loaded. */
export interface Policy {
  revision: string
  profiles: ReadonlyMap<string, Profile>
  endpoints: readonly Endpoint[]
}

/** The first endpoint whose every given condition holds names the profile of a leg. */
export interface Endpoint {
  profile: string
  transport?: readonly string[]
  address?: readonly AddressBlock[]
  vars?: Readonly<Record<string, string>>
}
