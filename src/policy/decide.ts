import { legSubject, type Condition, type Subject } from './conditions.ts'
import { flagsFor } from './flags.ts'
import { mergeNg } from './merge.ts'
import { presets } from './presets.ts'
import type { CallFacts, Decision, Explanation, LegName, LegTrace, Policy, Profile, Rule, Tried } from './types.ts'

/** What rtpengine is asked to do with one SDP. No clock, no I/O: same policy and facts, same decision. */
export function decide (policy: Policy, facts: CallFacts): Decision {
  const profiles = { sender: profileOf(policy, facts, 'sender'), receiver: profileOf(policy, facts, 'receiver') }
  const subject = { facts, vars: facts.vars, profiles }
  return decisionOf(policy, facts, profiles, policy.rules.filter(({ conditions }) => allHold(conditions, subject)))
}

/** The same decision, and why it is so: each endpoint and rule that was looked at, and where each NG key came from. */
export function explain (policy: Policy, facts: CallFacts): Explanation {
  const profiles = { sender: profileOf(policy, facts, 'sender'), receiver: profileOf(policy, facts, 'receiver') }
  const subject = { facts, vars: facts.vars, profiles }
  const rules = policy.rules.map((rule) => tried(rule, subject))
  const decision = decisionOf(policy, facts, profiles, policy.rules.filter((_, index) => rules[index]?.isMatch))
  return { decision, sender: legTrace(policy, facts, 'sender'), receiver: legTrace(policy, facts, 'receiver'), rules, origins: [] }
}

/** The profile of a leg: the one that the call's record names, else that of the first endpoint that matches, else `sip`. */
export function profileOf (policy: Policy, facts: CallFacts, leg: LegName): Profile {
  const { profile } = facts[leg]
  const named = profile === undefined ? undefined : policy.profiles.get(profile)
  if (named) return named
  const subject = legSubject(facts, leg)
  const endpoint = policy.endpoints.find(({ conditions }) => allHold(conditions, subject))
  return (endpoint && policy.profiles.get(endpoint.profile)) ?? policy.profiles.get('sip') ?? presets.sip
}

function legTrace (policy: Policy, facts: CallFacts, leg: LegName): LegTrace {
  const { name } = profileOf(policy, facts, leg)
  if (facts[leg].profile === name) return { profile: name, by: 'call', tried: [] }
  const subject = legSubject(facts, leg)
  const all = policy.endpoints.map((endpoint) => tried(endpoint, subject))
  const first = all.findIndex(({ isMatch }) => isMatch)
  return first < 0 ? { profile: name, by: 'default', tried: all } : { profile: name, by: 'endpoint', tried: all.slice(0, first + 1) }
}

function tried ({ name, place, conditions }: Pick<Rule, 'name' | 'place' | 'conditions'>, subject: Subject): Tried {
  const failed = conditions.filter((condition) => !condition.holds(subject))
  if (failed.length > 0) return { name, place, isMatch: false, why: failed.map(({ text, found }) => `${found(subject)}, not ${text}`).join('; ') }
  const why = conditions.length > 0 ? conditions.map(({ text }) => text).join('; ') : 'has no match, so it takes all'
  return { name, place, isMatch: true, why }
}

function allHold (conditions: readonly Condition[], subject: Subject): boolean {
  for (const { holds } of conditions) if (!holds(subject)) return false
  return true
}

/** The later rule wins where two say different things; a rejection ends it. */
function decisionOf (
  policy: Policy, facts: CallFacts, profiles: Record<LegName, Profile>, matched: readonly Rule[],
): Decision {
  const { sender, receiver } = profiles
  const decision: Decision = {
    sender, receiver, rules: matched.map(({ name }) => name), clientFlags: 'ignore', onNodeLoss: 'fail',
    flags: flagsFor(facts.command, sender, receiver, facts.sdp?.codecs ?? []),
    revision: policy.revision,
  }
  for (const { name, effect } of matched) {
    if (effect.reject) return { ...decision, reject: { ...effect.reject, rule: name } }
    if (effect.nodes !== undefined) decision.nodes = effect.nodes
    if (effect.clientFlags) decision.clientFlags = effect.clientFlags
    if (effect.onNodeLoss) decision.onNodeLoss = effect.onNodeLoss
    decision.flags = mergeNg(decision.flags, effect[facts.command])
  }
  return decision
}
