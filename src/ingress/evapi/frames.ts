import { type Static, Type } from 'typebox'
import { callCommands, type CallCommandName } from '../../calls/commands.ts'
import { lastPass } from '../../sip/pass.ts'

const text = (description: string, maxLength = 1024) => Type.Optional(Type.String({ minLength: 1, maxLength, description }))

const commandNames = Object.keys(callCommands) as CallCommandName[]

/** What Kamailio's script asks: one JSON object a frame. What `/v1/sip` takes in headers stands here under shorter names. */
export const RequestFrame = Type.Object({
  verb: Type.Enum(['manage', 'offer', 'answer', 'delete', 'pong', ...commandNames], {
    description: 'What to do; pong answers a ping; query, play-media … are what POST /v1/calls/ID/… takes.',
  }),
  with: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'What such a command takes, beside callId.' })),
  id: text('Comes back with the answer; without it there is none. Kamailio: $T(id_index):$T(id_label)', 128),
  message: text('The SIP message as it is (Kamailio: $mb), for manage and delete.', 131_072),
  message64: text('The same in base64: bytes that are no UTF-8 cannot stand in JSON.', 131_072),
  sdp: text('The SDP alone, with callId and tags, for offer and answer.', 131_072),
  sdp64: text('The same in base64.', 131_072),
  callId: text('SIP Call-ID.', 512),
  fromTag: text('Tag of the party that made the offer.', 512),
  toTag: text('Tag of the other party.', 512),
  viaBranch: text('Branch of a fork; the same in its offer and answer.', 512),
  pass: Type.Optional(Type.Integer({
    minimum: 0, maximum: lastPass, description: 'With manage: which pass of the call through the proxy it is, where it comes back to it.',
  })),
  source: text('Where the message came from, as a SIP URI (Kamailio: $sut).'),
  destination: text('Where it goes next, as a SIP URI (Kamailio: $nh(u)).'),
  vars: text('Hints to the policy about the call: region=eu; tier=gold'),
  sourceVars: text('Hints about the end that it came from: trunk=acme'),
  destinationVars: text('Hints about the end that it goes to.'),
}, { additionalProperties: false })

export type RequestFrame = Static<typeof RequestFrame>

/**
 * The answer: 200 with the new body, 204 when the message goes on as it is, or else the SIP status to refuse with. Flat, so
 * that each of them is one `jansson_get` in the script.
 */
export interface ReplyFrame {
  id: string
  status: number
  /** The new body, or the same in base64 where it is no UTF-8. */
  body?: string
  body64?: string
  /** Its Content-Type. */
  type?: string
  /** Of a command such as query: which rtpengine answered, and what. */
  node?: string
  reply?: unknown
  /** Of the refusal: the reason phrase, the error code, and what is wrong for a person. */
  reason?: string
  error?: string
  detail?: string
}
