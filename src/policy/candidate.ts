import { asNgpilotError } from '../errors.ts'
import { buildPolicy, type BuiltPolicy } from './build.ts'
import type { PolicyObserver } from './observer.ts'
import { shareOf } from './share.ts'
import { readTexts } from './texts.ts'
import type { Policy } from './types.ts'

export interface CandidateStatus { directory: string, percent: number, revision?: string, problem?: string }

/**
 * A policy that is to come. With 0 percent it is only asked what it would decide (shadow); with more it decides for so many
 * of the new calls (canary), which keep it.
 */
export class Candidate {
  /** Of new calls, 0 to 100. */
  percent: number
  built: BuiltPolicy | undefined
  problem: string | undefined
  readonly #directory: string
  readonly #observer: Pick<PolicyObserver, 'candidate'>
  readonly #remember: (policy: Policy) => void

  constructor (
    { directory, percent }: { directory: string, percent: number },
    observer: Pick<PolicyObserver, 'candidate'>,
    remember: (policy: Policy) => void,
  ) {
    this.#directory = directory
    this.percent = percent
    this.#observer = observer
    this.#remember = remember
  }

  /** A candidate that is refused takes no more calls; those that it has keep it. Never throws. */
  async load (): Promise<void> {
    try {
      this.built = await buildPolicy(await readTexts(this.#directory))
      this.problem = undefined
      this.#remember(this.built.policy)
      this.#observer.candidate('loaded', this.built.policy.revision)
    } catch (error) {
      this.built = undefined
      this.problem = asNgpilotError(error).message
      this.#observer.candidate('refused', this.problem)
    }
  }

  /** The policy for a new call, undefined when it is none of the candidate's. */
  takes (callId: string): Policy | undefined {
    // Salted: a rule with a percentage of its own must not pick the same calls.
    return this.built && this.percent > 0 && shareOf(`canary ${callId}`) < this.percent ? this.built.policy : undefined
  }

  status (): CandidateStatus {
    const { percent, built, problem } = this
    const revision = built?.policy.revision
    return {
      directory: this.#directory, percent,
      ...revision !== undefined && { revision },
      ...problem !== undefined && { problem },
    }
  }
}
