import { NgpilotError } from '../errors.ts'
import { isForbiddenKey, isReadableKey, malformed, maxDepth } from './check.ts'
import type { NgDictionary, NgValue } from './types.ts'

/**
 * Reads a JSON body as rtpengine 12.5 does: booleans are 1 and 0; a fraction or a null spoils the whole message.
 * `sdp` at the top level and `blob` anywhere come back as Buffers, as they do from bencode.
 *
 * @param at where the body begins in its message, for error messages.
 * @throws NgpilotError `ng_malformed` with what is wrong.
 */
export function readJson (body: Buffer, at: number): NgDictionary {
  let value: unknown
  try {
    value = JSON.parse(body.toString())
  } catch (error) {
    // The parser's own words would quote the message, and that may hold keys.
    throw new NgpilotError('ng_malformed', `the message is not JSON (from byte ${at})`, { cause: error })
  }
  const message = ngValueOf(value, 1) as NgDictionary
  if (typeof message.sdp === 'string') message.sdp = Buffer.from(message.sdp)
  return message

  function ngValueOf (value: unknown, depth: number): NgValue {
    if (typeof value === 'string') return value
    if (typeof value === 'boolean') return Number(value)
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value
    if (typeof value !== 'object' || value === null) throw malformed(`JSON holds ${String(value)}, which NG has no place for`, at)
    if (depth > maxDepth) throw malformed(`lists and dictionaries lie more than ${maxDepth} deep`, at)
    if (Array.isArray(value)) return value.map((item) => ngValueOf(item, depth + 1))
    const dictionary: NgDictionary = {}
    for (const [key, item] of Object.entries(value)) {
      if (!isReadableKey(key)) throw malformed('a dictionary has a key with a byte order mark or a replacement character in it', at)
      if (isForbiddenKey(key)) throw malformed(`a dictionary has the forbidden key ${key}`, at)
      dictionary[key] = key === 'blob' && typeof item === 'string' ? Buffer.from(item) : ngValueOf(item, depth + 1)
    }
    return dictionary
  }
}

/** A message as JSON; bytes are written as UTF-8 text. */
export function writeJson (message: NgDictionary): Buffer {
  return Buffer.from(JSON.stringify(withText(message)))
}

function withText (value: NgValue): unknown {
  if (Buffer.isBuffer(value)) return value.toString()
  if (Array.isArray(value)) return value.map(withText)
  if (typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withText(item)]))
}
