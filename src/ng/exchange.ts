import { NgpilotError } from '../errors.ts'
import type { Waits } from './round-trip.ts'
import type { Endpoint, NgReply } from './types.ts'

export interface ExchangeOptions {
  /** Where it goes, for error messages. */
  nodeId: string
  endpoint: Endpoint
  /** The command's name, for error messages. */
  command: string
  /** Its reply is wanted byte for byte too. */
  isRaw: boolean
  /** By the clock of `performance.now()`. */
  deadline: number
  waits: Waits
  /** What makes the command go out once more: silence where messages get lost, an error alone where they do not. */
  repeatsWhen: 'silent' | 'failed'
  /** Whether a refused connection is the end, or the node may be starting. */
  isRefusalFinal: boolean
  /** Asked before each repeat by the clock; where it says no, this is the end. */
  mayRepeat: (() => Promise<boolean>) | undefined
  /** Sends the message; false while there is no connection to send it on. */
  transmit: () => boolean
  onTransmission: (isRepeat: boolean) => void
  /** The deadline has come without a reply. */
  onExpired: () => void
}

/**
 * One command on its way: sent, sent again while nothing comes, and settled once, by the deadline at the latest.
 */
export class Exchange {
  readonly reply: Promise<NgReply>
  readonly #options: ExchangeOptions
  #resolve!: (reply: NgReply) => void
  #reject!: (error: NgpilotError) => void
  #isSettled = false
  #timer: NodeJS.Timeout | undefined
  #waitMs: number
  /** Not before there is a connection, which starts the clock. */
  #retryAt = Infinity
  #sentAt = 0
  #transmissions = 0
  #isOnItsWay = false
  #isLastRefused = false
  /** A transmission met silence, so the node may have carried the command out. */
  #mayHaveArrived = false
  #failure: Error | undefined

  constructor (options: ExchangeOptions) {
    this.#options = options
    this.#waitMs = options.waits.firstMs
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  get isRaw (): boolean {
    return this.#options.isRaw
  }

  get command (): string {
    return this.#options.command
  }

  /** How often the command went out. */
  get transmissions (): number {
    return this.#transmissions
  }

  /** It was handed to a connection that has not failed since. Of a datagram nobody knows. */
  get isOnItsWay (): boolean {
    return this.#isOnItsWay
  }

  /** Milliseconds since it first went out. */
  get elapsedMs (): number {
    return performance.now() - this.#sentAt
  }

  /** It should have gone out again by now, but this process was busy. */
  get isOverdue (): boolean {
    return performance.now() > this.#retryAt
  }

  /** Sends the command, or sends it again, and waits on. */
  transmit (): void {
    this.#retryAt = Infinity
    if (this.#options.transmit()) {
      if (this.#transmissions === 0) this.#sentAt = performance.now()
      else if (!this.#isLastRefused) this.#mayHaveArrived = true
      this.#options.onTransmission(this.#transmissions > 0)
      this.#transmissions++
      this.#isLastRefused = false
      if (this.#options.repeatsWhen === 'silent') this.#retryLater()
      else this.#isOnItsWay = true
    }
    this.#wait()
  }

  /** The latest transmission met an error, which need not be the last word: the node may be starting. */
  failed (error: NodeJS.ErrnoException): void {
    this.#failure = error
    this.#isOnItsWay = false
    if (error.code === 'ECONNREFUSED') {
      this.#isLastRefused = true
      if (this.#options.isRefusalFinal) {
        this.fail(this.#expired())
        return
      }
    } else if (this.#transmissions > 0) {
      this.#mayHaveArrived = true
    }
    if (this.#options.repeatsWhen === 'failed') {
      this.#retryLater()
      this.#wait()
    }
  }

  settle (reply: NgReply): void {
    this.#end()
    this.#resolve(reply)
  }

  fail (error: NgpilotError): void {
    this.#end()
    this.#reject(error)
  }

  #end (): void {
    this.#isSettled = true
    clearTimeout(this.#timer)
  }

  #retryLater (): void {
    this.#retryAt = performance.now() + this.#waitMs
    this.#waitMs = this.#options.waits.thenMs ?? 2 * this.#waitMs
  }

  /** Rounds down: a timer may fire late, but nothing of ours shall be later than the deadline. */
  #wait (): void {
    clearTimeout(this.#timer)
    const waitMs = Math.min(this.#retryAt, this.#options.deadline) - performance.now()
    // When this process was busy, a reply may lie in the socket while the timer is due: it is read first.
    this.#timer = setTimeout(() => setImmediate(() => this.#due()), Math.max(0, Math.floor(waitMs)))
  }

  #due (): void {
    if (this.#isSettled) return
    const now = performance.now()
    if (now >= this.#options.deadline - 1) {
      this.#options.onExpired()
      this.fail(this.#expired())
    } else if (now >= this.#retryAt - 1) {
      if (this.#options.mayRepeat) void this.#repeatIf(this.#options.mayRepeat)
      else this.transmit()
    } else {
      this.#wait()
    }
  }

  async #repeatIf (mayRepeat: () => Promise<boolean>): Promise<void> {
    this.#retryAt = Infinity
    this.#wait()
    const isWanted = await mayRepeat().catch(() => true)
    if (this.#isSettled) return
    if (isWanted) this.transmit()
    else this.fail(new NgpilotError('out_of_order', `the ${this.#options.command} is not repeated: it would come too late`))
  }

  #expired (): NgpilotError {
    const { nodeId, endpoint: { host, port }, command } = this.#options
    const options = this.#failure && { cause: this.#failure }
    if (this.#isLastRefused && !this.#mayHaveArrived) {
      return new NgpilotError('no_node', `node ${nodeId} refused the connection: nothing listens for NG at ${host}:${port}`, options)
    }
    const why = this.#failure ? ` (${this.#failure.message})` : ''
    if (this.#transmissions === 0) {
      return new NgpilotError('ng_timeout', `node ${nodeId} was not sent the ${command}: no connection to ${host}:${port} in time${why}`, options)
    }
    return new NgpilotError('ng_timeout', `node ${nodeId} did not answer the ${command}, sent ${this.#transmissions} ${this.#transmissions === 1 ? 'time' : 'times'}${why}`, options)
  }
}
