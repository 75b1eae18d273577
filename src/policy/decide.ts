import { flagsFor } from './flags.ts'
import { allHold } from './lookup.ts'
import { mergeNg } from './merge.ts'
import { originsOf } from './origins.ts'
import { fallback } from './profiles.ts'
import { legOf, LegSubject, type Subject } from './subject.ts'
import type { CallFacts, Decision, Explanation, LegName, LegTrace, Policy, Profile, Rule, Tried } from './types.ts'

/** What rtpengine is asked to do with one SDP. No clock, no I/O: same policy and facts, same decision. */
export function decide (policy: Policy, facts: CallFacts): Decision {
  const subject = subjectOf(policy, facts)
  return decisionOf(policy, subject, policy.lookup.rules.all(subject))
}

/** The same decision, and why it is so: each endpoint and rule, whether it matches, and where each NG key comes from. */
export function explain (policy: Policy, facts: CallFacts): Explanation {
  const subject = subjectOf(policy, facts)
  const matched = policy.rules.filter(({ conditions }) => allHold(conditions, subject))
  const decision = decisionOf(policy, subject, matched)
  return {
    decision,
    sender: legTrace(policy, subject, 'sender'),
    receiver: legTrace(policy, subject, 'receiver'),
    rules: policy.rules.map((rule) => tried(rule, subject)),
    origins: originsOf(facts, decision, matched),
  }
}

/** The profile of a leg: the one that the call's record names, else that of the first endpoint that matches, else `sip`. */
export function profileOf (policy: Policy, facts: CallFacts, leg: LegName): Profile {
  return profileIn(policy, { facts, legs: legsOf(facts) }, leg)
}

interface PairSubject extends Subject { profiles: Readonly<Record<LegName, Profile>> }

function subjectOf (policy: Policy, facts: CallFacts): PairSubject {
  const legs = legsOf(facts)
  const subject = { facts, legs }
  return { facts, legs, profiles: { sender: profileIn(policy, subject, 'sender'), receiver: profileIn(policy, subject, 'receiver') } }
}

function legsOf ({ sender, receiver, vars }: CallFacts): Subject['legs'] {
  return { sender: new LegSubject(sender, vars), receiver: new LegSubject(receiver, vars) }
}

function profileIn (policy: Policy, { facts, legs }: Subject, leg: LegName): Profile {
  const { profile } = facts[leg]
  const named = profile === undefined ? undefined : policy.profiles.get(profile)
  if (named) return named
  const endpoint = policy.lookup.endpoints.first({ facts, legs, leg })
  return (endpoint && policy.profiles.get(endpoint.profile)) ?? policy.profiles.get('sip') ?? fallback
}

/** The later rule wins where two say different things; a rejection ends it. */
function decisionOf (policy: Policy, { facts, profiles }: PairSubject, matched: readonly Rule[]): Decision {
  let { sender, receiver } = profiles
  const rules: string[] = []
  const decision: Decision = {
    sender, receiver, rules, clientFlags: 'ignore', onNodeLoss: 'fail', flags: {}, revision: policy.revision,
  }
  for (const { name, effect } of matched) {
    rules.push(name)
    if (effect.reject) return { ...decision, reject: { ...effect.reject, rule: name } }
    if (effect.nodes !== undefined) decision.nodes = effect.nodes
    if (effect.clientFlags) decision.clientFlags = effect.clientFlags
    if (effect.onNodeLoss) decision.onNodeLoss = effect.onNodeLoss
    for (const party of ['caller', 'callee'] as const) {
      const change = effect[party]
      if (!change) continue
      if (legOf(party, facts) === 'sender') sender = change(sender)
      else receiver = change(receiver)
    }
  }
  let flags = flagsFor(facts, sender, receiver)
  for (const { effect } of matched) if (hasKeys(effect[facts.command])) flags = mergeNg(flags, effect[facts.command])
  return { ...decision, sender, receiver, flags }
}

function hasKeys (dictionary: object): boolean {
  for (const _ in dictionary) return true
  return false
}

function legTrace (policy: Policy, { facts, legs }: Subject, leg: LegName): LegTrace {
  const { name } = profileIn(policy, { facts, legs }, leg)
  if (facts[leg].profile === name) return { profile: name, by: 'call', tried: [] }
  const all: Tried[] = []
  for (const endpoint of policy.endpoints) {
    const one = tried(endpoint, { facts, legs, leg })
    all.push(one)
    if (one.isMatch) return { profile: name, by: 'endpoint', tried: all }
  }
  return { profile: name, by: 'default', tried: all }
}

function tried ({ name, place, conditions }: Pick<Rule, 'name' | 'place' | 'conditions'>, subject: Subject): Tried {
  const failed = conditions.filter((condition) => !condition.holds(subject))
  if (failed.length > 0) {
    return { name, place, isMatch: false, why: failed.map(({ failure }) => failure(subject)).join('; ') }
  }
  const why = conditions.length > 0 ? conditions.map(({ text }) => text).join('; ') : 'has no match, so it takes all'
  return { name, place, isMatch: true, why }
}
