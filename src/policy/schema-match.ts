import Type, { type Static, type TSchema } from 'typebox'

/** SIP transports, as in the `transport` parameter of a URI (RFC 3261 §19.1.1, RFC 7118). */
export const transports = ['udp', 'tcp', 'tls', 'sctp', 'ws', 'wss']

/** Methods whose messages can hold an offer or answer (RFC 3261, 3262, 3311): no other comes to a decision. */
export const methods = ['INVITE', 'UPDATE', 'PRACK', 'ACK']

/** Kinds of m-lines (RFC 8866 §8.2.2): `application` is the data channel, `image` is T.38. */
export const mediaKinds = ['audio', 'video', 'application', 'image']

/** What rtpengine can write into an m-line, by its own names. */
export type MediaProtocol = 'RTP/AVP' | 'RTP/AVPF' | 'RTP/SAVP' | 'RTP/SAVPF' | 'UDP/TLS/RTP/SAVP' | 'UDP/TLS/RTP/SAVPF'

export const protocols: MediaProtocol[] = ['RTP/AVP', 'RTP/AVPF', 'RTP/SAVP', 'RTP/SAVPF', 'UDP/TLS/RTP/SAVP', 'UDP/TLS/RTP/SAVPF']

export const closed = { additionalProperties: false }
export const some = { ...closed, minProperties: 1 }
export const listOf = <Item extends TSchema>(item: Item, options = {}) => {
  return Type.Array(item, { minItems: 1, uniqueItems: true, ...options })
}
export const oneOrMore = <Item extends TSchema>(item: Item, options = {}) => Type.Union([item, listOf(item)], options)
const optional = Type.Optional

/** What becomes of findings, by the id of the rule (docs/reference/findings.md). */
export const Conformance = Type.Record(Type.String(), Type.Enum(['observe', 'repair', 'reject']), {
  minProperties: 1, description: 'What becomes of what the conformance rules find in its SDP, by the id of the rule, or by default.',
})

const Text = Type.Union([
  Type.String(),
  listOf(Type.String()),
  Type.Object({
    prefix: optional(oneOrMore(Type.String({ minLength: 1 }))),
    suffix: optional(oneOrMore(Type.String({ minLength: 1 }))),
    contains: optional(oneOrMore(Type.String({ minLength: 1 }))),
    regex: optional(oneOrMore(Type.String({ format: 're2' }))),
    present: optional(Type.Boolean({ description: 'false: it is not there, or nothing is known of it.' })),
  }, some),
])

const Uri = Type.Object({
  user: optional(Text),
  host: optional(Text),
  uri: optional(Text),
}, some)

const Sdp = Type.Object({
  ice: optional(Type.Boolean({ description: 'It has ICE credentials.' })),
  dtls: optional(Type.Boolean({ description: 'It has a DTLS fingerprint.' })),
  sdes: optional(Type.Boolean({ description: 'It has SRTP keys (a=crypto).' })),
  codecs: optional(oneOrMore(Type.String(), { description: 'It offers one of these audio codecs.' })),
  media: optional(oneOrMore(Type.Enum(mediaKinds), { description: 'It has a live m-line of one of these kinds.' })),
  protocol: optional(oneOrMore(Type.Enum(protocols), { description: 'The protocol of its audio m-line.' })),
  ptime: optional(oneOrMore(Type.Integer({ minimum: 1, maximum: 200 }), { description: 'The packet time that it says, in ms.' })),
  family: optional(Type.Enum(['IP4', 'IP6'], { description: 'The family of its media address.' })),
  private: optional(Type.Boolean({ description: 'Its media address is one that the internet does not route.' })),
}, some)

const Time = Type.Object({
  zone: optional(Type.String({ format: 'time-zone', description: 'Of the IANA database, Europe/Berlin for instance. Default UTC.' })),
  days: optional(oneOrMore(Type.String({ format: 'days' }), { description: 'mon, tue … or a range such as mon-fri.' })),
  from: optional(Type.String({ format: 'time', description: 'HH:MM, the first minute.' })),
  to: optional(Type.String({ format: 'time', description: 'HH:MM, the first minute after it; before `from`: past midnight; the same: the whole day.' })),
  since: optional(Type.String({ format: 'moment', description: '2026-12-24 or 2026-12-24T18:00' })),
  until: optional(Type.String({ format: 'moment', description: 'The same; the first moment after it.' })),
}, some)

/** What can be asked of a message, for one leg of it as for the pair. */
const message = {
  method: optional(oneOrMore(Type.Enum(methods), { description: 'The SIP method, of a reply that of its request.' })),
  'request-uri': optional(Uri),
  from: optional(Uri),
  to: optional(Uri),
  'user-agent': optional(Text),
  header: optional(Type.Record(Type.String(), Text, { minProperties: 1, description: 'By name, in any case; several of one name are joined by ", ".' })),
  sdp: optional(Sdp),
  vars: optional(Type.Record(Type.String(), Text, { minProperties: 1, description: 'Hints of the script: vars of the leg, then of the call.' })),
  time: optional(oneOrMore(Time, { description: 'When the message came.' })),
  percent: optional(Type.Number({
    exclusiveMinimum: 0, maximum: 100, description: 'So many of a hundred calls, chosen by call-id: always the same ones.',
  })),
  when: optional(Type.String({ description: 'A CEL expression, for what the other keys cannot say.' })),
}

const hop = {
  transport: optional(oneOrMore(Type.Enum(transports), { description: 'The SIP transport to it.' })),
  address: optional(oneOrMore(Type.String({ format: 'address-block' }), { description: 'Its address, or blocks: 198.51.100.0/24, 2001:db8::/32.' })),
}

/** Conditions of an endpoint. All that are given must hold. */
export const Match = Type.Object({ ...hop, ...message }, some)

const Party = Type.Union([
  Type.String(),
  listOf(Type.String()),
  Type.Object({
    profile: optional(oneOrMore(Type.String())),
    ...hop,
    vars: message.vars,
  }, some),
])

/** Conditions of a rule. */
export const RuleMatch = Type.Object({
  caller: optional(Party),
  callee: optional(Party),
  sender: optional(Party),
  receiver: optional(Party),
  command: optional(Type.Enum(['offer', 'answer'])),
  ...message,
}, some)

export type MatchEntry = Static<typeof Match>
export type RuleMatchEntry = Static<typeof RuleMatch>
export type PartyEntry = Static<typeof Party>
export type TextEntry = Static<typeof Text>
export type UriEntry = Static<typeof Uri>
export type SdpEntry = Static<typeof Sdp>
export type TimeEntry = Static<typeof Time>
