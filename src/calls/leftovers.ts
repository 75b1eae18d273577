import { queryCommand } from '../ng/commands.ts'
import { reasonOf } from '../ng/reply.ts'
import type { MediaNode, NgDictionary } from '../ng/types.ts'
import type { CallDeps } from './deps.ts'

/** rtpengine's own, where neither the client nor its configuration says otherwise. */
const usualDelaySeconds = 30
const longestDelaySeconds = 3600
const askedWithinMs = 1000
/** Beyond it a record stays until its time is over. */
const mostWaiting = 1000

/** Does work when it is the call's turn. */
type InTurn = (callId: string, work: () => Promise<void>) => Promise<void>

/**
 * Takes away the record of a call that is gone with a branch of it. Of a call that passed as it came its node alone knows
 * which branches it has: the node is asked, once, when the delay of the delete is over.
 */
export class Leftovers {
  readonly #deps: Pick<CallDeps, 'ng' | 'store'>
  readonly #inTurn: InTurn
  /** By call-id: the latest delete counts. */
  readonly #waiting = new Map<string, NodeJS.Timeout>()

  constructor (deps: Pick<CallDeps, 'ng' | 'store'>, inTurn: InTurn) {
    this.#deps = deps
    this.#inTurn = inTurn
  }

  /** @param keys of the delete: its `delete-delay` says when the branch is gone */
  branchDeleted (callId: string, node: MediaNode, keys: NgDictionary = {}): void {
    const before = this.#waiting.get(callId)
    if (!before && this.#waiting.size >= mostWaiting) return
    clearTimeout(before)
    this.#waiting.set(callId, setTimeout(() => {
      this.#waiting.delete(callId)
      // Where node or store is silent, the record stays until its time is over.
      void this.#inTurn(callId, () => this.#look(callId, node)).catch(() => undefined)
    }, delayMsOf(keys)).unref())
  }

  close (): void {
    for (const timer of this.#waiting.values()) clearTimeout(timer)
    this.#waiting.clear()
  }

  async #look (callId: string, node: MediaNode): Promise<void> {
    try {
      await this.#deps.ng.send(node, queryCommand({ callId }), { deadline: performance.now() + askedWithinMs, whenRefused: 'fail' })
    } catch (error) {
      if (reasonOf(error) === 'Unknown call-id') await this.#deps.store.remove(callId)
    }
  }
}

/** Two seconds more than the delay: rtpengine looks once a second for what is due. */
function delayMsOf (keys: NgDictionary): number {
  const value = Number(keys['delete-delay'] ?? keys['delete delay'] ?? usualDelaySeconds)
  if (value === 0) return 0
  return (Math.min(value > 0 ? value : usualDelaySeconds, longestDelaySeconds) + 2) * 1000
}
