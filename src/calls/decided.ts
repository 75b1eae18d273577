import { randomBytes } from 'node:crypto'
import { decide } from '../policy/decide.ts'
import type { CallFacts, Decision, Policy } from '../policy/types.ts'
import { accepted } from './bridge.ts'
import type { CallDeps } from './deps.ts'

/** A decision with the name that the decision log and the timeline of its call have for it. */
export type Decided = Decision & { id: string }

const prefix = randomBytes(3).toString('hex')
let count = 0

/**
 * Decides, and tells the observer, also of a refusal.
 *
 * @throws NgpilotError `not_acceptable` where a rule refuses the call
 */
export function decided ({ observer }: Pick<CallDeps, 'observer'>, policy: Policy, facts: CallFacts): Decided {
  const decision = decide(policy, facts)
  const id = `${prefix}${(count++).toString(36)}`
  observer.decided(id, facts, decision)
  return { ...accepted(decision), id }
}
