import type { NgDictionary } from '../ng/types.ts'
import { canonicalCodec } from './codec-names.ts'
import type { Conformance } from './conformance.ts'
import { conditionsOf, ruleConditionsOf } from './conditions.ts'
import { ofAnswers } from './flags.ts'
import { mergeNg } from './merge.ts'
import { presets } from './presets.ts'
import type { Finding, Path, Place } from './problem.ts'
import type { EndpointEntry, PolicyFile, ProfileEntry, RuleEntry } from './schema.ts'
import type { Effect, Endpoint, MediaProtocol, Policy, Profile, Rule } from './types.ts'

/** A file without problems, and where in it each thing stands. */
export interface CompileSource { value: PolicyFile, place: (finding: Finding) => Place }

/** Files without problems as one policy: profiles with all that they extend, the rest in the order of the files. */
export function compile (sources: readonly CompileSource[]): Omit<Policy, 'revision'> {
  const entries = new Map(sources.flatMap(({ value }) => Object.entries(value.profiles ?? {})))
  const conformance = joined(...sources.map(({ value }) => value.conformance))
  const profiles = new Map<string, Profile>()
  for (const name of [...Object.keys(presets), ...entries.keys()]) {
    const profile = profileOf(name, entries)
    profiles.set(name, { ...profile, ...joined(conformance.conformance, profile.conformance) })
  }
  return {
    profiles,
    endpoints: sources.flatMap(({ value, place }) => (value.endpoints ?? []).map((entry, index) => {
      return endpointOf(entry, at(place, ['endpoints', index]))
    })),
    rules: sources.flatMap(({ value, place }) => (value.rules ?? []).map((entry, index) => ruleOf(entry, at(place, ['rules', index])))),
    headers: [],
  }
}

function profileOf (name: string, entries: ReadonlyMap<string, ProfileEntry>): Profile {
  const entry = entries.get(name)
  if (entry === undefined) return presets[name as keyof typeof presets]
  const base: Profile = profileOf(entry.extends, entries)
  // The checks have let in nothing but what NG has too: strings, whole numbers, lists and dictionaries.
  const { 'transport-protocol': protocol = base.protocol, ...ng } = (entry.ng ?? {}) as NgDictionary
  const codecs = entry.codecs?.map((codec) => canonicalCodec(codec) ?? codec) ?? base.codecs
  const ptime = entry.ptime ?? base.ptime
  return {
    name,
    line: [name, ...base.line],
    protocol: protocol as MediaProtocol,
    isWebRtc: base.isWebRtc,
    media: entry.media ?? base.media,
    ...codecs && { codecs },
    ...ptime !== undefined && { ptime },
    ng: mergeNg(base.ng, ng),
    ...joined(base.conformance, entry.conformance),
  }
}

/** The later ones win; absent where none says anything. */
function joined (...all: (Conformance | undefined)[]): { conformance?: Conformance } {
  const given = all.filter((each) => each !== undefined)
  return given.length === 0 ? {} : { conformance: Object.fromEntries(given.flatMap((each) => Object.entries(each))) }
}

function endpointOf ({ profile, name, match = {} }: EndpointEntry, place: Place): Endpoint {
  return { name: name ?? profile, place, profile, conditions: conditionsOf(match) }
}

function ruleOf (entry: RuleEntry, place: Place): Rule {
  return { name: entry.name, place, conditions: ruleConditionsOf(entry.match ?? {}), effect: effectOf(entry) }
}

function effectOf ({ set = {}, reject }: RuleEntry): Effect {
  const ng = (set.ng ?? {}) as NgDictionary
  return {
    ...set.nodes !== undefined && { nodes: set.nodes },
    ...set['client-flags'] && { clientFlags: set['client-flags'] },
    ...set['on-node-loss'] && { onNodeLoss: set['on-node-loss'] },
    ...reject && { reject },
    offer: ng,
    answer: ofAnswers(ng),
  }
}

function at (place: CompileSource['place'], path: Path): Place {
  const { file, line, column } = place({ path, at: 'value', message: '' })
  return { file, line, column }
}
