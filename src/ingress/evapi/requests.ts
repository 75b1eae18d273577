import { isUtf8 } from 'node:buffer'
import type { Calls } from '../../calls/calls.ts'
import { callCommandOf, callCommands, type CallCommandName } from '../../calls/commands.ts'
import type { Outcome } from '../../calls/outcome.ts'
import { NgpilotError } from '../../errors.ts'
import { schemaCheck } from '../../schema-check.ts'
import { replaceSdp } from '../../sip/body.ts'
import { factsOf } from '../../sip/facts.ts'
import { readHop } from '../../sip/hop.ts'
import { parseSipMessage } from '../../sip/message.ts'
import { callIdAt } from '../../sip/pass.ts'
import { commandSchema } from '../command-schemas.ts'
import { plainOf } from '../plain.ts'
import { explain } from '../validation.ts'
import { type ReplyFrame, RequestFrame } from './frames.ts'
import { bodyAnswer } from './replies.ts'

const wrongInFrame = schemaCheck(RequestFrame)
const names = Object.keys(callCommands) as CallCommandName[]
const commandChecks = new Map(names.map((name) => [name, schemaCheck(commandSchema(name))]))

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
  const wrong = wrongInFrame(frame)
  if (wrong.length > 0) throw new NgpilotError('bad_request', explain(wrong, 'frame'))
  return frame as RequestFrame
}

/** What a frame asks for: whose call it is, and how to have it done. */
export interface Asked {
  callId: string
  /** What became of it for the log, and the answer without its id. */
  run: () => Promise<{ told: object, answer: Answer }>
}

export type Answer = Omit<ReplyFrame, 'id'>

/** @throws NgpilotError `bad_request` for what is missing or cannot be read, `sdp_invalid` */
export function askedBy (frame: RequestFrame, calls: Calls, deadline: number): Asked {
  switch (frame.verb) {
    case 'manage': {
      const message = parseSipMessage(needed(frame, 'message'))
      const facts = factsOf(message)
      const request = { ...facts, callId: callIdAt(facts.callId, frame.pass), ...context(frame, deadline) }
      const type = message.contentType ?? 'application/sdp'
      return sdpVerb(request.callId, () => calls.manage(request), (sdp) => bodyAnswer(type, replaceSdp(message, sdp)))
    }
    case 'offer': {
      const request = { ...legs(frame), sdp: needed(frame, 'sdp'), ...context(frame, deadline) }
      return sdpVerb(request.callId, () => calls.offer(request))
    }
    case 'answer': {
      const request = { ...legs(frame), toTag: textOf(frame, 'toTag'), sdp: needed(frame, 'sdp'), ...context(frame, deadline) }
      return sdpVerb(request.callId, () => calls.answer(request))
    }
    case 'delete': {
      const callId = frame.callId ?? parseSipMessage(needed(frame, 'message')).callId
      return sdpVerb(callId, () => calls.deleteCall({ callId, deadline }))
    }
    default:
      return callCommand(frame, calls, deadline)
  }
}

function sdpVerb (
  callId: string, verb: () => Promise<Outcome>, answerWith = (sdp: Buffer) => bodyAnswer('application/sdp', sdp),
): Asked {
  return {
    callId,
    async run () {
      const { sdp, ...told } = await verb()
      return { told, answer: sdp ? answerWith(sdp) : { status: 204 } }
    },
  }
}

/** Any other NG command on a running call. */
function callCommand (frame: RequestFrame, calls: Calls, deadline: number): Asked {
  const callId = textOf(frame, 'callId')
  const name = frame.verb as CallCommandName
  const given = frame.with ?? {}
  const wrong = commandChecks.get(name)?.(given) ?? []
  if (wrong.length > 0) throw new NgpilotError('bad_request', explain(wrong, 'frame.with'))
  const command = callCommandOf(name, given)
  return {
    callId,
    async run () {
      const { node, reply } = await calls.command({ callId, command, deadline })
      return { told: { node }, answer: { status: 200, node, reply: plainOf(reply) } }
    },
  }
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
