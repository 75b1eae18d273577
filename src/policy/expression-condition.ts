import { own, type Condition, type LookupKey, type Read } from './condition.ts'
import type { Equality } from './equalities.ts'
import { compileExpression, type ExpressionView, type LegView } from './expression.ts'
import type { LegName, SipFacts } from './facts.ts'
import type { Scope } from './scope.ts'
import { legOf, type Subject } from './subject.ts'

/** A CEL expression as a condition, looked up by what it asks of a single fact. */
export function expressionCondition (source: string, scope: Scope): Condition {
  const compiled = compileExpression(source, scope.expression)
  const holds = (subject: Subject) => 'holds' in compiled && compiled.holds(viewOf(subject, scope))
  const key = 'equalities' in compiled ? compiled.equalities.flatMap((equality) => keyOfEquality(equality, scope))[0] : undefined
  return { text: `when: ${source.trim()}`, holds, failure: () => `it is not so that ${source.trim()}`, ...key && { key } }
}

/** The fact as an expression has it: as it came, where a `match` may fold its case. */
function keyOfEquality ({ path, values, isWhole }: Equality, scope: Scope): LookupKey[] {
  const key = (fact: string, read: Read<string>): LookupKey[] => [{ fact, values, read, isWhole }]
  const [first = '', second = '', third] = path[0] === 'leg' && path[1] === 'vars' && scope.expression === 'endpoint' ? path.slice(1) : path
  if (first === 'vars' && third === undefined) return key(`vars.${second}`, (subject) => own(scope.vars(subject), second))
  if (first === 'command') return key('command', ({ facts }) => facts.command)
  if (first !== 'sip') return []
  if (second === 'method') return key('method', ({ facts }) => facts.sip?.method)
  if (second === 'userAgent') return key('user-agent', (subject) => scope.sip(subject)?.userAgent)
  if (second === 'headers' && third !== undefined) return key(`header.${third}`, (subject) => own(scope.sip(subject)?.headers, third))
  if (second !== 'from' && second !== 'to' && second !== 'requestUri') return []
  if (third !== 'user' && third !== 'host' && third !== 'text') return []
  const of = scope.uri(second)
  return key(`sip.${second}.${third}`, (subject) => of(subject)?.[third])
}

/** An endpoint's expression sees of the message what the scope lets it see. */
function viewOf (subject: Subject, scope: Scope): ExpressionView {
  const { facts, legs, leg, profiles } = subject
  const view = (name: LegName): LegView => ({
    facts: legs[name].facts, vars: legs[name].vars, ...profiles && { profile: profiles[name].name },
  })
  if (leg) {
    const { command, callId, at } = facts
    const sip = facts.sip && sipOfLeg(subject, facts.sip, scope)
    const sdp = scope.sdp(subject)
    const seen = { command, callId, at, ...sip && { sip }, ...sdp && { sdp } }
    return { facts: seen, vars: legs[leg].vars, legs: () => view(leg) }
  }
  return {
    facts, vars: facts.vars,
    legs: (word) => word === 'leg' ? undefined : view(legOf(word, facts)),
  }
}

function sipOfLeg (subject: Subject, { method, status }: SipFacts, { uri, sip }: Scope): SipFacts {
  const [from, to, requestUri] = (['from', 'to', 'requestUri'] as const).map((which) => uri(which)(subject))
  const { userAgent, headers } = sip(subject) ?? {}
  return {
    method,
    ...status !== undefined && { status },
    ...from && { from },
    ...to && { to },
    ...requestUri && { requestUri },
    ...userAgent !== undefined && { userAgent },
    ...headers && { headers },
  }
}
