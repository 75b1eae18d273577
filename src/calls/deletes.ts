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

interface Owed extends OwedDelete { tries: number, timer?: NodeJS.Timeout }

/**
 * Carries deletes out in the background, so that nobody waits for a silent node: each is tried until the node has answered
 * or it expires. The node's answer is final, whatever it says: an unknown call is gone.
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
      keptSeconds: 600, most: 20_000, retryAfterMs: 1000, ended: () => undefined, needsCounts: () => false, ...options,
    }
  }

  /** Takes a delete over. Resolves when the first try is over, however it ended: commands of the call may follow then. */
  async owe (
    node: MediaNode, callId: string, branch?: OwedDelete['branch'], expiresAt = Date.now() + this.#options.keptSeconds * 1000,
  ): Promise<void> {
    const owed: Owed = { callId, node, expiresAt, tries: 0, ...(branch && { branch }) }
    const key = keyOf(owed)
    if (this.#owed.has(key)) return
    const [oldest] = this.#owed.values()
    if (oldest && this.#owed.size >= this.#options.most) this.#lose(oldest, 'too many')
    this.#owed.set(key, owed)
    this.#tell()
    await this.#try(owed)
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
      if (owed.timer) void this.#try(owed, withinMs)
    }
    await Promise.allSettled(this.#underWay)
    // The address alone: a node may bring keys along.
    const left = Array.from(this.#owed.values(), ({ callId, node: { id, host, port }, expiresAt, branch }) =>
      ({ callId, node: { id, host, port }, expiresAt, ...(branch && { branch }) }))
    for (const owed of this.#owed.values()) clearTimeout(owed.timer)
    this.#owed.clear()
    return left
  }

  async #try (owed: Owed, withinMs = this.#options.retryAfterMs): Promise<void> {
    clearTimeout(owed.timer)
    delete owed.timer
    const attempt = this.#attempt(owed, withinMs)
    this.#underWay.add(attempt)
    await attempt
    this.#underWay.delete(attempt)
  }

  async #attempt (owed: Owed, withinMs: number): Promise<void> {
    const { node, callId, branch, expiresAt } = owed
    try {
      const deadline = performance.now() + withinMs
      const counts = branch ? undefined : await this.#countsBefore(owed, performance.now() + withinMs / 2)
      const command = deleteCommand({ callId, ...branch, deleteDelaySeconds: 0 })
      const reply = await this.#options.ng.send(node, command, { deadline })
      if (reply.tags !== undefined) this.#counting.add(node.id)
      this.#settle(owed)
      if (!branch) this.#options.ended(callId, reply.tags === undefined ? counts ?? reply : reply)
    } catch (error) {
      const { code } = asNgpilotError(error)
      if (code !== 'ng_timeout' && code !== 'no_node') {
        this.#settle(owed)
        if (!branch) this.#options.ended(callId, undefined)
      } else if (Date.now() >= expiresAt) this.#lose(owed, 'expired')
      else if (this.#isOwed(owed) && !this.#isDraining) this.#later(owed)
    }
  }

  /** rtpengine 10.5 answers the delete of a whole call without a figure. */
  async #countsBefore ({ node, callId }: Owed, deadline: number): Promise<NgReply | undefined> {
    if (this.#counting.has(node.id) || !this.#options.needsCounts(node, callId)) return undefined
    return this.#options.ng.send(node, queryCommand({ callId }), { deadline }).catch(() => undefined)
  }

  #later (owed: Owed): void {
    const waitMs = this.#options.retryAfterMs * Math.min(2 ** owed.tries++, 15)
    owed.timer = setTimeout(() => void this.#try(owed), waitMs * (0.8 + 0.4 * Math.random())).unref()
  }

  #isOwed (owed: Owed): boolean {
    return this.#owed.get(keyOf(owed)) === owed
  }

  #lose (owed: Owed, reason: 'expired' | 'too many'): void {
    this.#options.observer.lost(owed.node.id, reason)
    this.#settle(owed)
    if (!owed.branch) this.#options.ended(owed.callId, undefined)
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
