import type { NgDictionary, NgValue } from '../ng/types.ts'
import { partsFor, type Part } from './flags.ts'
import type { CallFacts, Decision, Origin, Profile, Rule, SettingOrigin } from './types.ts'

interface Layer { flags: NgDictionary, originOf: (key: string) => SettingOrigin }

/** Where each NG key of a decision comes from, word by word for lists, sorted by key. */
export function originsOf (facts: CallFacts, { sender, receiver, reject }: Decision, matched: readonly Rule[]): Origin[] {
  if (reject) return []
  const legs = { sender, receiver }
  const layers: Layer[] = [
    ...partsFor(facts, sender, receiver).map((part) => {
      return { flags: part.flags, originOf: originOfPart(part, part.leg && legs[part.leg]) }
    }),
    ...matched.map(({ name, place, effect }) => ({
      flags: effect[facts.command],
      originOf: (key: string) => ({ source: `rule ${name}`, place: effect.places.get(key) ?? place }),
    })),
  ]
  const found = new Map<string, Origin>()
  for (const { flags, originOf } of layers) {
    for (const [key, value] of Object.entries(flags)) lay(found, key, value, originOf(key))
  }
  return [...found.values()].sort((one, other) => one.path < other.path ? -1 : one.path > other.path ? 1 : 0)
}

/** As `mergeNg` does: of a list's word the first who says it counts, of all else the last. */
function lay (found: Map<string, Origin>, path: string, value: NgValue, origin: SettingOrigin): void {
  if (Array.isArray(value)) {
    for (const word of value) {
      const key = `${path}\n${JSON.stringify(word)}`
      if (!found.has(key)) found.set(key, { path, value: word, ...origin })
    }
  } else if (typeof value === 'object' && !Buffer.isBuffer(value)) {
    for (const [key, inner] of Object.entries(value)) lay(found, `${path}.${key}`, inner, origin)
  } else {
    found.set(path, { path, value, ...origin })
  }
}

function originOfPart ({ setting, leg }: Part, profile: Profile | undefined): (key: string) => SettingOrigin {
  if (!setting || !profile) return () => ({ source: 'ngpilot' })
  return (key) => {
    const origin = profile.origins.get(setting === 'ng' ? `ng.${key}` : setting)
    const whose = `${leg === 'sender' ? 'sender' : 'receiver'} ${profile.name}`
    if (!origin) return { source: 'ngpilot' }
    const source = `${origin.source}: ${setting === 'ng' ? `ng.${key}` : setting} (${whose})`
    return { source, ...origin.place && { place: origin.place } }
  }
}
