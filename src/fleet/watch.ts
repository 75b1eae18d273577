import { pingCommand, statisticsCommand } from '../ng/commands.ts'
import type { NgClient } from '../ng/client.ts'
import type { MediaNode, NgCommand, NgReply } from '../ng/types.ts'
import { isSameAddress } from './node.ts'
import { outcomeOf, type Outcome } from './outcome.ts'

/** Who is watched: says when and what to ask next, and is told what came of it. */
export interface Watched {
  /** The node to ask. */
  readonly node: MediaNode
  /** Milliseconds until the next question. Undefined: none, for now. */
  nextPingMs (): number | undefined
  /** How long it may take to answer, in milliseconds. */
  readonly pingTimeoutMs: number
  /** Whether to ask for `statistics` instead of a ping. */
  isStatisticsDue (): boolean
  /** @param reply undefined when none came, or a refusal */
  asked (question: NgCommand, outcome: Outcome, reply: NgReply | undefined): void
}

/** Asks one node how it fares, again and again, one question at a time, from its making until `close`. */
export class NodeWatch {
  readonly #watched: Watched
  readonly #ng: Pick<NgClient, 'send'>
  #timer: NodeJS.Timeout | undefined
  #isAsking = false
  #isHurried = false
  #isClosed = false

  constructor (watched: Watched, ng: Pick<NgClient, 'send'>) {
    this.#watched = watched
    this.#ng = ng
  }

  /** Asks now, or, when an answer is awaited, once more as soon as that is settled. */
  hurry (): void {
    if (this.#isClosed || this.#watched.nextPingMs() === undefined) return
    if (this.#isAsking) this.#isHurried = true
    else void this.#ask()
  }

  /** The state has changed, and with it the time of the next question. */
  reschedule (): void {
    clearTimeout(this.#timer)
    const waitMs = this.#watched.nextPingMs()
    if (this.#isClosed || this.#isAsking || waitMs === undefined) return
    // Varied, so that the pings of several nodes and of several instances do not come in step.
    this.#timer = setTimeout(() => void this.#ask(), waitMs * (0.9 + 0.2 * Math.random()))
  }

  /** What is under way is not told any more. */
  close (): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  async #ask (): Promise<void> {
    clearTimeout(this.#timer)
    this.#isAsking = true
    const { node, pingTimeoutMs: allowedMs } = this.#watched
    const question = this.#watched.isStatisticsDue() ? statisticsCommand() : pingCommand()
    const startedAt = performance.now()
    // A ping waits for no turn: when it is not sent, no way to the node was found.
    let isSent = question.command === 'ping'
    let outcome: Outcome
    let reply: NgReply | undefined
    try {
      reply = await this.#ng.send(node, question, {
        deadline: startedAt + allowedMs, whenRefused: 'fail', onSent: () => { isSent = true },
      })
      outcome = { kind: 'reply', roundTripMs: performance.now() - startedAt }
    } catch (error) {
      outcome = outcomeOf(error, { isSent, waitedMs: performance.now() - startedAt, allowedMs })
    }
    if (this.#isClosed) return
    // What comes from an address that the node has left says nothing of the node.
    if (isSameAddress(node, this.#watched.node)) this.#watched.asked(question, outcome, reply)
    this.#isAsking = false
    const isHurried = this.#isHurried
    this.#isHurried = false
    this.reschedule()
    if (isHurried) this.hurry()
  }
}
