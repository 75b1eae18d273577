import type { NgDictionary, NgValue } from '../ng/types.ts'
import type { Condition } from './condition.ts'
import type { Lookup } from './lookup.ts'
import type { Place } from './problem.ts'
import type { Profile } from './profile.ts'

export type { CallFacts, LegFacts, LegName, SipFacts, UriFacts } from './facts.ts'
export type { Profile, SettingOrigin } from './profile.ts'

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
