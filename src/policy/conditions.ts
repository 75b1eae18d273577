import { addressCondition } from './address-condition.ts'
import { percentCondition, timeCondition } from './call-conditions.ts'
import { own, shown, textCondition, textIfGiven, type Condition, type Read } from './condition.ts'
import { expressionCondition } from './expression-condition.ts'
import { compileExpression } from './expression.ts'
import type { UriFacts } from './facts.ts'
import type { Profile } from './profile.ts'
import type { MatchEntry, PartyEntry, RuleMatchEntry, UriEntry } from './schema-match.ts'
import { ofLeg, ofMessage, type Scope } from './scope.ts'
import { sdpConditions } from './sdp-conditions.ts'
import { legOf, parties, type LegSubject, type Party } from './subject.ts'
import { listOf, written } from './text.ts'

/** The conditions of an endpoint, the cheap ones first. A fact that is not known fulfils none. */
export function endpointConditions (match: MatchEntry): Condition[] {
  const of: Read<LegSubject> = ({ legs, leg }) => legs[leg ?? 'sender']
  return [...hopConditions('', match, of), ...messageConditions(match, ofLeg)]
}

/** The conditions of a rule. Caller and callee are the call's, sender and receiver the message's. */
export function ruleConditions (match: RuleMatchEntry): Condition[] {
  const { command } = match
  return [
    ...textIfGiven('command', command, ({ facts }) => facts.command),
    ...parties.flatMap((party) => match[party] === undefined ? [] : partyConditions(party, match[party])),
    ...messageConditions(match, ofMessage),
  ]
}

/** The headers that conditions ask for, in lower case. */
export function headersIn ({ header = {}, when }: Pick<MatchEntry, 'header' | 'when'>, about: 'endpoint' | 'rule'): string[] {
  const compiled = when === undefined ? undefined : compileExpression(when, about)
  return [...Object.keys(header).map((name) => name.toLowerCase()), ...compiled && 'headers' in compiled ? compiled.headers : []]
}

function partyConditions (party: Party, entry: PartyEntry): Condition[] {
  const isNames = typeof entry === 'string' || Array.isArray(entry)
  const { profile, vars, ...hop } = isNames ? { profile: entry } : entry
  const of: Read<LegSubject> = ({ facts, legs }) => legs[legOf(party, facts)]
  return [
    ...profile === undefined ? [] : [profileCondition(party, listOf(profile))],
    ...hopConditions(`${party}.`, hop, of),
    ...Object.entries(vars ?? {}).map(([name, text]) => {
      return textCondition(`${party}.vars.${name}`, text, (subject) => own(of(subject)?.vars, name))
    }),
  ]
}

type Hop = Pick<MatchEntry, 'transport' | 'address'>

function hopConditions (prefix: string, { transport, address }: Hop, of: Read<LegSubject>): Condition[] {
  const transportOf: Read<string> = (subject) => of(subject)?.facts.transport?.toLowerCase()
  return [
    ...textIfGiven(`${prefix}transport`, transport, transportOf),
    ...address === undefined ? [] : [addressCondition(`${prefix}address`, listOf(address), of)],
  ]
}

function messageConditions (match: Omit<MatchEntry, 'transport' | 'address'>, scope: Scope): Condition[] {
  const { sip, vars } = scope
  return [
    ...textIfGiven('method', match.method, ({ facts }) => facts.sip?.method),
    ...Object.entries(match.vars ?? {}).map(([name, text]) => {
      return textCondition(`vars.${name}`, text, (subject) => own(vars(subject), name))
    }),
    ...match['request-uri'] ? uriConditions('request-uri', match['request-uri'], scope.uri('requestUri')) : [],
    ...match.from ? uriConditions('from', match.from, scope.uri('from')) : [],
    ...match.to ? uriConditions('to', match.to, scope.uri('to')) : [],
    ...textIfGiven('user-agent', match['user-agent'], (subject) => sip(subject)?.userAgent),
    ...Object.entries(match.header ?? {}).map(([name, text]) => {
      return textCondition(`header.${name}`, text, (subject) => own(sip(subject)?.headers, name.toLowerCase()))
    }),
    ...match.sdp ? sdpConditions(match.sdp, scope.sdp) : [],
    ...match.percent === undefined ? [] : [percentCondition(match.percent)],
    ...match.time === undefined ? [] : [timeCondition(listOf(match.time))],
    ...match.when === undefined ? [] : [expressionCondition(match.when, scope)],
  ]
}

function uriConditions (name: string, { user, host, uri }: UriEntry, of: Read<UriFacts>): Condition[] {
  return [
    ...textIfGiven(`${name}.user`, user, (subject) => of(subject)?.user),
    ...host === undefined ? [] : [textCondition(`${name}.host`, host, (subject) => of(subject)?.host, true)],
    ...textIfGiven(`${name}.uri`, uri, (subject) => of(subject)?.text),
  ]
}

function profileCondition (party: Party, wanted: readonly string[]): Condition {
  const of: Read<Profile> = ({ facts, profiles }) => profiles?.[legOf(party, facts)]
  return {
    text: `${party}: ${written(wanted)}`,
    holds: (subject) => of(subject)?.line.some((name) => wanted.includes(name)) === true,
    failure: (subject) => `${shown(party, of(subject)?.line.join(', which extends '))}, not ${written(wanted)}`,
    key: { fact: party, values: wanted, read: (subject) => of(subject)?.line, isWhole: true },
  }
}
