import { Type } from 'typebox'

/** The shapes of the HTTP API: each gives the check, the type and the page in /openapi.json. */

const closed = { additionalProperties: false }
const token = { minLength: 1, maxLength: 512 }

export const Peer = Type.Object({
  transport: Type.Optional(Type.Enum(['udp', 'tcp', 'tls', 'sctp', 'ws', 'wss'], { description: 'SIP transport.' })),
  address: Type.Optional(Type.String({ maxLength: 255, description: 'IPv4 or IPv6 address.' })),
  port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65535 })),
  uri: Type.Optional(Type.String({ maxLength: 1024, description: 'SIP URI.' })),
}, { ...closed, description: 'One end of a SIP hop as the proxy sees it.' })

const Vars = Type.Record(Type.String({ maxLength: 64 }), Type.String({ maxLength: 256 }), {
  maxProperties: 32, description: 'Hints for the policy, such as trunk: acme.',
})

const legs = {
  callId: Type.String({ ...token, description: 'SIP Call-ID.' }),
  fromTag: Type.String({ ...token, description: 'Tag of the party that made the offer.' }),
  viaBranch: Type.Optional(Type.String({ ...token, description: 'Branch of a fork; the same in its offer and answer.' })),
  sdp: Type.String({ minLength: 1, description: 'The SDP, CRLF line endings.' }),
  source: Type.Optional(Peer),
  destination: Type.Optional(Peer),
  vars: Type.Optional(Vars),
}

export const OfferRequest = Type.Object({
  ...legs, toTag: Type.Optional(Type.String({ ...token, description: 'Tag of the other party, in a dialog.' })),
}, { ...closed, $id: 'OfferRequest' })

export const AnswerRequest = Type.Object({
  ...legs, toTag: Type.String({ ...token, description: 'Tag of the party that answers.' }),
}, { ...closed, $id: 'AnswerRequest' })

export const DeleteRequest = Type.Object({ callId: legs.callId }, { ...closed, $id: 'DeleteRequest' })

export const SdpReply = Type.Object({
  sdp: Type.String({ description: 'The SDP to put into the SIP message.' }),
  node: Type.String({ description: 'The rtpengine that holds the media.' }),
  sender: Type.String({ description: 'Profile of the leg that the SDP came from.' }),
  receiver: Type.String({ description: 'Profile of the leg that it goes to.' }),
  revision: Type.String({ description: 'Policy revision that decided.' }),
}, { $id: 'SdpReply' })

export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String({ description: 'The stable error code.' }),
  detail: Type.String({ description: 'What is wrong, where, and what would be right.' }),
}, { $id: 'Problem', description: 'RFC 9457. The header Ngpilot-Sip-Status says which SIP reply fits.' })
