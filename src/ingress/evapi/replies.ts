import { isUtf8 } from 'node:buffer'
import type { NgpilotError } from '../../errors.ts'
import { sipFailures } from '../../sip/failures.ts'
import type { ReplyFrame } from './frames.ts'

export function bodyAnswer (type: string, body: Buffer): Omit<ReplyFrame, 'id'> {
  return { status: 200, type, ...(isUtf8(body) ? { body: body.toString() } : { body64: body.toString('base64') }) }
}

/** The error as the SIP reply that a rule asks for, else one that fits. A fault of ngpilot's own shows no more than that. */
export function refusal (id: string, error: NgpilotError): ReplyFrame {
  const [, status, reason] = /^(\d{3}) (.*)$/.exec(error.sip ?? sipFailures[error.code]) ?? []
  return {
    id,
    status: Number(status),
    reason: reason ?? '',
    error: error.code,
    detail: error.code === 'internal' ? 'ngpilot failed; its log says how' : error.message.slice(0, 1000),
  }
}
