import type { FlagsNote, FlagsRead, FlagsToken } from './flags-string.ts'
import type { NgDictionary, NgValue } from './types.ts'
import { checkNgDictionary, keyInstead, vocabulary, type NgProblem } from './vocabulary.ts'

/** Keys of the call or of a delete, which a profile has nothing to say about. */
const ofTheCall = new Set(['delete delay', 'delete-delay', 'received-from', 'from-tags', 'call-id', 'from-tag', 'to-tag', 'via-branch'])

/** What rtpengine would silently ignore of a flags string, and what else its reader noted, in the order of the string. */
export function checkFlagsString (read: FlagsRead): FlagsNote[] {
  const found = checkNgDictionary(profileKeys(read.ng)).flatMap((problem): FlagsNote[] => {
    const token = tokenAt(read.tokens, problem.path)
    const message = messageOf(problem, read.ng)
    return token && message !== undefined ? [{ text: token.text, at: token.at, message }] : []
  })
  const notes = [...read.notes, ...found, ...plainStrings(read), ...read.refused ? [read.refused] : []]
  return notes.sort((one, other) => one.at - other.at)
}

/** Lists that came as strings: rtpengine before 12.5 ignores them. */
function plainStrings ({ ng, tokens }: FlagsRead): FlagsNote[] {
  return tokens.flatMap(({ text, at, path: [key] = [] }) => {
    const known = vocabulary.get(String(key))
    if (known?.type !== 'list' || typeof ng[String(key)] !== 'string' || Number(known.since) >= 12.5) return []
    return [{ text, at, message: `rtpengine before 12.5 ignores this; write ${text.replace('=', '-')}` }]
  })
}

/** `key=value` tokens that are no NG keys: hints for ngpilot's policy, such as `trunk=acme`. */
export function hintsOf ({ ng }: Pick<FlagsRead, 'ng'>): Record<string, string> {
  return Object.fromEntries(Object.entries(ng).filter((entry): entry is [string, string] => {
    const [key, value] = entry
    return typeof value === 'string' && !vocabulary.has(key) && !ofTheCall.has(key)
  }))
}

/**
 * The keys of a flags string as a profile holds them: numbers as numbers, lists as lists, nothing that is about one call.
 * rtpengine before 12.5 ignores a list key that comes as a string; here it becomes what its writer meant.
 */
export function profileKeys (ng: NgDictionary): NgDictionary {
  const kept = Object.entries(ng).filter(([key]) => !ofTheCall.has(key))
  return Object.fromEntries(kept.map(([key, value]) => [key, asTyped(key, value)]))
}

function asTyped (name: string, value: NgValue): NgValue {
  const type = vocabulary.get(name)?.type
  if (typeof value !== 'string') return value
  if (type === 'integer' && /^-?\d+$/.test(value)) return Number(value)
  return type === 'list' ? value.split(',') : value
}

function messageOf ({ path: [key = '', index], message, nearest }: NgProblem, ng: NgDictionary): string | undefined {
  const value = ng[key]
  const word = Array.isArray(value) ? value[Number(index)] : value
  if (key === 'flags' && typeof word === 'string' && keyInstead(word) !== undefined) return undefined // rtpengine reads it as that key
  if (key === 'repacketize') return 'rtpengine knows no repacketize; ptime=N does it'
  return `${message.replace('unknown NG key', 'rtpengine knows no such key')}${nearest === undefined ? '' : `; did you mean "${nearest}"?`}`
}

function tokenAt (tokens: readonly FlagsToken[], path: NgProblem['path']): FlagsToken | undefined {
  return tokens.findLast((token) => token.path?.every((step, index) => index >= path.length || step === path[index]))
}
