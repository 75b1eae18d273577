import { asNgpilotError } from '../errors.ts'
import type { NgClient } from '../ng/client.ts'
import { deleteCommand, queryCommand } from '../ng/commands.ts'
import type { MediaNode, NgReply } from '../ng/types.ts'
import type { OwedDelete } from '../state/store.ts'

export interface DeletesOptions {
  ng: Pick<NgClient, 'send'>
  observer: DeletesObserver
  /** A call is gone from its node, with the node's last words on it, or given up (without any). */
  ended?: (callId: string, reply: NgReply | undefined) => void
  /** The node of a running call, as far as that is known: a delete that is late must not end a call that is there again. */
  nodeOf?: (callId: string) => Promise<string | undefined>
  /** Whether a node that may not count in its reply to a delete is to be asked for the figures of a call before. */
  needsCounts?: (node: MediaNode, callId: string) => boolean
  /** For how long a delete is tried; after that the node's own timeouts have ended the call. Default: 600. */
  keptSeconds?: number
  /** How many are kept at most; the oldest goes first. Default: 20,000. */
  most?: number
  /** Milliseconds before the second try; doubles up to fifteen times as much. Default: 1000. */
  retryAfterMs?: number
}

export interface DeletesObserver {
  /** How many are owed now. */
  owed (count: number): void
  /** One that will never be carried out: the node may hold its call until its own timeout. */
  lost (node: string, reason: 'expired' | 'too many'): void
}

interface Owed extends OwedDelete {
  node: MediaNode
  tries: number
  /** It has been told of. */
  hasEnded?: boolean
  timer?: NodeJS.Timeout
}

/**
 * Carries deletes out in the background, so that nobody waits for a silent node: each is tried until the node has answered
 * or it expires. The node's answer is final, whatever it says: an unknown call is gone. Only where an offer of the call got
 * no answer is one delete not enough: what lies in the node's socket its threads take out in any order, so that the offer
 * may begin the call after the delete. Then a second one follows the answer to the first.
 */
export class Deletes {
  readonly #options: Required<DeletesOptions>
  /** By node, call-id and branch, oldest first. */
  readonly #owed = new Map<string, Owed>()
  readonly #underWay = new Set<Promise<void>>()
  /** Nodes that have shown that their reply to a delete counts, whatever is known of their version. */
  readonly #counting = new Set<string>()
  #isDraining = false

