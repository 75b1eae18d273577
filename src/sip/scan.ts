import { NgpilotError } from '../errors.ts'

/** What is wrong and where: `From (line 4): the tag is missing`. */
export function badRequest (where: string, what: string): NgpilotError {
  return new NgpilotError('bad_request', `${where}: ${what}`)
}

/** The first position from `at` where `stop`, a global expression for one character, matches; or the end. */
export function endOf (text: string, at: number, stop: RegExp): number {
  stop.lastIndex = at
  return stop.test(text) ? stop.lastIndex - 1 : text.length
}

/** The first position from `at` that is neither space nor tab. */
export function skipSpace (text: string, at: number): number {
  while (text.charAt(at) === ' ' || text.charAt(at) === '\t') at++
  return at
}

/**
 * The position after the quoted string that begins at `at`; a backslash takes the next character with it
 * (RFC 3261 §25.1, quoted-string).
 */
export function quotedEnd (text: string, at: number, where: string): number {
  for (let end = at + 1; end < text.length; end++) {
    const character = text.charAt(end)
    if (character === '"') return end + 1
    if (character === '\\') end++
  }
  throw badRequest(where, 'a quoted string is not closed')
}
