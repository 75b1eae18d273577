import { contains, parseAddress, parseBlock, type Address } from './address.ts'
import type { MatchEntry, RuleMatchEntry } from './schema.ts'
import type { CallFacts, LegFacts, LegName, Profile } from './types.ts'

/**
 * What a condition looks at: the facts of a message, and where it is about one leg (an endpoint), that leg; for a rule both
 * profiles are known too.
 */
export interface Subject {
  facts: CallFacts
  leg?: LegFacts
  vars: Readonly<Record<string, string>>
  profiles?: Readonly<Record<LegName, Profile>>
  /** `leg.address`, read; undefined: there is none, or a host name. */
  address?: Address | undefined
}

/** One key of a `match`. `text` is how the file has it, `found` what the facts have instead. */
export interface Condition {
  text: string
  holds: (subject: Subject) => boolean
  found: (subject: Subject) => string
}

/** The conditions of an endpoint, the cheap ones first. A fact that is not known fulfils none. */
export function conditionsOf (match: MatchEntry): Condition[] {
  const conditions: Condition[] = []
  if (match.transport !== undefined) conditions.push(transport(listOf(match.transport)))
  if (match.vars) for (const [name, value] of Object.entries(match.vars)) conditions.push(hint(name, value))
  if (match.address !== undefined) conditions.push(address(listOf(match.address)))
  return conditions
}

/** The conditions of a rule. */
export function ruleConditionsOf (match: RuleMatchEntry): Condition[] {
  const conditions: Condition[] = []
  for (const party of parties) {
    const names = match[party]
    if (names !== undefined) conditions.push(profileIs(party, listOf(names)))
  }
  if (match.vars) for (const [name, value] of Object.entries(match.vars)) conditions.push(hint(name, value))
  return conditions
}

const parties = ['caller', 'callee', 'sender', 'receiver'] as const
type Party = typeof parties[number]

function transport (wanted: readonly string[]): Condition {
  const of = ({ leg }: Subject) => leg?.transport?.toLowerCase()
  return {
    text: `transport: ${written(wanted)}`,
    holds: (subject) => { const given = of(subject); return given !== undefined && wanted.includes(given) },
    found: (subject) => shownFact('transport', of(subject)),
  }
}

function address (texts: readonly string[]): Condition {
  const blocks = texts.flatMap((text) => parseBlock(text) ?? [])
  return {
    text: `address: ${written(texts)}`,
    holds: ({ address }) => address !== undefined && blocks.some((block) => contains(block, address)),
    found: ({ leg }) => shownFact('address', leg?.address),
  }
}

function hint (name: string, wanted: string): Condition {
  const of = ({ vars }: Subject) => Object.hasOwn(vars, name) ? vars[name] : undefined
  return {
    text: `vars.${name}: ${wanted}`,
    holds: (subject) => of(subject) === wanted,
    found: (subject) => shownFact(`vars.${name}`, of(subject)),
  }
}

function profileIs (party: Party, wanted: readonly string[]): Condition {
  const of = ({ facts, profiles }: Subject) => profiles?.[legOf(party, facts)]
  return {
    text: `${party}: ${written(wanted)}`,
    holds: (subject) => of(subject)?.line.some((name) => wanted.includes(name)) === true,
    found: (subject) => shownFact(party, of(subject)?.line.join(', which extends ')),
  }
}

/** Caller and callee are the call's, sender and receiver the message's. */
function legOf (party: Party, { caller }: CallFacts): LegName {
  if (party === 'caller') return caller
  if (party === 'callee') return caller === 'sender' ? 'receiver' : 'sender'
  return party
}

/** The subject that an endpoint is tried on. */
export function legSubject (facts: CallFacts, name: LegName): Subject {
  const leg = facts[name]
  return {
    facts, leg,
    vars: leg.vars ? { ...facts.vars, ...leg.vars } : facts.vars,
    address: leg.address === undefined ? undefined : parseAddress(leg.address),
  }
}

const shownFact = (name: string, value: string | undefined): string => value === undefined ? `${name} is not known` : `${name} is ${value}`
const written = (list: readonly string[]): string => list.length === 1 ? String(list[0]) : `[${list.join(', ')}]`
const listOf = <Item>(value: Item | Item[]): Item[] => Array.isArray(value) ? value : [value]
