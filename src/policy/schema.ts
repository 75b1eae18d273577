import Type, { type Static } from 'typebox'
import { closed, Conformance, listOf, Match, RuleMatch, some } from './schema-match.ts'
import { ProfileEntry, Settings } from './settings.ts'

export type { MatchEntry, PartyEntry, RuleMatchEntry, SdpEntry, TextEntry, TimeEntry, UriEntry } from './schema-match.ts'
export type { ProfileEntry, SettingsEntry } from './settings.ts'

const optional = Type.Optional

const EndpointEntry = Type.Object({
  profile: Type.String({ description: 'The profile of a leg that matches: a preset, or one of `profiles`.' }),
  name: optional(Type.String({ description: 'For explanations; the profile\'s name, if it is not given.' })),
  match: optional(Match),
}, closed)

const CallSettings = Type.Object({
  nodes: optional(Type.String({ description: 'The set of rtpengines that a new call goes to; one of `sets`.' })),
  'client-flags': optional(Type.Enum(['trust', 'ignore', 'merge'], {
    description: 'What becomes of flags that an NG client sets itself: they win, are not looked at, or fill what the policy leaves open. Default ignore.',
  })),
  'on-node-loss': optional(Type.Enum(['fail', 're-anchor'], {
    description: 'A call whose rtpengine is lost fails, or its next SDP exchange builds it anew on another. Default fail.',
  })),
  'record-call': optional(Type.Boolean({ description: 'The call is recorded.' })),
  metadata: optional(Type.String({ minLength: 1, maxLength: 256, description: 'Stored with the recording.' })),
  tos: optional(Type.Integer({ minimum: 0, maximum: 255, description: 'The TOS byte of its media.' })),
  caller: optional(Settings),
  callee: optional(Settings),
  ng: optional(Type.Record(Type.String(), Type.Unknown(), { description: 'NG keys by their own names, for every offer and answer.' })),
}, { ...some, description: 'What changes; `caller` and `callee` change the profile of that leg, for this call.' })

const RuleEntry = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 64 }),
  match: optional(RuleMatch),
  set: optional(CallSettings),
  'offer-flags': optional(Type.String({ description: 'A flags string of kamailio.cfg for offers, read as Kamailio reads it.' })),
  'answer-flags': optional(Type.String({ description: 'The same for answers.' })),
  reject: optional(Type.Object({
    code: Type.Integer({ minimum: 400, maximum: 699 }),
    reason: Type.String({ minLength: 1, maxLength: 128, format: 'reason-phrase' }),
  }, { ...closed, description: 'The request is answered with this SIP reply, and nothing is sent to rtpengine.' })),
}, closed)

/** One policy file. What it cannot say (names, codecs, NG keys, expressions) is in `words.ts` and `names.ts`. */
export const PolicyFile = Type.Object({
  version: Type.Literal(1),
  profiles: optional(Type.Record(Type.String(), ProfileEntry)),
  endpoints: optional(Type.Array(EndpointEntry, { description: 'Who is at the other end of a leg: the first that matches. Else: sip.' })),
  rules: optional(Type.Array(RuleEntry, { description: 'What else depends on the call: all that match, in order; the later one wins.' })),
  conformance: optional(Conformance),
  sets: optional(listOf(Type.String(), { description: 'The sets of rtpengines that rules may name, as the list of nodes has them.' })),
}, closed)

export type PolicyFile = Static<typeof PolicyFile>
export type EndpointEntry = Static<typeof EndpointEntry>
export type RuleEntry = Static<typeof RuleEntry>
