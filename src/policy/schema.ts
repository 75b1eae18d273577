import Type, { type Static, type TSchema } from 'typebox'
import { parseBlock } from './address.ts'

/** SIP transports, as in the `transport` parameter of a URI (RFC 3261 §19.1.1, RFC 7118). */
const transports = ['udp', 'tcp', 'tls', 'sctp', 'ws', 'wss']

/** Kinds of m-lines (RFC 8866 §8.2.2): `application` is the data channel, `image` is T.38. */
const mediaKinds = ['audio', 'video', 'application', 'image']

const closed = { additionalProperties: false }
const listOf = <Item extends TSchema>(item: Item) => Type.Array(item, { minItems: 1, uniqueItems: true })
const oneOrMore = <Item extends TSchema>(item: Item) => Type.Union([item, listOf(item)])

const ProfileEntry = Type.Object({
  extends: Type.String(),
  codecs: Type.Optional(listOf(Type.String())),
  media: Type.Optional(listOf(Type.Enum(mediaKinds))),
  ptime: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  ng: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
}, closed)

const EndpointEntry = Type.Object({
  profile: Type.String(),
  match: Type.Optional(Type.Object({
    transport: Type.Optional(oneOrMore(Type.Enum(transports))),
    address: Type.Optional(oneOrMore(Type.String({ format: 'address-block' }))),
    vars: Type.Optional(Type.Record(Type.String(), Type.String(), { minProperties: 1 })),
  }, { ...closed, minProperties: 1 })),
}, closed)

/** One policy file. What it cannot say (names, codecs, NG keys) is in `words.ts` and `names.ts`. */
export const PolicyFile = Type.Object({
  version: Type.Literal(1),
  profiles: Type.Optional(Type.Record(Type.String(), ProfileEntry)),
  endpoints: Type.Optional(Type.Array(EndpointEntry)),
}, closed)

export type PolicyFile = Static<typeof PolicyFile>
export type ProfileEntry = Static<typeof ProfileEntry>
export type EndpointEntry = Static<typeof EndpointEntry>

/** What the schema's `format` words mean. */
export const formats = { 'address-block': (text: string): boolean => parseBlock(text) !== undefined }
