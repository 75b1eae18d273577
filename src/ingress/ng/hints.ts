import { checkDictionary } from '../../ng/check.ts'
import { encode, isJson, split } from '../../ng/codec.ts'
import { readFlagsString, tokensOf } from '../../ng/flags-string.ts'
import { writeJson } from '../../ng/json.ts'
import { isNgKey } from '../../ng/keys.ts'
import type { NgDictionary } from '../../ng/types.ts'

/** Where Kamailio puts a flags string that it has not read itself (its functions with two arguments, from 6.0 on). */
const flagsKey = 'rtpp-flags'

export function hasFlagsString (message: NgDictionary): boolean {
  return flagsStringOf(message) !== undefined
}

/** The command with its flags string read, as rtpengine reads it: what stands in it are keys like all others. */
export function withFlagsRead (message: NgDictionary): NgDictionary {
  // Most have none, and to copy a message builds the lists in it that nobody has looked at.
  if (!hasFlagsString(message)) return message
  const read: NgDictionary = { ...message, ...flagsIn(message) }
  delete read[flagsKey]
  return read
}

/** The body with the words of its flags string as keys of their own, without these hints; all else byte for byte. */
export function withFlagsSpelledOut (message: NgDictionary, body: Buffer, hints: readonly string[]): Buffer {
  const flags = Object.fromEntries(Object.entries(flagsIn(message)).filter(([key]) => !hints.includes(key)))
  const kept = without(new Set([flagsKey, ...hints, ...Object.keys(flags)]), body)
  // What stands inside of the braces, or of bencode's d and e.
  const [inside, more] = [kept, isJson(body) ? writeJson(flags) : split(encode('x', flags)).body].map((part) => part.subarray(1, -1))
  const comma = isJson(body) && inside?.length && more?.length ? ',' : ''
  return Buffer.concat([kept.subarray(0, -1), Buffer.from(comma), more ?? Buffer.alloc(0), kept.subarray(-1)])
}

/**
 * What a flags string says, with the words of `flags` beside it. Lists in brackets are read, whichever rtpengine it will be:
 * whoever writes one means one.
 */
function flagsIn (message: NgDictionary): NgDictionary {
  const { ng } = readFlagsString(flagsStringOf(message) ?? '', 'rtpengine-26.0')
  const flags = [message.flags, ng.flags].flatMap((list) => Array.isArray(list) ? list : [])
  return { ...ng, ...(flags.length > 0 && { flags }) }
}

function flagsStringOf (message: NgDictionary): string | undefined {
  const text = message[flagsKey]
  return typeof text === 'string' ? text : undefined
}

/**
 * The hints to the policy among the keys of a command: whatever `key=value` of a flags string rtpengine knows nothing of, as
 * in `trunk=acme`. It would ignore them, so nothing is lost when they go no further.
 */
export function hintsIn (message: NgDictionary): Record<string, string> {
  const hints: Record<string, string> = {}
  for (const key of Object.keys(message)) {
    if (isNgKey(key)) continue
    const value = message[key]
    if (typeof value === 'string') hints[key] = value
  }
  return hints
}

/** The body without these keys, wherever they stand; all else byte for byte. */
export function without (keys: ReadonlySet<string>, body: Buffer): Buffer {
  if (isJson(body)) {
    const message = JSON.parse(body.toString()) as Record<string, unknown>
    const kept = Object.entries(message).filter(([key]) => !keys.has(key))
    return Buffer.from(JSON.stringify(Object.fromEntries(kept.map(([key, value]) => [
      key, key === flagsKey && typeof value === 'string' ? withoutTokens(keys, value) : value,
    ]))))
  }
  const kept: Buffer[] = [Buffer.from('d')]
  checkDictionary(body, 0, (keyAt, valueAt, end) => {
    const key = body.toString('utf8', body.indexOf(':', keyAt) + 1, valueAt)
    if (keys.has(key)) return
    if (key === flagsKey) kept.push(flagsEntry(keys, body.toString('latin1', body.indexOf(':', valueAt) + 1, end)))
    else kept.push(body.subarray(keyAt, end))
  })
  return Buffer.concat([...kept, Buffer.from('e')])
}

function flagsEntry (keys: ReadonlySet<string>, text: string): Buffer {
  const left = withoutTokens(keys, text)
  return Buffer.from(`${flagsKey.length}:${flagsKey}${left.length}:${left}`, 'latin1')
}

function withoutTokens (keys: ReadonlySet<string>, text: string): string {
  const gone = tokensOf(text, true).filter(({ text: token }) => keys.has(token.split('=', 1)[0] ?? ''))
  if (gone.length === 0) return text
  const kept = tokensOf(text, true).filter((token) => !gone.some(({ at }) => at === token.at))
  return kept.map(({ text: token }) => token).join(' ')
}
