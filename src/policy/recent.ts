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
    if (this.#calls.size > this.#mostCalls) this.#forgetOldest()
  }

  /** Some at a time: to find the first entry of a Map costs more, the more were deleted before it. */
  #forgetOldest (): void {
    const kept = this.#mostCalls - Math.floor(this.#mostCalls / 64)
    for (const oldest of this.#calls.keys()) {
      if (this.#calls.size <= kept) break
      this.#calls.delete(oldest)
    }
  }

  /** Of a call, the oldest first. */
  of (callId: string): readonly RecentDecision[] {
    return this.#calls.get(callId) ?? []
  }
}
