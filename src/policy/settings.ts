import Type, { type Static } from 'typebox'
import { suites } from '../ng/vocabulary.ts'
import { closed, Conformance, listOf, mediaKinds, protocols, some } from './schema-match.ts'

const optional = Type.Optional
const yesNo = (description: string) => optional(Type.Boolean({ description }))
const text = (description: string) => optional(Type.String({ minLength: 1, maxLength: 256, description }))
const ms = (description: string) => optional(Type.Integer({ minimum: 1, maximum: 200, description }))

/** What a profile can say of an endpoint, in an operator's words. `flags.ts` knows which NG keys each becomes. */
export const settings = {
  codecs: optional(listOf(Type.String(), {
    description: 'The audio codecs that it may see, the best first; telephone-event is DTMF. Without it: whatever is offered.',
  })),
  media: optional(listOf(Type.Enum(mediaKinds), {
    description: 'The kinds of m-lines that it takes: audio, video, application (data channels), image (T.38). Others stay hidden from it.',
  })),
  ptime: ms('Milliseconds of audio in a packet to it and from it, re-packed where the other side differs.'),
  protocol: optional(Type.Enum(protocols, { description: 'What its m-lines say. RTP/SAVP has its keys in the SDP (SDES), UDP/TLS/RTP/… from DTLS.' })),
  osrtp: optional(Type.Enum(['offer', 'legacy'], { description: 'Opportunistic SRTP: RTP/AVP with keys (RFC 8643), or with a second m-line as before the RFC (rtpengine 11.3).' })),
  sdes: optional(Type.Object({
    suites: optional(listOf(Type.Enum(suites.filter((suite) => !suite.startsWith('NULL_')), { description: 'The SRTP suites that it is offered.' }))),
    lifetime: yesNo('Keys with a lifetime: |2^31.'),
    pad: yesNo('Keys whose base64 ends in =.'),
  }, { ...some, description: 'SRTP keyed in the SDP (RFC 4568).' })),
  'dtls-role': optional(Type.Enum(['active', 'passive'], { description: 'Which part rtpengine takes in the DTLS handshake that this endpoint offers; passive, where it must not be sent to first.' })),
  'dtls-fingerprint': optional(Type.Enum(['SHA-1', 'SHA-224', 'SHA-256', 'SHA-384', 'SHA-512'], { description: 'The hash of the fingerprint that it sees.' })),
  ice: optional(Type.Enum(['none', 'full', 'lite', 'relay', 'if-offered'], { description: 'full: it gets ICE; lite: rtpengine is ICE-lite towards it; relay: all by rtpengine as a relay; if-offered: only answers to its own.' })),
  'rtcp-mux': optional(Type.Enum(['none', 'offer', 'require'], { description: 'RTP and RTCP on one port: never, if it agrees, or always.' })),
  'rtcp-attribute': optional(Type.Enum(['none', 'port', 'full'], { description: 'Whether a=rtcp stands in its SDP, and with the address.' })),
  'generate-rtcp': yesNo('rtpengine sends RTCP of its own, to both sides.'),
  dtmf: optional(listOf(Type.Enum(['rfc4733', 'detect', 'inject']), {
    description: 'rfc4733: it takes telephone-event, whatever the codec list says; detect: tones in its audio are found; inject: digits can be played to it.',
  })),
  t38: optional(Type.Enum(['pass', 'decode', 'force'], { description: 'Fax: T.38 as it is, turned into audio for it, or audio turned into T.38 for it.' })),
  'single-codec': yesNo('Answers to it hold one codec.'),
  'record-call': yesNo('Its calls are recorded.'),
  metadata: text('Stored with the recording.'),
  label: text('The name of this side in what rtpengine tells of the call.'),
  tos: optional(Type.Integer({ minimum: 0, maximum: 255, description: 'The TOS byte of the media of its calls: 184 is EF.' })),
  'address-family': optional(Type.Enum(['IP4', 'IP6'], { description: 'The family of the media address that it is given; rtpengine must have an interface of it.' })),
  interface: text('The interface of rtpengine on its side, by the name in rtpengine\'s configuration.'),
  'media-address': optional(Type.String({ format: 'address', description: 'The media address that it is given, instead of the interface\'s.' })),
  conformance: optional(Conformance),
  'trust-address': yesNo('false: its media is sent to the address that its SIP came from, not to the one in its SDP.'),
}

const ng = optional(Type.Record(Type.String(), Type.Unknown(), {
  description: 'NG keys by their own names, for what has no word here: added to every offer and answer towards it.',
}))

export const Settings = Type.Object({ ...settings, ng }, some)
export type Settings = Omit<Static<typeof Settings>, 'ng'>
export type SettingName = keyof Settings

export const ProfileEntry = Type.Object({
  extends: Type.String({ description: 'The preset or profile that it builds on.' }),
  ...settings,
  ng,
}, { ...closed, description: 'What SDP sent to one kind of endpoint looks like.' })

export type SettingsEntry = Static<typeof Settings>
export type ProfileEntry = Static<typeof ProfileEntry>
