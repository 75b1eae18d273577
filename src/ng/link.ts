import { asNgpilotError, NgpilotError } from '../errors.ts'
import { decode } from './codec.ts'
import { Exchange } from './exchange.ts'
import type { NgObserver } from './observer.ts'
import { replyOf } from './reply.ts'
import { waitsFor, type RoundTrip } from './round-trip.ts'
import { maxBytesOver, openTransport, type Transport } from './transport/transport.ts'
import type { Endpoint, NgReply } from './types.ts'

export interface LinkOptions {
  nodeId: string
  endpoint: Endpoint
  roundTrip: RoundTrip
  /** Milliseconds of silence before a repeat while the round trip is not known. */
  retryAfterMs: number
  observer: NgObserver
}

export interface Sending {
  command: string
  cookie: string
  message: Buffer
  deadline: number
  isRefusalFinal: boolean
  /** The command has left for the first time. */
  onSent: () => void
}

/** A transport to one node and the commands under way on it: ties each reply to its command by the cookie. */
export class Link {
  readonly #options: LinkOptions
  readonly #transport: Transport
  /** By cookie. */
  readonly #exchanges = new Map<string, Exchange>()
  #state: 'open' | 'retired' | 'closed' = 'open'
  #isMute = false

  constructor (options: LinkOptions) {
    this.#options = options
    this.#transport = openTransport(options.endpoint, {
      opened: () => this.#opened(),
      received: (message) => this.#received(message),
      strange: () => options.observer.malformed(options.nodeId),
      failed: (error, cookie) => this.#failed(error, cookie),
      unusable: (error) => this.#unusable(error),
    })
  }

  /**
   * A command has expired and nothing has come since: the node may have moved, or this host's own address. A new link
   * looks up the name and chooses the local address anew. Also true once this one cannot be used at all.
   */
  get isStale (): boolean {
    return this.#isMute || this.#state !== 'open'
  }

  /** Resolves when it is closed. */
  get closed (): Promise<void> {
    return this.#transport.closed
  }

  async send ({ command, cookie, message, deadline, isRefusalFinal, onSent }: Sending): Promise<NgReply> {
    const { nodeId, endpoint, roundTrip, retryAfterMs, observer } = this.#options
    const exchange: Exchange = new Exchange({
      nodeId,
      endpoint,
      command,
      deadline,
      isRefusalFinal,
      waits: waitsFor(roundTrip.smoothedMs, retryAfterMs),
      repeatsWhen: this.#transport.repeatsWhen,
      transmit: () => this.#state !== 'closed' && this.#transport.transmit(cookie, message),
      onTransmission: (isRepeat) => {
        observer.sent(nodeId, endpoint.transport ?? 'udp', message.length)
        if (isRepeat) observer.retransmission(nodeId)
        else onSent()
      },
      onExpired: () => { this.#isMute = true },
    })
    this.#exchanges.set(cookie, exchange)
    exchange.transmit()
    try {
      return await exchange.reply
    } finally {
      this.#exchanges.delete(cookie)
      this.#transport.forget(cookie)
      if (this.#state === 'retired' && this.#exchanges.size === 0) this.#shut()
    }
  }

  /** Takes no new commands; closes with the last one under way. */
  retire (): void {
    if (this.#state !== 'open') return
    this.#state = 'retired'
    if (this.#exchanges.size === 0) this.#shut()
  }

  /** Closes at once; the commands under way fail with `error`. Resolves when it is closed. */
  async end (error: NgpilotError): Promise<void> {
    for (const exchange of this.#exchanges.values()) exchange.fail(error)
    this.#shut()
    await this.closed
  }

  #opened (): void {
    for (const exchange of this.#exchanges.values()) exchange.transmit()
  }

  #received (message: Buffer): void {
    const { nodeId, endpoint, observer, roundTrip } = this.#options
    let cookie
    let exchange
    try {
      const decoded = decode(message, maxBytesOver(endpoint.transport))
      cookie = decoded.cookie
      exchange = this.#exchanges.get(cookie)
      exchange?.settle(replyOf(decoded.message))
    } catch (error) {
      // Not the end of a command: the bytes may have been spoilt on the way, and the next copy is sound.
      observer.malformed(nodeId)
      if (cookie !== undefined) exchange?.failed(asNgpilotError(error))
      return
    }
    this.#isMute = false
    if (exchange && this.#exchanges.delete(cookie)) {
      roundTrip.answered(cookie, exchange.elapsedMs, exchange.transmissions)
    } else {
      observer.lateReply(nodeId)
      roundTrip.duplicate(cookie)
    }
  }

  #failed (error: Error, cookie: string | undefined): void {
    if (cookie !== undefined) this.#exchanges.get(cookie)?.failed(error)
    else for (const exchange of this.#exchanges.values()) exchange.failed(error)
  }

  #unusable (error: Error): void {
    const { nodeId, endpoint: { host, port } } = this.#options
    void this.end(new NgpilotError('no_node', `node ${nodeId} cannot be reached at ${host}:${port}: ${error.message}`, { cause: error }))
  }

  #shut (): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#transport.close()
  }
}
