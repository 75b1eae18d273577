import { NgpilotError } from '../errors.ts'
import { onlyHeader, readHeaders, valuesOf } from './headers.ts'
import type { SipMessage } from './message.ts'
import { parseParams } from './params.ts'
import { badRequest } from './scan.ts'

/**
 * The SDP in a message: its body, or the first `application/sdp` part of a multipart body (RFC 5621 §3.1), byte for byte.
 * Undefined when there is none, or nothing in it, whatever Content-Type says. Part of a trickle
 * (`application/trickle-ice-sdpfrag`, RFC 8840) is no SDP; nor is a part with a disposition other than `session`, such as
 * `early-session` (RFC 3959).
 *
 * @throws NgpilotError `bad_request` for a multipart body that cannot be taken apart, `unsupported_media_type` for an
 * encoded (compressed) body
 */
export function sdpOf (message: SipMessage): Buffer | undefined {
  const range = findSdp(message)
  return range && message.body.subarray(range.start, range.end)
}

/**
 * The whole new body with `sdp` in place of the one that `sdpOf` finds; other parts stay byte for byte, and so does the
 * Content-Type. A message without SDP becomes the SDP alone.
 */
export function replaceSdp (message: SipMessage, sdp: Buffer): Buffer {
  const { start, end } = findSdp(message) ?? { start: 0, end: message.body.length }
  return Buffer.concat([message.body.subarray(0, start), sdp, message.body.subarray(end)])
}

interface Range { start: number, end: number }

function findSdp (message: SipMessage): Range | undefined {
  if (message.contentType === undefined || message.body.length === 0) return undefined
  const { type, params } = parseContentType(message.contentType)
  if (type !== 'application/sdp' && !type.startsWith('multipart/')) return undefined
  if (valuesOf(message, 'Content-Encoding').some((coding) => coding.toLowerCase() !== 'identity')) {
    throw new NgpilotError('unsupported_media_type', 'Content-Encoding: only a body without one can be read')
  }
  if (type === 'application/sdp') return { start: 0, end: message.body.length }
  return partsOf(message.body, params.get('boundary')).find((part) => isSdpPart(message.body, part))?.content
}

interface Part { head: Range, content: Range }

/** Cuts a multipart body at its delimiters (RFC 2046 §5.1.1); the line ending before a delimiter belongs to it. */
function partsOf (body: Buffer, boundary: string | undefined): Part[] {
  if (!boundary) throw badRequest('Content-Type', 'multipart without a boundary')
  const delimiter = Buffer.from(`--${boundary}`)
  const parts: Part[] = []
  let start = lineStarting(body, delimiter, 0)
  while (start >= 0) {
    const afterDelimiter = start + delimiter.length
    if (body.subarray(afterDelimiter, afterDelimiter + 2).equals(Buffer.from('--'))) return parts
    const next = lineStarting(body, delimiter, afterDelimiter)
    const headStart = body.indexOf('\n', afterDelimiter) + 1
    if (next < 0 || headStart === 0) break
    parts.push(partBetween(body, headStart, next))
    start = next
  }
  throw badRequest('multipart body', 'the closing delimiter is missing')
}

function lineStarting (body: Buffer, text: Buffer, from: number): number {
  let at = body.indexOf(text, from)
  while (at > 0 && body[at - 1] !== 0x0a) at = body.indexOf(text, at + 1)
  return at
}

function partBetween (body: Buffer, start: number, next: number): Part {
  const end = Math.max(start, next - (body[next - 2] === 0x0d ? 2 : 1))
  let lineStart = start
  while (lineStart < end) {
    const lineEnd = body.indexOf('\n', lineStart)
    const isBlank = lineEnd === lineStart || (lineEnd === lineStart + 1 && body[lineStart] === 0x0d)
    if (isBlank) return { head: { start, end: lineStart }, content: { start: Math.min(lineEnd + 1, end), end } }
    lineStart = lineEnd + 1
  }
  return { head: { start, end }, content: { start: end, end } }
}

function isSdpPart (body: Buffer, { head }: Part): boolean {
  const lines = body.toString('utf8', head.start, head.end).split(/\r?\n/).filter((line) => line !== '')
  const headers = readHeaders(lines, 1)
  const contentType = onlyHeader(headers, 'Content-Type')?.value
  const disposition = onlyHeader(headers, 'Content-Disposition')?.value
  if (contentType === undefined || parseContentType(contentType).type !== 'application/sdp') return false
  if (disposition !== undefined && parseContentType(disposition).type !== 'session') return false
  const encoding = onlyHeader(headers, 'Content-Transfer-Encoding')?.value.toLowerCase() ?? 'binary'
  if (['binary', '8bit', '7bit'].includes(encoding)) return true
  throw new NgpilotError('unsupported_media_type', 'Content-Transfer-Encoding of the SDP part: only binary can be read')
}

/** `type/subtype;params` and, of the same form, a disposition (RFC 3261 §20.11, §20.15). The type in lower case. */
function parseContentType (text: string): { type: string, params: Map<string, string> } {
  const [type = ''] = text.split(';', 1)
  return { type: type.trim().toLowerCase(), params: parseParams(text, type.length, 'Content-Type') }
}
