import { NgpilotError } from '../errors.ts'
import { parseAddress } from './address.ts'
import { onlyHeader, readHeaders } from './headers.ts'
import type { SipHeader } from './headers.ts'
import { badRequest } from './scan.ts'
import { branchesOf } from './via.ts'

/** A SIP request or reply (RFC 3261 §7), as far as the media plane reads it. */
export interface SipMessage {
  /** Of a request. */
  method?: string
  requestUri?: string
  /** Of a reply. */
  status?: number
  reason?: string
  headers: SipHeader[]
  callId: string
  fromTag: string
  toTag?: string
  fromUri: string
  toUri: string
  /** Of the top Via. */
  viaBranch?: string
  cseq: { number: number, method: string }
  userAgent?: string
  contentType?: string
  /** A view of the bytes that came, not a copy. */
  body: Buffer
}

export const mostHeaderBytes = 16_384
const blankLine = /\r?\n\r?\n/g
const controlCharacter = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)/
const requestLine = /^([A-Za-z0-9\-.!%*_+`'~]+) (\S+) SIP\/2\.0$/i
const tagInTo = /^(?:To|t)[ \t]*:[^\r\n]*;[ \t]*tag[ \t]*=/im
const statusLine = /^SIP\/2\.0 ([1-6]\d\d)(?: (.*))?$/is

/**
 * Reads one SIP message as it lay in a datagram: bytes past Content-Length are ignored, and without that header the body
 * runs to the end (RFC 3261 §18.3).
 *
 * Headers are read as UTF-8; the body is not read at all. A line may end in LF alone and empty lines may come first, since
 * Kamailio takes both and hands on what it got. A header that may come only once is refused when it comes twice.
 *
 * @throws NgpilotError `bad_request` with the header and the line; `too_large` past 16 KB or 200 headers
 */
export function parseSipMessage (bytes: Buffer): SipMessage {
  const { lines, firstLine, bodyStart } = splitHead(bytes)
  const headers = readHeaders(lines.slice(1), firstLine + 1)
  const from = addressIn(headers, 'From')
  const to = addressIn(headers, 'To')
  if (from.tag === undefined) throw badRequest(from.where, 'the tag is missing')
  const message: SipMessage = {
    headers,
    callId: identifier(needed(headers, 'Call-ID').value, 'Call-ID'),
    fromTag: from.tag,
    fromUri: from.uri,
    toUri: to.uri,
    cseq: cseqIn(headers),
    body: bodyOf(bytes, bodyStart, onlyHeader(headers, 'Content-Length')),
  }
  readStartLine(message, lines[0] ?? '', firstLine)
  if (to.tag !== undefined) message.toTag = to.tag
  const branch = topBranch(headers)
  if (branch !== undefined) message.viaBranch = branch
  const userAgent = headers.find(({ name }) => name === 'user-agent')
  if (userAgent) message.userAgent = userAgent.value
  const contentType = onlyHeader(headers, 'Content-Type')
  if (contentType) message.contentType = contentType.value
  return message
}

function splitHead (bytes: Buffer): { lines: string[], firstLine: number, bodyStart: number } {
  // As latin1, a position in the text is a position in the bytes.
  const text = bytes.toString('latin1', 0, mostHeaderBytes + 4)
  let start = 0
  while (text.charAt(start) === '\r' || text.charAt(start) === '\n') start++
  blankLine.lastIndex = start
  const blank = blankLine.exec(text)
  if (!blank && bytes.length > text.length) {
    throw new NgpilotError('too_large', `the headers do not end within ${mostHeaderBytes} bytes`)
  }
  if (!blank) throw badRequest('SIP message', 'cut short, or no SIP: no empty line ends the headers')
  const firstLine = lineAt(text, start)
  const control = controlCharacter.exec(text.slice(start, blank.index))
  if (control) throw badRequest(`line ${lineAt(text, start + control.index)}`, 'a control character')
  const lines = bytes.toString('utf8', start, blank.index).split('\n').map((line) => line.endsWith('\r') ? line.slice(0, -1) : line)
  return { lines, firstLine, bodyStart: blankLine.lastIndex }
}

function lineAt (text: string, position: number): number {
  return text.slice(0, position).split('\n').length
}

function readStartLine (message: SipMessage, text: string, line: number): void {
  const [, status, reason] = statusLine.exec(text) ?? []
  const [, method, requestUri] = requestLine.exec(text) ?? []
  if (status !== undefined) {
    message.status = Number(status)
    message.reason = reason ?? ''
  } else if (method !== undefined && requestUri !== undefined) {
    message.method = method
    message.requestUri = requestUri
  } else {
    throw badRequest(`line ${line}`, 'neither "METHOD URI SIP/2.0" nor "SIP/2.0 STATUS REASON"')
  }
}

function needed (headers: SipHeader[], name: string): SipHeader {
  const header = onlyHeader(headers, name)
  if (!header) throw badRequest(name, 'the header is missing')
  return header
}

function addressIn (headers: SipHeader[], name: 'From' | 'To'): { uri: string, tag: string | undefined, where: string } {
  const { value, line } = needed(headers, name)
  const where = `${name} (line ${line})`
  const { uri, params } = parseAddress(value, where)
  const tag = params.get('tag')
  return { uri, tag: tag ? identifier(tag, where) : undefined, where }
}

/** RFC 3261 §25.1 has ASCII only; bytes that are no UTF-8 would make two identifiers look the same. */
function identifier (text: string, where: string): string {
  if (!/^[\x20-\x7e]+$/.test(text)) throw badRequest(where, 'empty, or characters other than printable ASCII')
  return text
}

/** RFC 3261 §8.1.1.5: the number is below 2**31. */
function cseqIn (headers: SipHeader[]): SipMessage['cseq'] {
  const { value, line } = needed(headers, 'CSeq')
  const [, digits, method] = /^(\d{1,10})[ \t]+(\S+)$/.exec(value) ?? []
  if (!digits || !method || Number(digits) >= 2 ** 31) throw badRequest(`CSeq (line ${line})`, 'not "NUMBER METHOD"')
  return { number: Number(digits), method }
}

function topBranch (headers: SipHeader[]): string | undefined {
  const via = headers.find(({ name }) => name === 'via')
  if (!via) throw badRequest('Via', 'the header is missing')
  const branch = branchesOf(via)[0]
  return branch === undefined ? undefined : identifier(branch, `Via (line ${via.line})`)
}

function bodyOf (bytes: Buffer, start: number, header: SipHeader | undefined): Buffer {
  if (!header) return bytes.subarray(start)
  const where = `Content-Length (line ${header.line})`
  if (!/^\d{1,9}$/.test(header.value)) throw badRequest(where, 'not a number')
  const length = Number(header.value)
  const there = bytes.length - start
  if (there < length) throw badRequest(where, `the body is cut short: ${there} bytes instead of ${length}`)
  return bytes.subarray(start, start + length)
}

/** Whether it is a request that ends a call, without a look at the rest of it. */
export function endsCall (message: Buffer): boolean {
  const start = message.toString('latin1', 0, 7)
  return start.startsWith('BYE ') || start.startsWith('CANCEL ')
}

/** Whether it is an INVITE outside of any call, one without a tag in To, without a look at the rest of it. */
export function startsCall (message: Buffer): boolean {
  return message.toString('latin1', 0, 7) === 'INVITE ' && !tagInTo.test(message.toString('latin1', 0, mostHeaderBytes))
}
