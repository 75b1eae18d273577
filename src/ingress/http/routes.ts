import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Calls } from '../../calls/calls.ts'
import type { Outcome } from '../../calls/outcome.ts'
import { NgpilotError } from '../../errors.ts'
import { parseSipMessage } from '../../sip/message.ts'
import { type Incoming, readJson, readSdp, readSip } from './requests.ts'
import {
  AnswerRequest, DeleteRequest, HopHeaders, OfferRequest, Problem, SdpHeaders, SdpReply,
  multipartExample, sdpExample, sipExample,
} from './schemas.ts'
import { tell } from './told.ts'
import { deadlineOf } from './turns.ts'

/** The verbs: a SIP message as it is, or offer, answer and delete one by one. */
export function addRoutes (app: FastifyInstance, calls: Calls): void {
  app.post('/v1/sip', {
    schema: {
      summary: 'Do what a SIP message asks for',
      description: 'The body is the whole message as the proxy has it (Kamailio: $mb). The headers Ngpilot-Source and '
        + 'Ngpilot-Destination say, as SIP URIs, where it came from and where it goes next; Ngpilot-Vars gives hints to the '
        + 'policy (trunk=acme; region=eu).',
      headers: HopHeaders,
      body: { content: { 'message/sip': { schema: binary('A SIP request or reply.', sipExample) } } },
      response: {
        200: {
          description: 'The new body, with the Content-Type of the message: the SDP, or a multipart body with it.',
          content: {
            'application/sdp': { schema: binary('The SDP to go on with.', sdpExample) },
            'multipart/mixed': { schema: binary('The body.', multipartExample) },
          },
        },
        204: nothing,
        default: problems,
      },
    },
  }, (request, reply) =>
    serve(request, reply, readSip(bytesOf(request), request.headers, deadlineOf(request)), calls.manage))

  app.post('/v1/offer', {
    schema: { summary: 'Rewrite an offer', headers: SdpHeaders, body: jsonOrSdp(OfferRequest), response: responses },
  }, (request, reply) => serve(request, reply, readSdpOrJson(request), calls.offer))

  app.post('/v1/answer', {
    schema: { summary: 'Rewrite an answer', headers: SdpHeaders, body: jsonOrSdp(AnswerRequest), response: responses },
  }, (request, reply) => serve(request, reply, readSdpOrJson(request), (answer) => {
    if (answer.toTag === undefined) throw new NgpilotError('bad_request', 'a bare SDP answer needs the header ngpilot-to-tag')
    return calls.answer({ ...answer, toTag: answer.toTag })
  }))

  app.post('/v1/delete', {
    schema: {
      summary: 'End a call',
      description: 'The call-id as JSON, or any SIP message of the call: then whatever it says, unlike with /v1/sip.',
      body: { content: { 'application/json': { schema: DeleteRequest }, 'message/sip': { schema: binary('A SIP message.', sipExample) } } },
      response: { 204: { description: 'It ends, or is not known any more.', type: 'null' }, default: problems },
    },
  }, async (request, reply) => {
    const { callId } = Buffer.isBuffer(request.body)
      ? parseSipMessage(request.body)
      : request.body as Static<typeof DeleteRequest>
    tell(request, { callId })
    tell(request, await calls.deleteCall({ callId, deadline: deadlineOf(request) }))
    return reply.code(204).send()
  })

  /** Has the request done, and answers in the form that it came in. */
  async function serve<R extends { callId: string }> (
    http: FastifyRequest, reply: FastifyReply, { request, answer }: Incoming<R>, run: (request: R) => Promise<Outcome>,
  ): Promise<FastifyReply> {
    tell(http, { callId: request.callId })
    const { sdp, command, ...decision } = await run(request)
    tell(http, { command, ...decision })
    if (!sdp) return reply.code(204).send()
    const { type, body } = answer(sdp, decision)
    return reply.type(type).send(body)
  }

  function readSdpOrJson (request: FastifyRequest) {
    return Buffer.isBuffer(request.body)
      ? readSdp(request.body, request.headers, deadlineOf(request))
      : readJson(request.body as Static<typeof OfferRequest>, deadlineOf(request))
  }
}

function bytesOf (request: FastifyRequest): Buffer {
  if (Buffer.isBuffer(request.body)) return request.body
  throw new NgpilotError('unsupported_media_type', 'send the SIP message with Content-Type: message/sip')
}

function binary (description: string, example: string) {
  return Type.Unsafe<Buffer>({ description, examples: [example] })
}

function jsonOrSdp (schema: typeof OfferRequest | typeof AnswerRequest) {
  return { content: { 'application/json': { schema }, 'application/sdp': { schema: binary('The SDP; call-id and tags in headers.', sdpExample) } } }
}

const nothing = { description: 'Nothing to rewrite: the message goes on as it is.', type: 'null' }

const problems = {
  description: 'What is wrong (RFC 9457).',
  headers: { 'ngpilot-sip-status': { type: 'string', description: 'The SIP reply that fits: 488 Not Acceptable Here' } },
  content: { 'application/problem+json': { schema: Problem } },
}

const responses = {
  200: {
    description: 'The new SDP, in the form that the request came in.',
    content: { 'application/sdp': { schema: binary('The SDP to go on with.', sdpExample) }, 'application/json': { schema: SdpReply } },
  },
  204: nothing,
  default: problems,
}
