import { NgpilotError } from '../errors.ts'
import type { Urgency } from './urgency.ts'

export interface AdmissionOptions {
  /** By when a request is to be answered; it may wait half of that for its turn, or nothing were left to do it in. */
  deadlineMs: number
  observer: AdmissionObserver
  /** How many requests may wait. Default 2,000: more cannot be done in their time. */
  mostWaiting?: number
}

export interface AdmissionObserver {
  /** How long a request has waited for its turn, whatever became of it then. */
  waited (seconds: number): void
  waiting (count: number): void
}

interface Waiting {
  at: number
  /** For so long it lay in the socket before that, while this process did something else; at most. */
  lateMs: number
  urgency: Urgency
  begin: (deadline: number) => void
  refuse: (error: NgpilotError) => void
}

/** New requests are begun for so long in a turn of the event loop; then replies and timers of others have theirs. */
const turnMs = 5
/** A turn that brings so many has not read all there is (of a UDP socket Node.js reads 32 datagrams): reading goes first, */
const manyAtOnce = 32
/** but for no longer than this. */
const readingMs = 20
/** How closely the event loop is watched. */
const tickMs = 20

/**
 * Whose turn it is when this process has more to do than it can: a request that has waited for half of its time is refused
 * at once, and so is one too many, so that nobody waits past the deadline and what is begun can be finished. While the
 * process keeps up, all begin at once. New calls come last, so that those that are up do not suffer. What ends a call frees
 * more than it costs, and is not refused for having waited.
 *
 * @fastify/under-pressure knows HTTP alone, and by the mean delay of the last second refuses all requests or none.
 */
export class Admission {
  readonly #options: Required<AdmissionOptions>
  /** Of calls that are there already. */
  readonly #known = new Set<Waiting>()
  readonly #new = new Set<Waiting>()
  readonly #ticking: NodeJS.Timeout
  #tickedAt = performance.now()
  /** When this turn of the event loop began, as far as requests came in it, and how many. */
  #turnAt: number | undefined
  #entered = 0
  #beganAt = 0

  constructor (options: AdmissionOptions) {
    this.#options = { mostWaiting: 2000, ...options }
    this.#ticking = setInterval(() => { this.#tickedAt = performance.now() }, tickMs).unref()
  }

  /**
   * Resolves when a request's turn has come, at once while this process keeps up, with its deadline by the clock of
   * `performance.now()`.
   *
   * @throws NgpilotError `overloaded`
   */
  async turn (urgency: Urgency): Promise<number> {
    const now = performance.now()
    this.#openTurn(now)
    this.#entered++
    const lateMs = Math.max(0, now - this.#tickedAt - tickMs)
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { at: now, lateMs, urgency, begin: resolve, refuse: reject }
      const isFull = this.#size >= this.#options.mostWaiting * (urgency === 'ending' ? 2 : 1)
      if (this.#size === 0 && now - (this.#turnAt ?? now) < turnMs) this.#begin(waiting, now)
      else if (isFull) this.#refuse(waiting, now, `${this.#size} requests wait already`)
      else (urgency === 'new' ? this.#new : this.#known).add(waiting)
    })
  }

  get #size (): number {
    return this.#known.size + this.#new.size
  }

  close (): void {
    clearInterval(this.#ticking)
  }

  /** Runs when the sockets have been read, before they are read again. */
  async #drain (): Promise<void> {
    const entered = this.#entered
    this.#turnAt = undefined
    this.#entered = 0
    const startedAt = performance.now()
    const isReading = entered >= manyAtOnce && startedAt - this.#beganAt < readingMs
    let now = startedAt
    while (!isReading && now - startedAt < turnMs) {
      const queue = this.#known.size > 0 ? this.#known : this.#new
      const [next] = queue
      if (!next) break
      queue.delete(next)
      const waitedMs = now - next.at
      if (waitedMs >= this.#options.deadlineMs / 2 && next.urgency !== 'ending') {
        this.#refuse(next, now, `it has waited for ${waitedMs.toFixed()} ms`)
      } else {
        this.#begin(next, now)
        // Until it waits for something itself: then what it costs is known.
        await new Promise((resolve) => { process.nextTick(resolve) })
      }
      now = performance.now()
    }
    this.#options.observer.waiting(this.#size)
    if (this.#size > 0) this.#openTurn(now)
  }

  #openTurn (now: number): void {
    if (this.#turnAt !== undefined) return
    this.#turnAt = now
    setImmediate(() => void this.#drain())
  }

  #begin ({ at, lateMs, begin }: Waiting, now: number): void {
    const { deadlineMs, observer } = this.#options
    this.#beganAt = now
    observer.waited((now - at) / 1000)
    begin(Math.max(at - lateMs + deadlineMs, now + deadlineMs / 4))
  }

  #refuse ({ at, refuse }: Waiting, now: number, why: string): void {
    this.#options.observer.waited((now - at) / 1000)
    refuse(new NgpilotError('overloaded', `this ngpilot has more to do than it can: ${why}; ask another, or later`))
  }
}
