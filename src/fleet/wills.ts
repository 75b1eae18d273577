import { asNgpilotError } from '../errors.ts'
import type { Will } from './member.ts'

interface Entry { will: Will, at: number }

export interface WillsOptions {
  /** Where all instances see them; without it they hold for this process alone, and until it ends. */
  store?: { read (): Promise<ReadonlyMap<string, Entry>>, write (nodeId: string, entry: Entry): Promise<void> }
  /** How often the store is read. Default 1000. */
  everyMs?: number
  /** What is wanted of a node has changed elsewhere. */
  onWill: (nodeId: string, will: Will) => void
  observer: WillsObserver
}

export interface WillsObserver {
  /** The store was asked. `problem` tells what is wrong, where it is otherwise than the time before. */
  asked (problem: string | undefined): void
}

/**
 * What operators want of the nodes, for all instances that share a store. The latest word on a node counts, wherever it was
 * said; what the store has lost is put back, so that an emptied Redis gives no calls to a node that is being mended.
 */
export class Wills {
  readonly #options: WillsOptions
  readonly #known = new Map<string, Entry>()
  /** Of these, the ones that the store does not have yet. */
  readonly #untold = new Set<string>()
  #problem: string | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor (options: WillsOptions) {
    this.#options = options
  }

  /** Reads the store for the first time, and from then on again and again. Resolves also when it does not answer. */
  async start (): Promise<void> {
    const { store, everyMs = 1000 } = this.#options
    if (!store) return
    await this.#share()
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.start(), everyMs).unref()
  }

  of (nodeId: string): Will {
    return this.#known.get(nodeId)?.will ?? 'enabled'
  }

  /** Whether the other instances cannot know yet what is wanted of the node. */
  isUntold (nodeId: string): boolean {
    return this.#untold.has(nodeId)
  }

  /** An operator wants it. Resolves when the store has it, or does not answer: then it gets it later. */
  async set (nodeId: string, will: Will): Promise<void> {
    this.#known.set(nodeId, { will, at: Math.max(Date.now(), (this.#known.get(nodeId)?.at ?? 0) + 1) })
    if (!this.#options.store) return
    this.#untold.add(nodeId)
    await this.#share()
  }

  close (): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  async #share (): Promise<void> {
    const { store, onWill, observer } = this.#options
    if (!store) return
    let problem: string | undefined
    try {
      const stored = await store.read()
      for (const [id, entry] of stored) {
        const known = this.#known.get(id)
        if (known && known.at >= entry.at) continue
        this.#known.set(id, entry)
        this.#untold.delete(id)
        if (entry.will !== (known?.will ?? 'enabled')) onWill(id, entry.will)
      }
      for (const [id, entry] of this.#known) {
        if (entry.at > (stored.get(id)?.at ?? 0)) await store.write(id, entry)
        if (this.#known.get(id) === entry) this.#untold.delete(id)
      }
    } catch (error) {
      problem = asNgpilotError(error).message
    }
    if (problem === this.#problem || this.#isClosed) return
    this.#problem = problem
    observer.asked(problem)
  }
}
