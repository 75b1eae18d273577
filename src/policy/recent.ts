import { forgetOldest, roomier } from '../forget-oldest.ts'
import type { CallFacts } from './types.ts'

/** What was decided on, and by which policy. */
export interface RecentDecision { id: string, revision: string, facts: CallFacts }

/** Of one call: its first decision shows what the later ones build on. */
const mostOfCall = 8

/** The facts of the decisions of the calls that this instance decided on last, so that they can be explained afterwards. */
export class RecentDecisions {
  readonly #mostCalls: number
  readonly #calls = new Map<string, RecentDecision[]>()

  constructor (mostCalls: number) {
    this.#mostCalls = mostCalls
  }

  keep (decision: RecentDecision): void {
    const { callId } = decision.facts
    const before = this.#calls.get(callId)
    if (before) {
      before.push(decision)
      if (before.length > mostOfCall) before.splice(1, 1)
      this.#calls.delete(callId)
    }
    this.#calls.set(callId, before ?? [decision])
    if (this.#calls.size > this.#mostCalls) forgetOldest(this.#calls, () => this.#calls.size <= roomier(this.#mostCalls))
  }

  /** Of a call, the oldest first. */
  of (callId: string): readonly RecentDecision[] {
    return this.#calls.get(callId) ?? []
  }
}
