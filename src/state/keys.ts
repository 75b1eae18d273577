import { createHash } from 'node:crypto'

/** Longer ones are hashed: the id of a call stands in three places of Redis, and a stranger chose its length. */
const readableLength = 100

/** The keys of one call, all in one slot: the hash tag is the id, which holds no braces. */
export interface CallKeys { id: string, call: string, timeline: string }

/** The sorted set of all calls: the score is when a call expires, in milliseconds since the epoch by the clock of Redis. */
export const indexKey = 'ngpilot:calls'

/** The list of deletes that instances left when they stopped. */
export const deletesKey = 'ngpilot:deletes'

/** The hash of what operators want of the nodes. */
export const willsKey = 'ngpilot:wills'

/** Whose turn a duty is. */
export function dutyKey (duty: string): string {
  return `ngpilot:duty:${duty}`
}

export function keysOf (callId: string): CallKeys {
  const id = idOf(callId)
  return { id, call: `ngpilot:{${id}}:call`, timeline: `ngpilot:{${id}}:timeline` }
}

/**
 * A call-id in printable ASCII, different for different call-ids: what is not, and `%`, `#` and braces, as `%XX` or
 * `%uXXXX` (a UTF-16 unit, so that lone surrogates stay apart too); a long one as `#` and its SHA-256.
 */
function idOf (callId: string): string {
  const readable = callId.length > readableLength ? '' : callId.replace(/[^\x21-\x7e]|[%#{}]/g, escaped)
  if (readable && readable.length <= readableLength) return readable
  return `#${createHash('sha256').update(callId, 'utf16le').digest('base64url')}`
}

/** The call-id that such an id stands for; undefined for a hash, which tells nothing. */
export function callIdOf (id: string): string | undefined {
  if (id.startsWith('#')) return undefined
  return id.replace(/%u([\da-f]{4})|%([\da-f]{2})/g, (_all, unit: string | undefined, byte: string | undefined) =>
    String.fromCharCode(Number.parseInt(unit ?? byte ?? '', 16)))
}

function escaped (unit: string): string {
  const code = unit.charCodeAt(0)
  return code < 256 ? `%${code.toString(16).padStart(2, '0')}` : `%u${code.toString(16).padStart(4, '0')}`
}
