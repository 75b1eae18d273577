import { NgpilotError } from '../errors.ts'
import type { MediaNode, NgReply } from './types.ts'

export interface ExchangeOptions {
  node: MediaNode
  /** The command's name, for error messages. */
  command: string
  /** By the clock of `performance.now()`. */
  deadline: number
  retryAfterMs: number
  /** Sends the datagram; false while there is no connection to send it on. */
  transmit: () => boolean
  onRetransmission: () => void
  /** The deadline has come without a reply. */
  onExpired: () => void
}

/**
 * One command on its way: sent, sent again while nothing comes (after `retryAfterMs`, then after twice as long each time),
 * and settled once, by the deadline at the latest.
 */
export class Exchange {
  readonly reply: Promise<NgReply>
  readonly #options: ExchangeOptions
  #resolve!: (reply: NgReply) => void
  #reject!: (error: NgpilotError) => void
  #timer: NodeJS.Timeout | undefined
  #retryAfterMs: number
  /** Not before there is a connection, which starts the clock. */
  #retryAt = Infinity
  #transmissions = 0
  #isLastRefused = false
  #isEverSilent = false
  #failure: Error | undefined

  constructor (options: ExchangeOptions) {
    this.#options = options
    this.#retryAfterMs = options.retryAfterMs
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Sends the command, or sends it again, and waits on. */
  transmit (): void {
    if (this.#options.transmit()) {
      if (this.#transmissions > 0) {
        this.#options.onRetransmission()
        if (!this.#isLastRefused) this.#isEverSilent = true
      }
      this.#transmissions++
      this.#isLastRefused = false
      this.#retryAt = performance.now() + this.#retryAfterMs
      this.#retryAfterMs *= 2
    }
    this.#wait()
  }

  /** The latest transmission met an error, which need not be the last word: the node may be starting. */
  failed (error: NodeJS.ErrnoException): void {
    this.#failure = error
    if (error.code === 'ECONNREFUSED') this.#isLastRefused = true
  }

  settle (reply: NgReply): void {
    clearTimeout(this.#timer)
    this.#resolve(reply)
  }

  fail (error: NgpilotError): void {
    clearTimeout(this.#timer)
    this.#reject(error)
  }

  /** Rounds down: a timer may fire late, but nothing of ours shall be later than the deadline. */
  #wait (): void {
    clearTimeout(this.#timer)
    const waitMs = Math.min(this.#retryAt, this.#options.deadline) - performance.now()
    this.#timer = setTimeout(() => this.#onTimer(), Math.max(0, Math.floor(waitMs)))
  }

  #onTimer (): void {
    const now = performance.now()
    if (now >= this.#options.deadline - 1) {
      this.#options.onExpired()
      this.#reject(this.#expired())
    } else if (now >= this.#retryAt - 1) {
      this.transmit()
    } else {
      this.#wait()
    }
  }

  #expired (): NgpilotError {
    const { node, command } = this.#options
    const options = this.#failure && { cause: this.#failure }
    if (this.#isLastRefused && !this.#isEverSilent) {
      return new NgpilotError('no_node', `node ${node.id} refused the connection: nothing listens for NG at ${node.host}:${node.port}`, options)
    }
    if (this.#transmissions === 0) {
      return new NgpilotError('ng_timeout', `node ${node.id} was not sent the ${command}: the lookup of ${node.host} took too long`)
    }
    const why = this.#failure ? ` (${this.#failure.message})` : ''
    return new NgpilotError('ng_timeout', `node ${node.id} did not answer the ${command}, sent ${this.#transmissions} ${this.#transmissions === 1 ? 'time' : 'times'}${why}`, options)
  }
}
