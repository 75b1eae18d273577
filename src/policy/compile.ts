import { readFlagsString } from '../ng/flags-string.ts'
import type { NgDictionary } from '../ng/types.ts'
import { endpointConditions, headersIn, ruleConditions } from './conditions.ts'
import { ofAnswers } from './flags.ts'
import { Lookup } from './lookup.ts'
import { mergeNg } from './merge.ts'
import type { Finding, Path, Place } from './problem.ts'
import { changing, profilesFrom } from './profiles.ts'
import type { EndpointEntry, PolicyFile, RuleEntry, SettingsEntry } from './schema.ts'
import type { Effect, Endpoint, Policy, Rule, SettingOrigin } from './types.ts'

/** A file without problems, and where in it each thing stands. */
export interface CompileSource { value: PolicyFile, place: (finding: Finding) => Place }

/** Files without problems as one policy: profiles with all that they extend, the rest in the order of the files. */
export function compile (sources: readonly CompileSource[]): Omit<Policy, 'revision'> {
  const steps = compileSteps(sources)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** The same in steps of a fraction of a millisecond, for who has other work in between. */
export function* compileSteps (sources: readonly CompileSource[]): Generator<undefined, Omit<Policy, 'revision'>, undefined> {
  const ofAll = sources.flatMap(({ value }) => Object.entries(value.conformance ?? {}))
  const profiles = profilesFrom(new Map(sources.flatMap(({ value, place }) => {
    return Object.entries(value.profiles ?? {}).map(([name, entry]) => {
      const originOf = originIn(`profile ${name}`, place, ['profiles', name])
      return [name, { entry, originOf }] as const
    })
  })), Object.fromEntries(ofAll))
  const endpoints: Endpoint[] = []
  const rules: Rule[] = []
  const headers = new Set<string>()
  for (const { value, place } of sources) {
    for (const [index, entry] of (value.endpoints ?? []).entries()) {
      endpoints.push(endpointOf(entry, at(place, ['endpoints', index])))
      for (const header of headersIn(entry.match ?? {}, 'endpoint')) headers.add(header)
      yield
    }
    for (const [index, entry] of (value.rules ?? []).entries()) {
      rules.push(ruleOf(entry, place, ['rules', index]))
      for (const header of headersIn(entry.match ?? {}, 'rule')) headers.add(header)
      yield
    }
  }
  return {
    profiles, endpoints, rules,
    sets: [...new Set(sources.flatMap(({ value }) => value.sets ?? []))],
    headers: [...headers],
    trustsClients: rules.some(({ effect }) => effect.clientFlags === 'trust'),
    lookup: { endpoints: new Lookup(endpoints), rules: new Lookup(rules) },
  }
}

function endpointOf ({ profile, name, match = {} }: EndpointEntry, place: Place): Endpoint {
  return { name: name ?? profile, place, profile, conditions: endpointConditions(match) }
}

function ruleOf (entry: RuleEntry, place: CompileSource['place'], path: Path): Rule {
  const conditions = ruleConditions(entry.match ?? {})
  return { name: entry.name, place: at(place, path), conditions, effect: effectOf(entry, place, path) }
}

function effectOf (entry: RuleEntry, place: CompileSource['place'], path: Path): Effect {
  const { set = {}, reject } = entry
  const places = new Map<string, Place>()
  const ofSet: NgDictionary = {}
  const put = (key: string, value: NgDictionary[string] | undefined, setting: Path) => {
    if (value === undefined) return
    ofSet[key] = value
    places.set(key, at(place, [...path, 'set', ...setting]))
  }
  put('record-call', set['record-call'] === undefined ? undefined : set['record-call'] ? 'yes' : 'no', ['record-call'])
  put('metadata', set.metadata, ['metadata'])
  put('TOS', set.tos, ['tos'])
  // The checks have let in nothing but what NG has too.
  for (const [key, value] of Object.entries((set.ng ?? {}) as NgDictionary)) put(key, value, ['ng', key])
  const withString = (command: 'offer' | 'answer'): NgDictionary => {
    const text = entry[`${command}-flags`]
    if (text === undefined) return ofSet
    const { ng } = readFlagsString(text)
    for (const key of Object.keys(ng)) if (!places.has(key)) places.set(key, at(place, [...path, `${command}-flags`]))
    return mergeNg(ng, ofSet)
  }
  if (set.nodes !== undefined) places.set('nodes', at(place, [...path, 'set', 'nodes']))
  if (reject) places.set('reject', at(place, [...path, 'reject']))
  const change = (leg: 'caller' | 'callee') => set[leg] && { [leg]: changeOf(entry.name, set[leg], place, [...path, 'set', leg]) }
  return {
    ...set.nodes !== undefined && { nodes: set.nodes },
    ...set['client-flags'] && { clientFlags: set['client-flags'] },
    ...set['on-node-loss'] && { onNodeLoss: set['on-node-loss'] },
    ...reject && { reject },
    ...change('caller'),
    ...change('callee'),
    offer: withString('offer'),
    answer: ofAnswers(withString('answer')),
    places,
  }
}

function changeOf (rule: string, entry: SettingsEntry, place: CompileSource['place'], path: Path) {
  return changing(entry, originIn(`rule ${rule}`, place, path))
}

function originIn (source: string, place: CompileSource['place'], path: Path): (key: string) => SettingOrigin {
  return (key) => ({ source, place: at(place, [...path, ...key.startsWith('ng.') ? ['ng', key.slice(3)] : [key]]) })
}

function at (place: CompileSource['place'], path: Path): Place {
  const { file, line, column } = place({ path, at: 'value', message: '' })
  return { file, line, column }
}
