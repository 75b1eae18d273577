import { checkDictionary } from '../../ng/check.ts'
import { isJson } from '../../ng/codec.ts'
import { isNgKey } from '../../ng/keys.ts'
import type { NgDictionary } from '../../ng/types.ts'

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

/** The body without these keys; all else byte for byte. */
export function without (keys: ReadonlySet<string>, body: Buffer): Buffer {
  if (isJson(body)) {
    const message = JSON.parse(body.toString()) as Record<string, unknown>
    return Buffer.from(JSON.stringify(Object.fromEntries(Object.entries(message).filter(([key]) => !keys.has(key)))))
  }
  const kept: Buffer[] = [Buffer.from('d')]
  checkDictionary(body, 0, (keyAt, valueAt, end) => {
    const key = body.toString('utf8', body.indexOf(':', keyAt) + 1, valueAt)
    if (!keys.has(key)) kept.push(body.subarray(keyAt, end))
  })
  return Buffer.concat([...kept, Buffer.from('e')])
}
