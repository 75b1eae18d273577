import { checkDictionary } from '../../ng/check.ts'
import { isJson } from '../../ng/codec.ts'
import { readFlagsString } from '../../ng/flags-string.ts'
import { isNgKey } from '../../ng/keys.ts'
import type { NgDictionary } from '../../ng/types.ts'

/** Where Kamailio puts a flags string that it has not read itself (its functions with two arguments, from 6.0 on). */
const flagsKey = 'rtpp-flags'

/** The command with its flags string read, as rtpengine reads it: what stands in it are keys like all others. */
export function withFlagsRead (message: NgDictionary): NgDictionary {
  // Most have none, and to copy a message builds the lists in it that nobody has looked at.
  if (typeof message[flagsKey] !== 'string') return message
  const { [flagsKey]: text, ...rest } = message
  const { ng } = readFlagsString(text, 'rtpengine')
  const flags = [message.flags, ng.flags].flatMap((list) => Array.isArray(list) ? list : [])
  return { ...rest, ...ng, ...(flags.length > 0 && { flags }) }
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
    if (key === flagsKey) kept.push(flagsEntry(keys, body.toString('latin1', body.indexOf(':', valueAt) + 1, end)))
    else if (!keys.has(key)) kept.push(body.subarray(keyAt, end))
  })
  return Buffer.concat([...kept, Buffer.from('e')])
}

function flagsEntry (keys: ReadonlySet<string>, text: string): Buffer {
  const left = withoutTokens(keys, text)
  return Buffer.from(`${flagsKey.length}:${flagsKey}${left.length}:${left}`, 'latin1')
}

function withoutTokens (keys: ReadonlySet<string>, text: string): string {
  return text.split(' ').filter((token) => !keys.has(token.split('=', 1)[0] ?? '')).join(' ')
}
