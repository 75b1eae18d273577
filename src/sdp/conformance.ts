import { byGravity, type Finding, findingOf } from '../finding.ts'
import { anyAddresses } from './rules/any-addresses.ts'
import { anyLines } from './rules/any-lines.ts'
import { anyMedia } from './rules/any-media.ts'
import { dtls } from './rules/dtls.ts'
import { ngRules } from './rules/ng.ts'
import { offerAnswer } from './rules/oa.ts'
import { type LegKind, type Rule, type RuleFacts } from './rules/rule.ts'
import { sdes } from './rules/sdes.ts'
import { sipLeaks } from './rules/sip-leaks.ts'
import { sipMedia } from './rules/sip-media.ts'
import { webRules } from './rules/web.ts'
import type { Sdp } from './sdp.ts'
import type { SdpView } from './view.ts'

export type { Leg, LegKind, Rule, RuleFacts } from './rules/rule.ts'

/** Every conformance rule, in the order of the catalogue. */
export const rules: readonly Rule[] = [
  ...anyLines, ...anyAddresses, ...anyMedia, ...sipLeaks, ...sipMedia, ...sdes, ...dtls, ...webRules, ...offerAnswer,
  ...ngRules,
].sort((one, other) => groupOf(one) - groupOf(other) || (one.id < other.id ? -1 : 1))

export const ruleOf: ReadonlyMap<string, Rule> = new Map(rules.map((rule) => [rule.id, rule]))

/**
 * What is wrong with one SDP on its way from or to an endpoint, gravest first. Pure: same SDP and facts, same findings.
 * The SDP is read once; a rule whose facts are not known finds nothing.
 */
export function check (sdp: SdpView, facts: RuleFacts): Finding[] {
  const findings: Finding[] = []
  for (const { rule, mentions, check: look } of rulesFor(facts)) {
    if (mentions && !hasOne(sdp.names, mentions)) continue
    const found = look(sdp, facts)
    if (found) findings.push(findingOf(rule, found, facts.leg.name))
  }
  return findings.length > 1 ? findings.sort(byGravity) : findings
}

function hasOne (names: ReadonlySet<string>, wanted: readonly string[]): boolean {
  for (const name of wanted) if (names.has(name)) return true
  return false
}

/** The SDP with the repairs of the given rules, as far as they concern the leg; those without one change nothing. */
export function repair (sdp: Sdp, those: readonly Rule[], facts: RuleFacts): Sdp {
  const { direction, role, leg } = facts
  return those.reduce((now, rule) => concerns(rule, direction, role, leg.kind) ? rule.repair?.(now, facts) ?? now : now, sdp)
}

/** The rules for a direction, role and kind of leg: put together once for each, in one shape that is quick to go through. */
function rulesFor ({ direction, role, leg }: RuleFacts): readonly Chosen[] {
  const selections = direction === 'in' ? incoming : outgoing
  const ofRole = role === 'offer' ? selections.offer : selections.answer
  return ofRole[leg.kind] ??= rules.filter((rule) => concerns(rule, direction, role, leg.kind))
    .map((rule) => ({ rule, mentions: rule.mentions, check: rule.check }))
}

interface Chosen { rule: Rule, mentions: readonly string[] | undefined, check: Rule['check'] }
type Selections = Record<'offer' | 'answer', Partial<Record<LegKind, readonly Chosen[]>>>
const incoming: Selections = { offer: {}, answer: {} }
const outgoing: Selections = { offer: {}, answer: {} }

function concerns ({ at, kinds, role: ofRole }: Rule, direction: 'in' | 'out', role: 'offer' | 'answer', kind: LegKind): boolean {
  return (at === 'each' || at === direction) && (ofRole === undefined || ofRole === role) && (kinds === undefined || kinds.includes(kind))
}

function groupOf ({ id }: Rule): number {
  return ['ANY', 'SIP', 'SDES', 'DTLS', 'WEB', 'OA', 'NG'].indexOf(id.split('-', 1)[0] ?? '')
}
