import type { NgDictionary, NgValue } from '../ng/types.ts'
import { partsFor, type Part } from './flags.ts'
import type { CallFacts, Decision, LegName, Origin, Profile, Rule, SettingOrigin } from './types.ts'

/** Who says a key, or one word of the list at `path`. */
type OriginOf = (key: string, path: string, word?: NgValue) => SettingOrigin

interface Layer { flags: NgDictionary, originOf: OriginOf }

/** Where each NG key of a decision comes from, word by word for lists, sorted by key; of a refusal the refusal. */
export function originsOf (facts: CallFacts, { sender, receiver, reject }: Decision, matched: readonly Rule[]): Origin[] {
  if (reject) {
    const rule = matched.find(({ name }) => name === reject.rule)
    const place = rule?.effect.places.get('reject') ?? rule?.place
    return [{ path: 'reject', value: `${reject.code} ${reject.reason}`, source: `rule ${reject.rule}`, ...place && { place } }]
  }
  const legs = { sender, receiver }
  const layers: Layer[] = [
    ...partsFor(facts, sender, receiver).map((part) => {
      return { flags: part.flags, originOf: originOfPart(part, legs) }
    }),
    ...matched.map(({ name, place, effect }) => ({
      flags: effect[facts.command],
      originOf: (key: string) => ({ source: `rule ${name}`, place: effect.places.get(key) ?? place }),
    })),
  ]
  const found = new Map<string, Origin>()
  for (const { flags, originOf } of layers) {
    for (const [key, value] of Object.entries(flags)) lay(found, key, value, (path, word) => originOf(key, path, word))
  }
  return [...found.values()].sort((one, other) => one.path < other.path ? -1 : one.path > other.path ? 1 : 0)
}

/** As `mergeNg` does: of a list's word the first who says it counts, of all else the last. */
function lay (
  found: Map<string, Origin>, path: string, value: NgValue, originOf: (path: string, word?: NgValue) => SettingOrigin,
): void {
  if (Array.isArray(value)) {
    for (const word of value) {
      const key = `${path}\n${JSON.stringify(word)}`
      if (!found.has(key)) found.set(key, { path, value: word, ...originOf(path, word) })
    }
  } else if (typeof value === 'object' && !Buffer.isBuffer(value)) {
    for (const [key, inner] of Object.entries(value)) lay(found, `${path}.${key}`, inner, originOf)
  } else {
    found.set(path, { path, value, ...originOf(path) })
  }
}

type Legs = Readonly<Record<LegName, Profile>>

function originOfPart ({ setting, leg }: Part, legs: Legs): OriginOf {
  if (!setting || !leg) return () => ({ source: 'ngpilot' })
  return (key, path, word) => {
    const whose = setting === 'codecs' && isOnlySenders(legs, path, word) ? 'sender' : leg
    const { name, origins } = legs[whose]
    const origin = origins.get(setting === 'ng' ? `ng.${key}` : setting)
    if (!origin) return { source: 'ngpilot' }
    const source = `${origin.source}: ${setting === 'ng' ? `ng.${key}` : setting} (${whose} ${name})`
    return { source, ...origin.place && { place: origin.place } }
  }
}

/** A codec that the receiver takes and that goes all the same, since the sender's list has it not. */
function isOnlySenders ({ sender, receiver }: Legs, path: string, word: NgValue | undefined): boolean {
  if (path !== 'codec.strip' || typeof word !== 'string' || sender.codecs === undefined) return false
  return !sender.codecs.includes(word) && receiver.codecs?.includes(word) !== false
}
