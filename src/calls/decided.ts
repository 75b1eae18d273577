import { randomBytes } from 'node:crypto'
import { decide } from '../policy/decide.ts'
import type { CallFacts, Decision, Policy } from '../policy/types.ts'
import type { Sdp } from '../sdp/sdp.ts'
import { accepted } from './bridge.ts'
import type { CallDeps } from './deps.ts'

/** A decision with the name that the decision log and the timeline of its call have for it. */
export type Decided = Decision & { id: string }

const prefix = randomBytes(3).toString('hex')
let count = 0

/** A decision on an offer that nobody has been told of yet, and what it rests on. */
export interface Weighed { policy: Policy, sdp: Sdp, facts: CallFacts, decision: Decision }

/**
 * Decides, and tells the observer, also of a refusal.
 *
 * @param made the decision, where it was made before
 * @throws NgpilotError `not_acceptable` where a rule refuses the call
 */
export function decided ({ observer }: Pick<CallDeps, 'observer'>, policy: Policy, facts: CallFacts, made?: Decision): Decided {
  const decision = made ?? decide(policy, facts)
  const id = `${prefix}${(count++).toString(36)}`
  observer.decided(id, facts, decision)
  return { ...accepted(decision), id }
}
