import { Type } from 'typebox'

/** The shapes of the HTTP API: each gives the check, the type and the page in /openapi.json. */

const closed = { additionalProperties: false }
const token = { minLength: 1, maxLength: 512 }

const Vars = Type.Record(Type.String({ maxLength: 64 }), Type.String({ maxLength: 256 }), {
  maxProperties: 32, description: 'Hints for the policy, such as trunk: acme.',
})

export const Peer = Type.Object({
  transport: Type.Optional(Type.Enum(['udp', 'tcp', 'tls', 'sctp', 'ws', 'wss'], { description: 'SIP transport.' })),
  address: Type.Optional(Type.String({ maxLength: 255, description: 'IPv4 or IPv6 address.' })),
  port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65535 })),
  uri: Type.Optional(Type.String({ maxLength: 1024, description: 'SIP URI.' })),
  vars: Type.Optional(Vars),
}, { ...closed, description: 'One end of a SIP hop as the proxy sees it.' })

export const sdpExample = 'v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n'
const call = { callId: 'a84b4c76e66710', fromTag: '1928301774' }

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
}, {
  ...closed,
  $id: 'OfferRequest',
  examples: [{
    ...call, sdp: sdpExample, source: { transport: 'udp', address: '198.51.100.7', port: 5060 }, destination: { transport: 'wss', address: '203.0.113.9' },
    vars: { region: 'eu' },
  }],
})

export const AnswerRequest = Type.Object({
  ...legs, toTag: Type.String({ ...token, description: 'Tag of the party that answers.' }),
}, { ...closed, $id: 'AnswerRequest', examples: [{ ...call, toTag: 'a6c85cf', sdp: sdpExample }] })

export const DeleteRequest = Type.Object({ callId: legs.callId }, {
  ...closed, $id: 'DeleteRequest', examples: [{ callId: call.callId }],
})

const text = (description: string) => Type.Optional(Type.String({ description }))

/** Kamailio's view of the hop, beside a SIP message or a bare SDP. */
const hop = {
  'ngpilot-source': text('Where the message came from, as a SIP URI: sip:198.51.100.7:5066;transport=wss'),
  'ngpilot-destination': text('Where it goes next, as a SIP URI.'),
  'ngpilot-vars': text('Hints to the policy about the call, so for both legs: region=eu; tier=gold'),
  'ngpilot-source-vars': text('Hints about the end that it came from: trunk=acme'),
  'ngpilot-destination-vars': text('Hints about the end that it goes to.'),
  'ngpilot-via-branch': text('The branch of a fork; the same in its offer and its answer.'),
}

export const HopHeaders = Type.Object({
  ...hop,
  'ngpilot-pass': Type.Optional(Type.String({
    pattern: '^([0-9]|1[0-5])$', title: 'a number from 0 to 15',
    description: 'Which pass of the call through the proxy it is, where it comes back to it (a spiral): 0 to 15; each has media of its own.',
  })),
})

export const SdpHeaders = Type.Object({
  ...hop,
  'ngpilot-call-id': text('With a bare SDP: the SIP Call-ID.'),
  'ngpilot-from-tag': text('With a bare SDP: the tag of the party that made the offer.'),
  'ngpilot-to-tag': text('With a bare SDP: the tag of the other party; an answer needs it.'),
})

export const SdpReply = Type.Object({
  sdp: Type.String({ description: 'The SDP to put into the SIP message.' }),
  node: Type.String({ description: 'The rtpengine that holds the media.' }),
  sender: Type.String({ description: 'Profile of the leg that the SDP came from.' }),
  receiver: Type.String({ description: 'Profile of the leg that it goes to.' }),
  revision: Type.String({ description: 'Policy revision that decided.' }),
  findings: Type.Optional(Type.Array(Type.String(), {
    description: 'Ids of what is wrong with the SDP, as it came and as it goes on; docs/reference/findings.md says what they mean.',
  })),
}, { $id: 'SdpReply', examples: [{ sdp: sdpExample, node: 'n1', sender: 'phone', receiver: 'browser', revision: '874bab89ec78' }] })

export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String({ description: 'The stable error code.' }),
  detail: Type.String({ description: 'What is wrong, where, and what would be right.' }),
}, {
  $id: 'Problem',
  description: 'RFC 9457. The header Ngpilot-Sip-Status says which SIP reply fits.',
  examples: [{
    type: 'urn:ngpilot:error:sdp_invalid', title: 'Unprocessable Entity', status: 422, code: 'sdp_invalid', detail: 'line 3: no c= for this m-line',
  }],
})

export const multipartExample = [
  '--b1', 'Content-Type: application/sdp', '', sdpExample, '--b1', 'Content-Type: application/isup', '', '…', '--b1--', '',
].join('\r\n')

/** What Kamailio's $mb holds. */
export const sipExample = [
  'INVITE sip:bob@example.com SIP/2.0', 'Via: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK776asdhds', 'Max-Forwards: 70',
  `From: <sip:alice@example.com>;tag=${call.fromTag}`, 'To: <sip:bob@example.com>', `Call-ID: ${call.callId}`, 'CSeq: 314159 INVITE',
  'Contact: <sip:alice@198.51.100.7>', 'Content-Type: application/sdp', `Content-Length: ${sdpExample.length}`, '', sdpExample,
].join('\r\n')
