import Type, { type Static, type TSchema } from 'typebox'
import { parseBlock } from './address.ts'

/** SIP transports, as in the `transport` parameter of a URI (RFC 3261 §19.1.1, RFC 7118). */
const transports = ['udp', 'tcp', 'tls', 'sctp', 'ws', 'wss']

/** Kinds of m-lines (RFC 8866 §8.2.2): `application` is the data channel, `image` is T.38. */
const mediaKinds = ['audio', 'video', 'application', 'image']

const closed = { additionalProperties: false }
const listOf = <Item extends TSchema>(item: Item) => Type.Array(item, { minItems: 1, uniqueItems: true })
const oneOrMore = <Item extends TSchema>(item: Item) => Type.Union([item, listOf(item)])

/** What becomes of findings, by the id of the rule (docs/reference/findings.md). */
const Conformance = Type.Record(Type.String(), Type.Enum(['observe', 'repair', 'reject']), { minProperties: 1 })

const ProfileEntry = Type.Object({
  extends: Type.String(),
  codecs: Type.Optional(listOf(Type.String())),
  media: Type.Optional(listOf(Type.Enum(mediaKinds))),
  ptime: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  ng: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  conformance: Type.Optional(Conformance),
}, closed)

/** What can be asked of a message, for a leg as for a pair of them. */
const messageConditions = {
  vars: Type.Optional(Type.Record(Type.String(), Type.String(), { minProperties: 1 })),
}

const Match = Type.Object({
  transport: Type.Optional(oneOrMore(Type.Enum(transports))),
  address: Type.Optional(oneOrMore(Type.String({ format: 'address-block' }))),
  ...messageConditions,
}, { ...closed, minProperties: 1 })

const RuleMatch = Type.Object({
  caller: Type.Optional(oneOrMore(Type.String())),
  callee: Type.Optional(oneOrMore(Type.String())),
  sender: Type.Optional(oneOrMore(Type.String())),
  receiver: Type.Optional(oneOrMore(Type.String())),
  ...messageConditions,
}, { ...closed, minProperties: 1 })

const EndpointEntry = Type.Object({
  profile: Type.String(),
  name: Type.Optional(Type.String()),
  match: Type.Optional(Match),
}, closed)

const RuleEntry = Type.Object({
  name: Type.String(),
  match: Type.Optional(RuleMatch),
  set: Type.Optional(Type.Object({
    nodes: Type.Optional(Type.String()),
    'client-flags': Type.Optional(Type.Enum(['trust', 'ignore', 'merge'])),
    'on-node-loss': Type.Optional(Type.Enum(['fail', 're-anchor'])),
    ng: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  }, { ...closed, minProperties: 1 })),
  reject: Type.Optional(Type.Object({
    code: Type.Integer({ minimum: 400, maximum: 699 }),
    reason: Type.String({ minLength: 1, maxLength: 128 }),
  }, closed)),
}, closed)

/** One policy file. What it cannot say (names, codecs, NG keys) is in `words.ts` and `names.ts`. */
export const PolicyFile = Type.Object({
  version: Type.Literal(1),
  profiles: Type.Optional(Type.Record(Type.String(), ProfileEntry)),
  endpoints: Type.Optional(Type.Array(EndpointEntry)),
  rules: Type.Optional(Type.Array(RuleEntry)),
  conformance: Type.Optional(Conformance),
}, closed)

export type PolicyFile = Static<typeof PolicyFile>
export type ProfileEntry = Static<typeof ProfileEntry>
export type EndpointEntry = Static<typeof EndpointEntry>
export type RuleEntry = Static<typeof RuleEntry>
export type MatchEntry = Static<typeof Match>
export type RuleMatchEntry = Static<typeof RuleMatch>

/** What the schema's `format` words mean. */
export const formats = { 'address-block': (text: string): boolean => parseBlock(text) !== undefined }
