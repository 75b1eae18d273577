import { parseParams } from './params.ts'
import { badRequest, endOf, quotedEnd } from './scan.ts'

/** The value of From and To: `"Alice" <sip:alice@example.com>;tag=abc`. The display name is not kept. */
export interface SipAddress { uri: string, params: Map<string, string> }

const uriStop = /[; \t]/g
const startsWithScheme = /^[A-Za-z][A-Za-z0-9+.-]*:./s

/**
 * Reads a name-addr or addr-spec with its parameters (RFC 3261 §20.10, §25.1).
 *
 * Without angle brackets all that follows a `;` belongs to the header, not to the URI. The scheme may be any (`tel:`).
 *
 * @param where for the message of an error
 * @throws NgpilotError `bad_request`
 */
export function parseAddress (text: string, where: string): SipAddress {
  const nameEnd = text.startsWith('"') ? quotedEnd(text, 0, where) : 0
  const open = text.indexOf('<', nameEnd)
  const semicolon = text.indexOf(';', nameEnd)
  const hasBrackets = open >= 0 && (semicolon < 0 || open < semicolon)
  if (!hasBrackets && nameEnd > 0) throw badRequest(where, 'no <URI> after the display name')
  const close = hasBrackets ? text.indexOf('>', open) : endOf(text, 0, uriStop)
  if (close < 0) throw badRequest(where, '"<" is not closed')
  const uri = text.slice(hasBrackets ? open + 1 : 0, close).trim()
  if (!startsWithScheme.test(uri)) throw badRequest(where, 'no URI')
  return { uri, params: parseParams(text, hasBrackets ? close + 1 : close, where) }
}
