import { NgpilotError } from './errors.ts'
import { compareResults, resultOf } from './policy/compare.ts'
import { decide } from './policy/decide.ts'
import { explanationOf, type DecisionExplanation } from './policy/explanation.ts'
import type { PolicyHolder } from './policy/holder.ts'
import { RecentDecisions } from './policy/recent.ts'
import { recordOf } from './policy/record.ts'
import { shareOf } from './policy/share.ts'
import type { CallFacts, Decision } from './policy/types.ts'
import type { createDecisionLog } from './telemetry/decision-log.ts'
import type { callObserver, policyObserver } from './telemetry/observers.ts'

interface Deps {
  policy: Pick<PolicyHolder, 'shadow'>
  recent: Pick<RecentDecisions, 'keep'>
  ofCalls: Pick<ReturnType<typeof callObserver>, 'decided'>
  ofPolicy: Pick<ReturnType<typeof policyObserver>, 'shadowed'>
  decisionLog: Pick<ReturnType<typeof createDecisionLog>, 'decided'>
}

/** Calls whose decisions can be explained afterwards. */
const mostExplained = 2000

export const createRecentDecisions = (): RecentDecisions => new RecentDecisions(mostExplained)

/** Explains the decisions on a call by the policies that made them. @throws NgpilotError `call_unknown` */
export function decisionExplainer (policy: Pick<PolicyHolder, 'forCall'>, recent: Pick<RecentDecisions, 'of'>) {
  return function explainDecisions (callId: string): DecisionExplanation[] {
    const decisions = recent.of(callId)
    if (decisions.length === 0) {
      throw new NgpilotError('call_unknown', `no decision on a call ${callId} is remembered; each instance knows those that it made itself, of the latest ${mostExplained} calls`)
    }
    return decisions.map(({ id, revision, facts }) => explanationOf(policy.forCall(callId, revision), facts, id))
  }
}

/**
 * What is done about each decision: metrics, the log, the record, and what the candidate would have decided. That comes
 * after the request has gone on.
 */
export function decisionObserver ({ policy, recent, ofCalls, ofPolicy, decisionLog }: Deps) {
  return function decided (id: string, facts: CallFacts, decision: Decision): void {
    const { callId, command } = facts
    const { revision, rules, reject, nodes } = decision
    const [sender, receiver] = [decision.sender.name, decision.receiver.name]
    recent.keep({ id, revision, facts })
    ofCalls.decided(command, sender, receiver, revision)
    decisionLog.decided({
      decision: id, callId, command, sender, receiver, rules, revision, ...nodes !== undefined && { nodes },
      ...reject ? { reject: reject.code } : { flags: decision.flags },
    // All of a call or none: an answer without its offer tells little.
    }, () => shareOf(callId, 'decision log'), () => recordOf(id, facts, decision))
    const candidate = policy.shadow()
    if (!candidate || candidate.revision === revision) return
    setImmediate(() => {
      // A leg whose profile the candidate does not have is found anew.
      const differences = compareResults(resultOf(decision), resultOf(decide(candidate, facts)))
      ofPolicy.shadowed(differences, { decision: id, callId, candidate: candidate.revision })
    })
  }
}
