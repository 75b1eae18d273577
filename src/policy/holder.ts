import { asNgpilotError } from '../errors.ts'
import { loadPolicy } from './load.ts'
import type { Policy } from './types.ts'

export interface PolicyObserver {
  loaded (revision: string): void
  refused (problem: string): void
}

/** The policy in force and the way to a new one. */
export interface PolicyHolder {
  current: () => Policy
  /** Compiles aside and swaps in one assignment; a policy with problems changes nothing. Never throws. */
  reload: () => Promise<void>
  /** Why the latest load was refused; undefined when the policy in force is the latest. */
  problem: () => string | undefined
}

/** @throws NgpilotError `policy_invalid` when the first load fails: there is no good policy to fall back to. */
export async function createPolicyHolder (directory: string, observer: PolicyObserver): Promise<PolicyHolder> {
  let current = await loadPolicy(directory)
  let problem: string | undefined
  observer.loaded(current.revision)

  return {
    current: () => current,
    problem: () => problem,
    async reload () {
      try {
        current = await loadPolicy(directory)
        problem = undefined
        observer.loaded(current.revision)
      } catch (error) {
        problem = asNgpilotError(error).message
        observer.refused(problem)
      }
    },
  }
}
