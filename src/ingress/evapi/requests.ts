import { isUtf8 } from 'node:buffer'
import { Ajv } from 'ajv'
import type { Calls } from '../../calls/calls.ts'
import type { Outcome } from '../../calls/outcome.ts'
import { NgpilotError } from '../../errors.ts'
import { replaceSdp } from '../../sip/body.ts'
import { factsOf } from '../../sip/facts.ts'
import { readHop } from '../../sip/hop.ts'
import { parseSipMessage } from '../../sip/message.ts'
import { explain } from '../validation.ts'
import { RequestFrame } from './frames.ts'

const isFrame = new Ajv({ allErrors: true, verbose: true }).compile<RequestFrame>(RequestFrame)

/** @throws NgpilotError `bad_request`: no JSON in UTF-8 */
export function parseFrame (payload: Buffer): unknown {
  if (!isUtf8(payload)) throw new NgpilotError('bad_request', 'frame: not UTF-8; what is none goes into message64 or sdp64, as base64')
  try {
    return JSON.parse(payload.toString())
  } catch {
    throw new NgpilotError('bad_request', 'frame: no JSON')
  }
}

/** The id to answer to, also where the rest of the frame is wrong. */
export function idOf (frame: unknown): string | undefined {
  const { id } = (frame ?? {}) as { id?: unknown }
  return typeof id === 'string' && id.length <= 128 ? id : undefined
}

/** @throws NgpilotError `bad_request` that says what is wrong with the frame, and where. */
export function checkFrame (frame: unknown): RequestFrame {
  if (isFrame(frame)) return frame
  throw new NgpilotError('bad_request', explain(isFrame.errors ?? [], 'frame'))
}

/** What a frame asks for: whose call it is, and how to have it done. `body` makes the new body of the new SDP. */
export interface Asked {
  callId: string
  run: () => Promise<Outcome>
  body: (sdp: Buffer) => { type: string, body: Buffer }
}

/** @throws NgpilotError `bad_request` for what is missing or cannot be read, `sdp_invalid` */
export function askedBy (frame: RequestFrame, calls: Calls, deadline: number): Asked {
  switch (frame.verb) {
    case 'manage': {
      const message = parseSipMessage(needed(frame, 'message'))
      const request = { ...factsOf(message), ...context(frame, deadline) }
      return {
        callId: request.callId,
        run: () => calls.manage(request),
        body: (sdp) => ({ type: message.contentType ?? 'application/sdp', body: replaceSdp(message, sdp) }),
      }
    }
    case 'offer': {
      const request = { ...legs(frame), sdp: needed(frame, 'sdp'), ...context(frame, deadline) }
      return { callId: request.callId, run: () => calls.offer(request), body: bare }
    }
    case 'answer': {
      const request = { ...legs(frame), toTag: textOf(frame, 'toTag'), sdp: needed(frame, 'sdp'), ...context(frame, deadline) }
      return { callId: request.callId, run: () => calls.answer(request), body: bare }
    }
    default: {
      const callId = frame.callId ?? parseSipMessage(needed(frame, 'message')).callId
      return { callId, run: () => calls.deleteCall({ callId, deadline }), body: bare }
    }
  }
}

function bare (sdp: Buffer) {
  return { type: 'application/sdp', body: sdp }
}

function context (frame: RequestFrame, deadline: number) {
  const { viaBranch } = frame
  return { ...readHop(frame, (key) => `frame.${key}`), ...(viaBranch !== undefined && { viaBranch }), deadline }
}

function legs (frame: RequestFrame) {
  const { toTag } = frame
  return { callId: textOf(frame, 'callId'), fromTag: textOf(frame, 'fromTag'), ...(toTag !== undefined && { toTag }) }
}

function textOf (frame: RequestFrame, key: 'callId' | 'fromTag' | 'toTag'): string {
  const text = frame[key]
  if (text === undefined) throw new NgpilotError('bad_request', `frame.${key} is missing; ${frame.verb} needs it`)
  return text
}

/** The bytes of `message` or `sdp`, whichever way they came. */
function needed (frame: RequestFrame, key: 'message' | 'sdp'): Buffer {
  const encoded = frame[`${key}64`]
  if (encoded !== undefined) return Buffer.from(encoded, 'base64')
  const text = frame[key]
  if (text !== undefined) return Buffer.from(text)
  throw new NgpilotError('bad_request', `frame.${key} is missing; ${frame.verb} needs it (or ${key}64)`)
}
