import { isDeepStrictEqual } from 'node:util'
import { contains, parseBlock, type AddressBlock } from './address.ts'
import { checks, type CheckCode } from './checks.ts'
import type { LintFinding } from './lint-finding.ts'
import { isRecord, type Place } from './problem.ts'
import type { PolicySource } from './source.ts'
import type { TextEntry } from './schema.ts'
import { textTest } from './text.ts'
import type { Policy } from './types.ts'

/** Endpoints, rules and profiles that no message ever comes to. */
export function unreachable (policy: Policy, sources: readonly PolicySource[]): LintFinding[] {
  const endpoints = entriesOf(sources, 'endpoints')
  const rules = entriesOf(sources, 'rules')
  const named = new Set(['sip', ...policy.endpoints.flatMap(({ profile }) => policy.profiles.get(profile)?.line ?? [])])
  const rejecting = rules.filter(({ isRejecting }) => isRejecting)
  const isClosed = ({ match }: Entry) => match['time'] !== undefined && listOf(match['time']).every(isNever)
  return [
    ...endpoints.flatMap((entry, index) => {
      const { place } = policy.endpoints[index] ?? {}
      if (place && isClosed(entry)) return [finding('PO-01', place, 'never matches: its time ends before it begins', 'since before until')]
      const before = endpoints.findIndex((earlier) => earlier.index >= index || implies(policy, entry, earlier))
      const here = policy.endpoints[index]?.place
      const there = policy.endpoints[before]?.place
      if (before < 0 || before >= index || !here || !there) return []
      return [finding('PO-01', here, `never matches: all that it takes, the endpoint at ${placeText(there)} has taken`, 'put this one before it')]
    }),
    ...rules.flatMap((entry) => {
      const { name, place } = policy.rules[entry.index] ?? {}
      if (place && isClosed(entry)) return [finding('PO-02', place, `rule ${name} never applies: its time ends before it begins`, 'since before until')]
      return neverApplies(policy, named, rejecting, entry)
    }),
    ...unused(policy, sources, rules),
  ]
}

/** `wanted`: the keys of its match, `blocks` the addresses of it, read. */
interface Entry {
  index: number
  match: Record<string, unknown>
  wanted: [string, unknown][]
  blocks: AddressBlock[]
  isRejecting: boolean
}

function entriesOf (sources: readonly PolicySource[], key: 'endpoints' | 'rules'): Entry[] {
  const all = sources.flatMap(({ value }) => isRecord(value) && Array.isArray(value[key]) ? value[key] as unknown[] : [])
  return all.map((entry, index) => {
    const match = isRecord(entry) && isRecord(entry['match']) ? entry['match'] : {}
    const isRejecting = isRecord(entry) && entry['reject'] !== undefined
    return { index, match, wanted: Object.entries(match), blocks: blocksOf(match['address']), isRejecting }
  })
}

/** Whether whatever one entry matches, the other matches too. */
function implies (policy: Policy, { match, blocks }: Entry, other: Entry): boolean {
  return other.wanted.every(([key, wanted]) => {
    const given = match[key]
    if (given === undefined) return false
    if (key === 'address') return blocks.every((block) => other.blocks.some((around) => around.bits <= block.bits && contains(around, block.groups)))
    if (textMaps.includes(key) && isRecord(given) && isRecord(wanted)) {
      return Object.entries(wanted).every(([name, value]) => given[name] !== undefined && impliesText(given[name], value, name === 'host'))
    }
    if (key === 'user-agent') return impliesText(given, wanted)
    if (key === 'sdp' && isRecord(given) && isRecord(wanted)) {
      return Object.entries(wanted).every(([name, value]) => given[name] !== undefined && isWithin(given[name], value))
    }
    if (parties.includes(key)) {
      const own = isRecord(given) ? given : {}
      const hop = isRecord(wanted) ? Object.entries(wanted).filter(([name]) => name !== 'profile') : []
      if (!hop.every(([name, value]) => isDeepStrictEqual(own[name], value))) return false
      return isOneOf(policy, namesOf(given), namesOf(wanted))
    }
    if (key === 'transport' || key === 'method') return isWithin(given, wanted)
    return isDeepStrictEqual(given, wanted)
  })
}

const textMaps = ['vars', 'header', 'from', 'to', 'request-uri']

const isWithin = (given: unknown, wanted: unknown): boolean => listOf(given).every((each) => listOf(wanted).includes(each))

