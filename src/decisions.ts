import { compareDecisions } from './policy/compare.ts'
import { decide } from './policy/decide.ts'
import type { PolicyHolder } from './policy/holder.ts'
import { recordOf } from './policy/record.ts'
import type { CallFacts, Decision } from './policy/types.ts'
import type { createDecisionLog } from './telemetry/decision-log.ts'
import type { callObserver, policyObserver } from './telemetry/observers.ts'

interface Deps {
  policy: Pick<PolicyHolder, 'shadow'>
  ofCalls: Pick<ReturnType<typeof callObserver>, 'decided'>
  ofPolicy: Pick<ReturnType<typeof policyObserver>, 'shadowed'>
  decisionLog: Pick<ReturnType<typeof createDecisionLog>, 'decided'>
}

/**
 * What is done about each decision: metrics, the log, the record, and what the candidate would have decided. That comes
 * after the request has gone on.
 */
export function decisionObserver ({ policy, ofCalls, ofPolicy, decisionLog }: Deps) {
  return function decided (id: string, facts: CallFacts, decision: Decision): void {
    const { callId, command } = facts
    const { revision, rules, reject, nodes } = decision
    const [sender, receiver] = [decision.sender.name, decision.receiver.name]
    ofCalls.decided(command, sender, receiver, revision)
    decisionLog.decided({
      decision: id, callId, command, sender, receiver, rules, revision, ...nodes !== undefined && { nodes },
      ...reject ? { reject: reject.code } : { flags: decision.flags },
    }, () => recordOf(id, facts, decision))
    const candidate = policy.shadow()
    if (!candidate || candidate.revision === revision) return
    setImmediate(() => {
      // A leg whose profile the candidate does not have is found anew.
      const differences = compareDecisions(decision, decide(candidate, facts))
      ofPolicy.shadowed(differences, { decision: id, callId, candidate: candidate.revision })
    })
  }
}