  constructor (options: DeletesOptions) {
    this.#options = {
      keptSeconds: 600, most: 20_000, retryAfterMs: 1000, ended: () => undefined, needsCounts: () => false,
      nodeOf: () => Promise.resolve(undefined), ...options,
    }
  }

  /** Takes a delete over. Resolves when the first try is over, however it ended: commands of the call may follow then. */
  async owe (node: MediaNode, callId: string, branch?: OwedDelete['branch']): Promise<void> {
    const before = this.#owed.get(keyOf({ node, callId, ...(branch && { branch }) }))
    // One that is under way already is as good; one that only waits for the call's end has come to it.
    if (before && !(before.isDoubtful && before.timer)) return
    const owed = before ?? this.#add(node, { callId, expiresAt: this.#expiry(), ...(branch && { branch }) })
    await this.#try(owed, { isFirst: true })
  }

  /** The same for one that another instance has left. */
  async take (node: MediaNode, left: Omit<OwedDelete, 'node'>): Promise<void> {
    if (!this.#owed.has(keyOf({ ...left, node }))) await this.#try(this.#add(node, left), {})
  }

  /**
   * An offer of the call got no answer: the node may yet carry it out, also when the call has ended by then. So it is owed a
   * delete for as soon as the call is not there any more.
   */
  doubt (node: MediaNode, callId: string): void {
    const owed = this.#owed.get(keyOf({ node, callId }))
    if (owed) owed.isDoubtful = true
    else this.#later(this.#add(node, { callId, expiresAt: this.#expiry(), isDoubtful: true }))
  }

  /** The call lives again on that node, so nothing may end it any more. */
  forgive (node: MediaNode, callId: string): void {
    const owed = this.#owed.get(keyOf({ node, callId }))
    if (owed) this.#settle(owed)
  }

  /** Waits at most `withinMs` for what is owed, trying all of it once more. @returns what is owed still. */
  async drain (withinMs: number): Promise<OwedDelete[]> {
    this.#isDraining = true
    for (const owed of this.#owed.values()) {
      if (owed.timer) void this.#try(owed, { withinMs })
    }
    await Promise.allSettled(this.#underWay)
    // The address alone: a node may bring keys along.
    const left = Array.from(this.#owed.values(), ({ callId, node, expiresAt, branch, isDoubtful }) => {
      const { id, host, port, transport } = node
      const address = { id, host, port, ...(transport && { transport }) }
      return { callId, node: address, expiresAt, ...(branch && { branch }), ...(isDoubtful && { isDoubtful }) }
    })
    for (const owed of this.#owed.values()) clearTimeout(owed.timer)
    this.#owed.clear()
    return left
  }

  #add (node: MediaNode, left: Omit<OwedDelete, 'node'>): Owed {
    const owed: Owed = { ...left, node, tries: 0 }
    const [oldest] = this.#owed.values()
    if (oldest && this.#owed.size >= this.#options.most) this.#lose(oldest, 'too many')
    this.#owed.set(keyOf(owed), owed)
    this.#tell()
    return owed
  }

  #expiry (): number {
    return Date.now() + this.#options.keptSeconds * 1000
  }

  /** @param isFirst the call has just ended, if the store knows that already or not */
  async #try (owed: Owed, { withinMs = this.#options.retryAfterMs, isFirst = false }): Promise<void> {
    clearTimeout(owed.timer)
    delete owed.timer
    const attempt = this.#attempt(owed, withinMs, isFirst)
    this.#underWay.add(attempt)
    await attempt
    this.#underWay.delete(attempt)
  }

  async #attempt (owed: Owed, withinMs: number, isFirst: boolean): Promise<void> {
    const { node, callId, branch, expiresAt } = owed
    try {
      if (!isFirst && !branch && await this.#isThere(owed)) return
      const deadline = performance.now() + withinMs
      const counts = branch ? undefined : await this.#countsBefore(owed, performance.now() + withinMs / 2)
      const command = deleteCommand({ callId, ...branch, deleteDelaySeconds: 0 })
      // Whichever instance begins the call there anew meanwhile: a repeat would end it.
      const mayRepeat = async () => this.#isOwed(owed) && await this.#options.nodeOf(callId) !== node.id
      const reply = await this.#options.ng.send(node, command, { deadline, ...!branch && { mayRepeat } })
      if (reply.tags !== undefined) this.#counting.add(node.id)
      this.#answered(owed, reply.tags === undefined ? counts ?? reply : reply)
    } catch (error) {
      const { code } = asNgpilotError(error)
      if (code !== 'ng_timeout' && code !== 'no_node' && code !== 'out_of_order') this.#answered(owed, undefined)
      else if (Date.now() >= expiresAt) this.#lose(owed, 'expired')
      else this.#later(owed)
    }
  }

  #answered (owed: Owed, reply: NgReply | undefined): void {
    if (!owed.branch && !owed.hasEnded) this.#options.ended(owed.callId, reply)
    owed.hasEnded = true
    if (!owed.isDoubtful) {
      this.#settle(owed)
      return
    }
    delete owed.isDoubtful
    owed.tries = 0
    this.#later(owed)
  }

  /** The call is, or may be, at that node now, whichever instance began it there: its delete waits until it has ended. */
  async #isThere (owed: Owed): Promise<boolean> {
    const nodeId = await this.#options.nodeOf(owed.callId).catch(() => undefined)
    if (nodeId !== owed.node.id) return false
    if (Date.now() >= owed.expiresAt) this.#settle(owed)
    else this.#later(owed)
    return true
  }

  /** rtpengine 10.5 answers the delete of a whole call without a figure. */
  async #countsBefore ({ node, callId }: Owed, deadline: number): Promise<NgReply | undefined> {
    if (this.#counting.has(node.id) || !this.#options.needsCounts(node, callId)) return undefined
    return this.#options.ng.send(node, queryCommand({ callId }), { deadline }).catch(() => undefined)
  }

  #later (owed: Owed): void {
    if (!this.#isOwed(owed) || this.#isDraining) return
    const waitMs = this.#options.retryAfterMs * Math.min(2 ** owed.tries++, 15)
    owed.timer = setTimeout(() => void this.#try(owed, {}), waitMs * (0.8 + 0.4 * Math.random())).unref()
  }

  #isOwed (owed: Owed): boolean {
    return this.#owed.get(keyOf(owed)) === owed
  }

  #lose (owed: Owed, reason: 'expired' | 'too many'): void {
    this.#options.observer.lost(owed.node.id, reason)
    this.#settle(owed)
    if (!owed.branch && !owed.hasEnded) this.#options.ended(owed.callId, undefined)
  }

  #settle (owed: Owed): void {
    clearTimeout(owed.timer)
    if (this.#isOwed(owed)) this.#owed.delete(keyOf(owed))
    this.#tell()
  }

  #tell (): void {
    this.#options.observer.owed(this.#owed.size)
  }
}

function keyOf ({ node, callId, branch }: Pick<OwedDelete, 'node' | 'callId' | 'branch'>): string {
  return branch ? JSON.stringify([node.id, callId, branch]) : `${node.id} ${callId}`
}