/** The same for what is said of a text. */
function impliesText (given: unknown, wanted: unknown, isCaseless = false): boolean {
  if (!isRecord(given)) {
    const { holds } = textTest(wanted as TextEntry, isCaseless)
    return listOf(given).every((each) => holds(String(each)))
  }
  if (!isRecord(wanted)) return false
  return Object.entries(wanted).every(([key, value]) => {
    const own = given[key]
    if (key === 'present' && value === true) return given['present'] !== false
    if (own === undefined) return false
    const holds = (test: (text: string, part: string) => boolean) => {
      return listOf(own).every((text) => listOf(value).some((part) => test(String(text), String(part))))
    }
    if (key === 'prefix') return holds((text, part) => text.startsWith(part))
    if (key === 'suffix') return holds((text, part) => text.endsWith(part))
    if (key === 'contains') return holds((text, part) => text.includes(part))
    return isDeepStrictEqual(own, value)
  })
}

/** Whether each of some profiles is, or extends, one of others; none named is any. */
function isOneOf (policy: Policy, names: unknown[], others: unknown[]): boolean {
  if (others.length === 0) return true
  const lines = names.map((name) => policy.profiles.get(String(name))?.line ?? [])
  return lines.length > 0 && lines.every((line) => line.some((name) => others.includes(name)))
}

/** A window that ends before it begins. */
function isNever (window: unknown): boolean {
  if (!isRecord(window) || typeof window['since'] !== 'string' || typeof window['until'] !== 'string') return false
  return Date.parse(window['since']) >= Date.parse(window['until'])
}

const parties = ['caller', 'callee', 'sender', 'receiver']

/** The profiles that a rule wants of a party: one, a list, or within a map that says more of it. */
export function namesOf (party: unknown): unknown[] {
  const wanted = isRecord(party) ? party['profile'] : party
  return wanted === undefined ? [] : listOf(wanted)
}

/** `named`: the profiles that endpoints give a leg, with all that they extend. */
function neverApplies (
  policy: Policy, named: ReadonlySet<string>, rejecting: readonly Entry[], entry: Entry,
): LintFinding[] {
  const { match, index } = entry
  const rule = policy.rules[index]
  if (!rule) return []
  const dead = parties.flatMap((party) => {
    const names = namesOf(match[party])
    return names.length > 0 && !names.some((name) => named.has(String(name))) ? [`${party}: ${names.join(', ')}`] : []
  })
  if (dead.length > 0) return [finding('PO-02', rule.place, `rule ${rule.name} never applies: no endpoint gives a leg the profile that it wants (${dead.join('; ')})`, 'an endpoint with that profile')]
  const before = rejecting.find((earlier) => earlier.index < index && implies(policy, entry, earlier))
  const there = before && policy.rules[before.index]
  if (!there) return []
  return [finding('PO-02', rule.place, `rule ${rule.name} never applies: rule ${there.name} at ${placeText(there.place)} has refused all that it takes`, 'put this one before it')]
}

function unused (policy: Policy, sources: readonly PolicySource[], rules: readonly Entry[]): LintFinding[] {
  const named = new Set([
    ...policy.endpoints.map(({ profile }) => profile),
    ...rules.flatMap(({ match }) => parties.flatMap((party) => namesOf(match[party]))),
    ...[...policy.profiles.values()].flatMap(({ line }) => line.slice(1)),
  ])
  return sources.flatMap((source) => {
    const profiles = isRecord(source.value) && isRecord(source.value['profiles']) ? Object.keys(source.value['profiles']) : []
    return profiles.filter((name) => !named.has(name)).map((name) => {
      const place = source.place({ path: ['profiles', name], at: 'key', message: '' })
      return finding('PO-03', place, `profile ${name} is used by no endpoint and no other profile`, 'an endpoint, or leave it out')
    })
  })
}

function finding (code: CheckCode, { file, line, column }: Place, message: string, fix: string): LintFinding {
  return { file, line, column, code, severity: checks[code].severity, message, fix }
}

const placeText = ({ file, line, column }: Place): string => `${file}:${line}:${column}`
const listOf = (value: unknown): unknown[] => Array.isArray(value) ? value : [value]
const blocksOf = (value: unknown): AddressBlock[] => {
  return value === undefined ? [] : listOf(value).flatMap((text) => parseBlock(String(text)) ?? [])
}
