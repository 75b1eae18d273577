import { asNgpilotError } from '../errors.ts'
import type { NodeView } from '../fleet/node.ts'
import { listCommand, mostListed, queryCommand } from '../ng/commands.ts'
import type { MediaNode, NgReply } from '../ng/types.ts'
import { dictionary, isOurs } from './at-node.ts'
import type { CallDeps } from './deps.ts'

export interface OrphansOptions extends Pick<CallDeps, 'ng' | 'store' | 'deletes'> {
  fleet: { nodes (): NodeView[], known (id: string): MediaNode | undefined }
  observer: OrphansObserver
  /** How often the nodes are asked for their calls. */
  everyMs: number
  /** How long a call must be nobody's. Longer than an ended call stays at its node (`delete-delay`, usually 30 s). */
  graceMs: number
}

export interface OrphansObserver {
  /** A call of ours that no instance knows any more is ended at its node. */
  reaped (node: string, callId: string): void
  /** So many calls of ours that nobody knows have media flowing, and are left alone. */
  kept (node: string, count: number): void
}

/** What is known of a call at a node that no store has. Times by the clock of `performance.now()`. */
interface Stray {
  since: number
  /** When it was last asked about, it had had so many packets. */
  packets?: number
  isForeign?: boolean
}

const pageSize = 500
const allowedMs = 2000
/** More is not looked at in one round. */
const mostQueries = 100

/**
 * Ends calls that ngpilot made and that nobody owns any more: their instance died with a delete on its conscience, or their
 * record is gone. rtpengine's own timeout ends a call without media, but never one that has no ports.
 *
 * Only what is certainly ours and certainly dead is touched: a branch of it carries our mark (`own-branch.ts`; what others
 * made on the same node carries none), no store knows it for the whole grace, and no packet came between two looks: a store
 * that was emptied must not end the calls that people are talking on. One instance does it for all.
 */
export class Orphans {
  readonly #options: OrphansOptions
  /** By node and call-id. */
  #strays = new Map<string, Stray>()
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor (options: OrphansOptions) {
    this.#options = options
    this.#later()
  }

  close (): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #later (): void {
    const { everyMs } = this.#options
    this.#timer = setTimeout(() => {
      void this.#run().catch(() => { this.#strays.clear() }).finally(() => { if (!this.#isClosed) this.#later() })
    }, everyMs * (0.9 + 0.2 * Math.random())).unref()
  }

  async #run (): Promise<void> {
    const { store, fleet, everyMs } = this.#options
    // Where the store is away, this instance knows its own calls alone, and the others' look like nobody's.
    if (store.health().isDegraded || !await store.takeDuty('orphans', 3 * everyMs)) {
      this.#strays.clear()
      return
    }
    const strays = new Map<string, Stray>()
    let queries = 0
    for (const { id, state } of fleet.nodes()) {
      const node = fleet.known(id)
      if (!node || (state !== 'up' && state !== 'draining')) continue
      const listed = await this.#ask(node, listCommand({ limit: mostListed(node) }))
      const calls = Array.isArray(listed?.calls) ? listed.calls.filter((callId) => typeof callId === 'string') : []
      const unknown = await this.#unknownOf(node, calls)
      let kept = 0
      for (const callId of unknown) {
        const key = `${id} ${callId}`
        const stray = this.#strays.get(key) ?? { since: performance.now() }
        const isDue = performance.now() - stray.since >= this.#options.graceMs && !stray.isForeign
        if (!isDue || queries++ >= mostQueries) {
          strays.set(key, stray)
          continue
        }
        const next = await this.#judge(node, callId, stray)
        if (next) strays.set(key, next)
        if (next?.packets !== undefined && stray.packets !== undefined) kept++
      }
      this.#options.observer.kept(id, kept)
    }
    this.#strays = strays
  }

  /** Of a node's calls those that nobody knows, or knows to be elsewhere. */
  async #unknownOf (node: MediaNode, calls: string[]): Promise<string[]> {
    const unknown: string[] = []
    for (let from = 0; from < calls.length; from += pageSize) {
      const some = calls.slice(from, from + pageSize)
      const records = await Promise.all(some.map((callId) => this.#options.store.find(callId)))
      unknown.push(...some.filter((_, index) => records[index]?.node !== node.id))
    }
    return unknown
  }

  /** Ends the call, or says what is known of it now. Undefined: it is gone, or will be. */
  async #judge (node: MediaNode, callId: string, stray: Stray): Promise<Stray | undefined> {
    const { deletes, observer, store } = this.#options
    const reply = await this.#ask(node, queryCommand({ callId }))
    if (!reply) return undefined
    if (!isOurs(reply)) return { ...stray, isForeign: true }
    const packets = packetsOf(reply)
    if (stray.packets === undefined || packets > stray.packets) return { ...stray, packets }
    if ((await store.find(callId))?.node === node.id) return undefined
    void deletes.owe(node, callId)
    observer.reaped(node.id, callId)
    return undefined
  }

  async #ask (node: MediaNode, command: ReturnType<typeof listCommand>): Promise<NgReply | undefined> {
    try {
      return await this.#options.ng.send(node, command, {
        deadline: performance.now() + allowedMs, whenRefused: 'fail', isReplyLong: true,
      })
    } catch (error) {
      if (asNgpilotError(error).code === 'stopping') this.#isClosed = true
      return undefined
    }
  }
}

/** RTP and RTCP that came for the call, from whomever. */
function packetsOf ({ totals }: NgReply): number {
  const { RTP, RTCP } = dictionary(totals)
  return Number(dictionary(RTP).packets ?? 0) + Number(dictionary(RTCP).packets ?? 0)
}
