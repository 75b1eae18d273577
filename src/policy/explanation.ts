import { resultOf, type Result } from './compare.ts'
import { explain } from './decide.ts'
import { withoutSecrets } from './record.ts'
import type { CallFacts, LegTrace, Origin, Policy, Profile, Tried } from './types.ts'

/** A leg's profile and how it came to it. `line`: what the profile extends, itself first. */
export interface LegExplanation extends LegTrace {
  line: readonly string[]
  codecs?: readonly string[]
  media: readonly string[]
}

/** One decision with all that led to it, as it is printed and sent: no secret in it. */
export interface DecisionExplanation extends Result {
  /** What the decision log and the timeline of the call call it. */
  id?: string
  facts: CallFacts
  legs: { sender: LegExplanation, receiver: LegExplanation }
  tried: Tried[]
  origins: Origin[]
}

/** How a policy comes to its decision over some facts. */
export function explanationOf (policy: Policy, facts: CallFacts, id?: string): DecisionExplanation {
  const { decision, sender, receiver, rules, origins } = explain(policy, facts)
  const leg = (trace: LegTrace, { line, codecs, media }: Profile) => ({ ...trace, line, media, ...codecs && { codecs } })
  return {
    ...id !== undefined && { id },
    ...resultOf(decision),
    facts: withoutSecrets(facts),
    legs: { sender: leg(sender, decision.sender), receiver: leg(receiver, decision.receiver) },
    tried: rules, origins,
  }
}

/**
 * The facts of the answer to an offer, as far as they are known by then: the legs change places and have their profiles. Its
 * SDP, User-Agent and headers are still to come.
 */
export function answerTo (offer: CallFacts, { sender, receiver }: Pick<Result, 'sender' | 'receiver'>): CallFacts {
  const { callId, at, caller, vars, sip } = offer
  const { method, from, to } = sip ?? {}
  return {
    command: 'answer', callId, at, vars, caller: caller === 'sender' ? 'receiver' : 'sender',
    sender: { ...offer.receiver, profile: receiver },
    receiver: { ...offer.sender, profile: sender },
    ...method !== undefined && { sip: { method, status: 200, ...from && { from }, ...to && { to } } },
  }
}
