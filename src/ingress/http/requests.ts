import type { Static } from 'typebox'
import { NgpilotError } from '../../errors.ts'
import type { MediaRequest, Peer } from '../../calls/request.ts'
import type { SipRequest } from '../../calls/manage.ts'
import { replaceSdp, sdpOf } from '../../sip/body.ts'
import { parseSipMessage } from '../../sip/message.ts'
import { parsePeer } from '../../sip/uri.ts'
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
  const sdp = sdpOf(message)
  if (!sdp && message.body.length === 0 && message.contentType !== undefined) {
    throw new NgpilotError('sdp_invalid', `the body is empty, though Content-Type says ${message.contentType}`)
  }
  const request = {
    callId: message.callId,
    fromTag: message.fromTag,
    ...(message.toTag !== undefined && { toTag: message.toTag }),
    ...(sdp && { sdp }),
    sip: {
      method: message.method ?? message.cseq.method,
      ...(message.status !== undefined && { status: message.status }),
      cseq: message.cseq.number,
      ...(message.requestUri !== undefined && { requestUri: message.requestUri }),
      fromUri: message.fromUri,
      toUri: message.toUri,
      ...(message.userAgent !== undefined && { userAgent: message.userAgent }),
    },
    ...context(headers, deadline),
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
  const source = peer(headers, 'ngpilot-source', 'ngpilot-source-vars')
  const destination = peer(headers, 'ngpilot-destination', 'ngpilot-destination-vars')
  const viaBranch = header(headers, 'ngpilot-via-branch')
  return {
    ...(source && { source }),
    ...(destination && { destination }),
    ...(viaBranch !== undefined && { viaBranch }),
    vars: vars(headers, 'ngpilot-vars'),
    deadline,
  }
}

/** `sip:198.51.100.7:5060;transport=wss`, as Kamailio's `$sut` and `$nh(u)` write it. Without a word it is UDP. */
function peer (headers: Headers, name: string, varsName: string): Peer | undefined {
  const text = header(headers, name)
  const hints = vars(headers, varsName)
  if (text === undefined && Object.keys(hints).length === 0) return undefined
  return { ...(text !== undefined && { transport: 'udp', ...parsePeer(text, `header ${name}`) }), vars: hints }
}

/** `trunk=acme; region=eu` */
function vars (headers: Headers, name: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const pair of header(headers, name)?.split(';') ?? []) {
    if (pair.trim() === '') continue
    const equals = pair.indexOf('=')
    if (equals < 1) throw new NgpilotError('bad_request', `header ${name}: "${pair.trim()}" is not key=value`)
    Object.defineProperty(found, pair.slice(0, equals).trim(), {
      value: pair.slice(equals + 1).trim(), enumerable: true, configurable: true, writable: true,
    })
  }
  return found
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
