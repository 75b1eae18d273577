import type { NgDictionary, NgValue } from '../ng/types.ts'
import type { SdpFacts } from '../sdp/facts.ts'
import type { Condition } from './conditions.ts'
import type { Conformance } from './conformance.ts'
import type { Lookup } from './lookup.ts'
import type { Place } from './problem.ts'
import type { Settings } from './settings.ts'

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

/** What rtpengine can write into an m-line, by its own names. */
export type MediaProtocol = 'RTP/AVP' | 'RTP/AVPF' | 'RTP/SAVP' | 'RTP/SAVPF' | 'UDP/TLS/RTP/SAVP' | 'UDP/TLS/RTP/SAVPF'

/** Who says a setting: a preset, or a profile or rule with its place in a file. */
export interface SettingOrigin { source: string, place?: Place }

/**
 * What SDP sent *to* one kind of endpoint must look like, presets and `extends` resolved.
 * `media`: the m-line kinds it takes; `codecs`: audio codec names in order of preference, undefined: whatever is offered.
 */
export interface Profile {
  name: string
  /** Its own name, then those of what it extends, down to the preset. A rule on any of them is a rule on it. */
  line: readonly string[]
  protocol: MediaProtocol
  /** ICE, DTLS-SRTP, rtcp-mux, mid: what a browser must have and a SIP phone must not see. */
  isWebRtc: boolean
  media: readonly string[]
  codecs?: readonly string[]
  /** Milliseconds of audio per packet, forced. */
  ptime?: number
  /** All settings as the files say them; `protocol`, `media`, `codecs` and `ptime` are read from here. */
  settings: Readonly<Settings>
  /**
   * NG keys added to every offer and answer towards this endpoint, by their own names; `transport-protocol` is not among
   * them.
   */
  ng: NgDictionary
  /** What becomes of findings in SDP of this endpoint. */
  conformance?: Conformance
  /** Who says each setting; `ng.ICE` for NG keys. */
  origins: ReadonlyMap<string, SettingOrigin>
}

/** Flags that the client set itself win, are not looked at, or fill what the policy leaves open. */
export type ClientFlags = 'trust' | 'ignore' | 'merge'
/** What becomes of a call whose node is lost: it fails, or its next SDP exchange builds it anew on another node. */
export type OnNodeLoss = 'fail' | 're-anchor'

/** The SIP reply that a rule wants instead of media. */
export interface Rejection { code: number, reason: string, rule: string }

/** The outcome for one message. `flags` are the NG keys for it, call-id, tags and SDP not among them. */
export interface Decision {
  sender: Profile
  receiver: Profile
  /** The rules that matched, in order. */
  rules: readonly string[]
  /** Nothing is to be sent to a node, and the request to be answered with this. */
  reject?: Rejection
  /** The set of nodes that a new call goes to; undefined: the default one. */
  nodes?: string
  clientFlags: ClientFlags
  onNodeLoss: OnNodeLoss
  flags: NgDictionary
  revision: string
}

/** An endpoint or rule that was looked at. `why` says it in words: `transport is udp, not ws or wss`. */
export interface Tried { name: string, place: Place, isMatch: boolean, why: string }

/** How a leg got its profile: from the call's record, by an endpoint, or because no endpoint matched. */
export interface LegTrace { profile: string, by: 'call' | 'endpoint' | 'default', tried: Tried[] }

/**
 * Where an NG key, or one word of a list, comes from. `path` from the top of the dictionary (`codec.strip`), `source` in
 * words (`profile phone: codecs`), `place` unless it is ngpilot's own.
 */
export interface Origin { path: string, value: NgValue, source: string, place?: Place }

/** A decision with the way to it. Built by `explain` alone, which shares its code with `decide`. */
export interface Explanation {
  decision: Decision
  sender: LegTrace
  receiver: LegTrace
  rules: Tried[]
  origins: Origin[]
}

/** All of it in force, presets included. `revision` is a hash of what was loaded. */
export interface Policy {
  revision: string
  profiles: ReadonlyMap<string, Profile>
  endpoints: readonly Endpoint[]
  rules: readonly Rule[]
  /** The sets of nodes that rules may name, `default` aside. */
  sets: readonly string[]
  /** The names of headers that it looks at, in lower case. */
  headers: readonly string[]
  /** Some rule lets an NG client's command pass as it came. */
  trustsClients: boolean
  /** The way to those of `endpoints` and `rules` that match. */
  lookup: { endpoints: Lookup<Endpoint>, rules: Lookup<Rule> }
}

/** The first endpoint whose every condition holds names the profile of a leg. */
export interface Endpoint { name: string, place: Place, profile: string, conditions: readonly Condition[] }

/** A rule whose every condition holds applies, after those before it. */
export interface Rule { name: string, place: Place, conditions: readonly Condition[], effect: Effect }

/** What a rule changes. */
export interface Effect {
  nodes?: string
  clientFlags?: ClientFlags
  onNodeLoss?: OnNodeLoss
  reject?: Omit<Rejection, 'rule'>
  /** The profile of that leg with what the rule changes of it. */
  caller?: (profile: Profile) => Profile
  callee?: (profile: Profile) => Profile
  /** NG keys of offers and answers. */
  offer: NgDictionary
  answer: NgDictionary
  /** Where the rule says each of them, by the key of the NG dictionary; `nodes` and `reject` too. */
  places: ReadonlyMap<string, Place>
}
