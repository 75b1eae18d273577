import { NgpilotError } from '../errors.ts'
import { badRequest } from './scan.ts'

/** One header field, unfolded. `name` is the long form in lower case; `line` is where it begins, the start line being 1. */
export interface SipHeader { name: string, value: string, line: number }

const mostHeaders = 200

/** RFC 3261 §7.3.3 and the registry of compact forms that later RFCs filled. */
const longForms = new Map(Object.entries({
  a: 'accept-contact', b: 'referred-by', c: 'content-type', d: 'request-disposition', e: 'content-encoding', f: 'from',
  i: 'call-id', j: 'reject-contact', k: 'supported', l: 'content-length', m: 'contact', n: 'identity-info', o: 'event',
  r: 'refer-to', s: 'subject', t: 'to', u: 'allow-events', v: 'via', x: 'session-expires', y: 'identity',
}))

const token = /^[A-Za-z0-9\-.!%*_+`'~]+$/

/**
 * Reads header lines (RFC 3261 §7.3.1); a line that begins with a space or tab continues the one before.
 *
 * @param lines without their endings
 * @param firstLine the number of `lines[0]` in the whole, for errors
 * @throws NgpilotError `bad_request`, or `too_large` past 200 headers
 */
export function readHeaders (lines: readonly string[], firstLine: number): SipHeader[] {
  const headers: SipHeader[] = []
  for (const [index, text] of lines.entries()) {
    const line = firstLine + index
    if (text.startsWith(' ') || text.startsWith('\t')) unfold(headers.at(-1), text, line)
    else headers.push(headerFrom(text, line))
    if (headers.length > mostHeaders) throw new NgpilotError('too_large', `line ${line}: more than ${mostHeaders} headers`)
  }
  return headers
}

/** All values of a header, in order. The name may be compact and in any case; a value may itself be a comma list. */
export function valuesOf ({ headers }: { headers: readonly SipHeader[] }, name: string): string[] {
  const wanted = longForm(name)
  return headers.filter((header) => header.name === wanted).map(({ value }) => value)
}

/**
 * The header that may come only once, or undefined.
 *
 * Refused when it comes twice, be the values equal or not: whoever else reads the message may take the other one
 * (RFC 3261 §7.3.1 allows repeats for comma lists only).
 */
export function onlyHeader (headers: readonly SipHeader[], name: string): SipHeader | undefined {
  const wanted = longForm(name)
  let found: SipHeader | undefined
  for (const header of headers) {
    if (header.name !== wanted) continue
    if (found) throw badRequest(`${name} (line ${header.line})`, `a second one; the first is on line ${found.line}`)
    found = header
  }
  return found
}

function longForm (name: string): string {
  const lower = name.toLowerCase()
  return longForms.get(lower) ?? lower
}

function headerFrom (text: string, line: number): SipHeader {
  const colon = text.indexOf(':')
  if (colon < 0) throw badRequest(`line ${line}`, 'a header without a colon')
  const name = text.slice(0, colon).trimEnd()
  if (!token.test(name)) throw badRequest(`line ${line}`, 'what stands before the colon is no header name')
  return { name: longForm(name), value: text.slice(colon + 1).trim(), line }
}

function unfold (header: SipHeader | undefined, text: string, line: number): void {
  if (!header) throw badRequest(`line ${line}`, 'a continuation line with no header before it')
  const more = text.trim()
  if (header.value === '') header.value = more
  else if (more !== '') header.value += ` ${more}`
}
