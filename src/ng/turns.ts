import { NgpilotError } from '../errors.ts'

export interface TurnsOptions {
  /** How many commands may be under way. */
  maxInFlight: number
  /** How many more may wait. */
  maxQueued: number
}

/**
 * `call`: an offer, an answer, whatever a caller waits for. `background`: nobody's call waits for it. `ping`: the question
 * whether the node lives, which must not wait for the commands of a dead one.
 */
export type Urgency = 'call' | 'background' | 'ping'

const background = new Set(['delete', 'list', 'query', 'statistics'])

export function urgencyOf (command: string): Urgency {
  return command === 'ping' ? 'ping' : background.has(command) ? 'background' : 'call'
}

interface Waiting {
  urgency: Urgency
  /** The order of arrival. */
  ticket: number
  admit: () => void
  refuse: (error: NgpilotError) => void
}

/**
 * Whose turn it is to send to a node: at most `maxInFlight` commands are under way, the others wait in the order of their
 * arrival. Background commands take at most half of the places, so a thousand deletes never stand before an offer; they
 * are a third of all commands, so half is enough for them. A ping takes no place and never waits.
 */
export class Turns {
  readonly #nodeId: string
  readonly #options: TurnsOptions
  readonly #calls = new Set<Waiting>()
  readonly #background = new Set<Waiting>()
  #inFlight = 0
  #inBackground = 0
  #tickets = 0

  constructor (nodeId: string, options: TurnsOptions) {
    this.#nodeId = nodeId
    this.#options = options
  }

  /** Commands under way, pings aside. */
  get inFlight (): number {
    return this.#inFlight
  }

  get queued (): number {
    return this.#calls.size + this.#background.size
  }

  /**
   * Undefined when the command may be sent now, else a promise that resolves when it may. Whoever got a turn ends it.
   *
   * @param command its name, for error messages.
   * @param deadline by the clock of `performance.now()`.
   * @throws NgpilotError `no_node` when too many wait already; the promise rejects with `ng_timeout` when the deadline
   *   comes first.
   */
  take (urgency: Urgency, command: string, deadline: number): Promise<void> | undefined {
    if (urgency === 'ping') return undefined
    if (this.#hasPlace(urgency)) {
      this.#occupy(urgency)
      return undefined
    }
    if (this.queued >= this.#options.maxQueued) {
      throw new NgpilotError('no_node', `node ${this.#nodeId} was not sent the ${command}: ${this.queued} commands wait for their turn, no more may`)
    }
    return this.#wait(urgency, command, deadline)
  }

  end (urgency: Urgency): void {
    if (urgency === 'ping') return
    this.#inFlight--
    if (urgency === 'background') this.#inBackground--
    for (let next = this.#next(); next; next = this.#next()) {
      this.#queueOf(next.urgency).delete(next)
      this.#occupy(next.urgency)
      next.admit()
    }
  }

  /** Whoever waits fails with `error`. */
  refuseAll (error: NgpilotError): void {
    for (const waiting of [...this.#calls, ...this.#background]) waiting.refuse(error)
  }

  async #wait (urgency: Urgency, command: string, deadline: number): Promise<void> {
    const queue = this.#queueOf(urgency)
    const { promise, resolve, reject } = withResolvers()
    const waiting: Waiting = { urgency, ticket: this.#tickets++, admit: resolve, refuse: reject }
    const waitMs = Math.max(0, Math.floor(deadline - performance.now()))
    const timer = setTimeout(() => reject(this.#expired(waiting, command)), waitMs)
    queue.add(waiting)
    try {
      await promise
    } finally {
      clearTimeout(timer)
      queue.delete(waiting)
    }
  }

  #hasPlace (urgency: Urgency): boolean {
    const { maxInFlight } = this.#options
    if (this.#inFlight >= maxInFlight) return false
    return urgency !== 'background' || this.#inBackground < Math.ceil(maxInFlight / 2)
  }

  #occupy (urgency: Urgency): void {
    this.#inFlight++
    if (urgency === 'background') this.#inBackground++
  }

  /** Whoever came first among those for whom there is a place. */
  #next (): Waiting | undefined {
    const [call] = this.#hasPlace('call') ? this.#calls : []
    const [other] = this.#hasPlace('background') ? this.#background : []
    return call && other ? (call.ticket < other.ticket ? call : other) : call ?? other
  }

  #queueOf (urgency: Urgency): Set<Waiting> {
    return urgency === 'background' ? this.#background : this.#calls
  }

  #expired (waiting: Waiting, command: string): NgpilotError {
    const earlier = [...this.#calls, ...this.#background].filter(({ ticket }) => ticket < waiting.ticket)
    const ahead = earlier.length + this.#inFlight
    return new NgpilotError('ng_timeout', `node ${this.#nodeId} was not sent the ${command}: it waited for its turn, ${ahead} commands were ahead`)
  }
}

function withResolvers () {
  let resolve!: () => void
  let reject!: (error: NgpilotError) => void
  const promise = new Promise<void>((...settle) => { [resolve, reject] = settle })
  return { promise, resolve, reject }
}
