import type { Static } from 'typebox'
import { NgpilotError } from '../../errors.ts'
import type { MediaRequest } from '../../calls/request.ts'
import type { SipRequest } from '../../calls/manage.ts'
import { replaceSdp } from '../../sip/body.ts'
import { factsOf } from '../../sip/facts.ts'
import { readHop } from '../../sip/hop.ts'
import { parseSipMessage } from '../../sip/message.ts'
import { callIdAt } from '../../sip/pass.ts'
import type { OfferRequest } from './schemas.ts'

type SdpRequest = MediaRequest & { sdp: Buffer }

/** What comes with a request in headers: Kamailio's view of the hop, for the message itself says it only in part. */
export type Headers = Record<string, string | string[] | undefined>

/** What an HTTP request asks for, and how its answer carries the new SDP. */
export interface Incoming<R> {
  request: R
  answer: (sdp: Buffer, decision: object) => { type: string, body: Buffer | object }
}

/** A SIP message (`message/sip`) with its headers; answered with the new body for it, of the same Content-Type. */
export function readSip (bytes: Buffer, headers: Headers, deadline: number): Incoming<SipRequest> {
  const message = parseSipMessage(bytes)
  const facts = factsOf(message)
  const request = {
    ...facts, callId: callIdAt(facts.callId, Number(header(headers, 'ngpilot-pass') ?? 0)), ...context(headers, deadline),
  }
  return { request, answer: (rewritten) => ({ type: message.contentType ?? 'application/sdp', body: replaceSdp(message, rewritten) }) }
}

/** A bare SDP (`application/sdp`), call-id and tags in headers; answered with the bare SDP. */
export function readSdp (sdp: Buffer, headers: Headers, deadline: number): Incoming<SdpRequest> {
  const toTag = header(headers, 'ngpilot-to-tag')
  const request = {
    callId: required(headers, 'ngpilot-call-id'),
    fromTag: required(headers, 'ngpilot-from-tag'),
    ...(toTag !== undefined && { toTag }),
    sdp,
    ...context(headers, deadline),
  }
  return { request, answer: (rewritten) => ({ type: 'application/sdp', body: rewritten }) }
}

/** A JSON body, checked against its schema; answered with JSON that also tells the decision. */
export function readJson (body: Static<typeof OfferRequest>, deadline: number): Incoming<SdpRequest> {
  return {
    request: { ...body, sdp: Buffer.from(body.sdp), vars: body.vars ?? {}, deadline },
    answer: (sdp, decision) => ({ type: 'application/json', body: { sdp: sdp.toString(), ...decision } }),
  }
}

function context (headers: Headers, deadline: number) {
  const viaBranch = header(headers, 'ngpilot-via-branch')
  return {
    ...readHop({
      source: header(headers, hopHeaders.source),
      destination: header(headers, hopHeaders.destination),
      vars: header(headers, hopHeaders.vars),
      sourceVars: header(headers, hopHeaders.sourceVars),
      destinationVars: header(headers, hopHeaders.destinationVars),
    }, (key) => `header ${hopHeaders[key]}`),
    ...(viaBranch !== undefined && { viaBranch }),
    deadline,
  }
}

const hopHeaders = {
  source: 'ngpilot-source',
  destination: 'ngpilot-destination',
  vars: 'ngpilot-vars',
  sourceVars: 'ngpilot-source-vars',
  destinationVars: 'ngpilot-destination-vars',
}

function required (headers: Headers, name: string): string {
  const value = header(headers, name)
  if (value === undefined) throw new NgpilotError('bad_request', `a bare SDP needs the header ${name}`)
  return value
}

function header (headers: Headers, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value === '' ? undefined : value
}
