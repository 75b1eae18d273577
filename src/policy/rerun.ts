import { resultOf, type Result } from './compare.ts'
import { decide } from './decide.ts'
import type { CallFacts, LegName, Policy } from './types.ts'

/** Calls under way at a time, at most; the one that began first is forgotten. */
const mostCalls = 100_000

interface Rerunning { isRefused: boolean, profiles: Map<string, string> }

/**
 * Decides recorded messages as if a policy had served their calls from the start: a leg that the record knows by the profile
 * that it got at first has the one that this policy gave it then.
 */
export class Rerun {
  readonly #policy: Policy
  readonly #calls = new Map<string, Rerunning>()

  constructor (policy: Policy) {
    this.#policy = policy
  }

  /**
   * @param recorded the profiles that the record's policy gave
   * @returns undefined for a message that would not have come: this policy has refused its call
   */
  decide (facts: CallFacts, recorded?: Pick<Result, LegName>): Result | undefined {
    if (!recorded) return resultOf(decide(this.#policy, facts))
    const call = this.#call(facts.callId)
    const isWithin = facts.sender.profile !== undefined && (facts.command === 'answer' || facts.receiver.profile !== undefined)
    if (call.isRefused && isWithin) return undefined
    const leg = (name: LegName) => {
      const { profile, ...rest } = facts[name]
      if (profile === undefined) return facts[name]
      return { ...rest, profile: call.profiles.get(keyOf(facts, name, profile)) ?? profile }
    }
    const result = resultOf(decide(this.#policy, { ...facts, sender: leg('sender'), receiver: leg('receiver') }))
    call.isRefused = result.reject !== undefined
    for (const name of ['sender', 'receiver'] as const) call.profiles.set(keyOf(facts, name, recorded[name]), result[name])
    return result
  }

  #call (callId: string): Rerunning {
    const known = this.#calls.get(callId)
    if (known) return known
    const [oldest] = this.#calls.keys()
    if (this.#calls.size >= mostCalls && oldest !== undefined) this.#calls.delete(oldest)
    const call = { isRefused: false, profiles: new Map<string, string>() }
    this.#calls.set(callId, call)
    return call
  }
}

/** A leg by what the record says of it. Forks to callees of one profile are one here. */
function keyOf ({ caller }: CallFacts, leg: LegName, profile: string): string {
  return `${leg === caller ? 'caller' : 'callee'} ${profile}`
}
