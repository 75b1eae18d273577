import { asNgpilotError, NgpilotError } from '../errors.ts'
import { readBody, split } from './codec.ts'
import { Exchange } from './exchange.ts'
import type { NgObserver } from './observer.ts'
import { rawReplyOf, replyOf } from './reply.ts'
import { waitsFor, type RoundTrip } from './round-trip.ts'
import type { Silence } from './silence.ts'
import { openTransport } from './transport/open.ts'
import { problemOf } from './transport/problem.ts'
import { maxBytesOver, type Transport } from './transport/transport.ts'
import type { Endpoint, NgReply } from './types.ts'

export interface LinkOptions {
  nodeId: string
  endpoint: Endpoint
  roundTrip: RoundTrip
  silence: Silence
  /** Milliseconds of silence before a repeat while the round trip is not known. */
  retryAfterMs: number
  observer: NgObserver
}

export interface Sending {
  command: string
  cookie: string
  message: Buffer
  /** Its reply is wanted byte for byte too. */
  isRaw: boolean
  deadline: number
  isRefusalFinal: boolean
  /** Nor is waited for a node that has fallen silent. */
  isSilenceFinal: boolean
  /** The reply may be too long for a datagram. */
  isReplyLong: boolean
  mayRepeat: (() => Promise<boolean>) | undefined
  /** The command has left for the first time. */
  onSent: () => void
}

// How long a link that is closed waits for late replies; why it waits, `Transport.close` says.
const patientMs = 600_000
const impatientMs = 1000
/** Until the next look for silence where all is answered but a command that could not be sent yet. */
const patientLookMs = 20

/** A transport to one node and the commands under way on it: ties each reply to its command by the cookie. */
export class Link {
  readonly #options: LinkOptions
  readonly #transport: Transport
  /** By cookie. */
  readonly #exchanges = new Map<string, Exchange>()
  /** Of these, the ones that end when the node falls silent. */
  readonly #impatient = new Set<Exchange>()
  #look: NodeJS.Timeout | undefined
  #state: 'open' | 'retired' | 'closed' = 'open'
  #isMute = false

  constructor (options: LinkOptions) {
    this.#options = options
    this.#transport = openTransport(options.endpoint, {
      ready: () => this.#ready(),
      received: (message) => this.#received(message),
      strange: () => options.observer.malformed(options.nodeId),
      failed: (error, cookie) => this.#failed(error, cookie),
      unusable: (error) => this.#unusable(error),
    })
  }

  /**
   * A command over UDP has expired and nothing has come since: the node may have moved, or this host's own address. A new
   * link looks up the name and chooses the local address anew. Also true once this one cannot be used at all.
   */
  get isStale (): boolean {
    return this.#isMute || this.#state !== 'open'
  }

  /** Resolves when it is closed. */
  get closed (): Promise<void> {
    return this.#transport.closed
  }

  async send (sending: Sending): Promise<NgReply> {
    const { command, cookie, message, isRaw, deadline, isRefusalFinal, isSilenceFinal, mayRepeat, onSent } = sending
    const { nodeId, endpoint, roundTrip, silence, retryAfterMs, observer } = this.#options
    const silentMs = isSilenceFinal ? silence.silentMs(performance.now(), roundTrip.smoothedMs) : undefined
    if (silentMs !== undefined) throw this.#silent(`was not sent the ${command}`, silentMs)
    const exchange: Exchange = new Exchange({
      nodeId,
      endpoint,
      command,
      isRaw,
      deadline,
      isRefusalFinal,
      mayRepeat,
      waits: waitsFor(roundTrip.smoothedMs, retryAfterMs),
      repeatsWhen: this.#transport.repeatsWhen,
      transmit: () => this.#state !== 'closed' && this.#transport.transmit(cookie, message),
      onTransmission: (isRepeat) => {
        observer.sent(nodeId, endpoint.transport ?? 'udp', message.length)
        silence.sent(performance.now())
        if (isRepeat) observer.retransmission(nodeId)
        else onSent()
      },
      onExpired: () => { this.#isMute = this.#transport.repeatsWhen === 'silent' },
    })
    this.#exchanges.set(cookie, exchange)
    exchange.transmit()
    if (isSilenceFinal) {
      this.#impatient.add(exchange)
      this.#lookLater()
    }
    try {
      return await exchange.reply
    } finally {
      this.#exchanges.delete(cookie)
      this.#impatient.delete(exchange)
      if (this.#state === 'retired' && this.#exchanges.size === 0) this.#shut(patientMs)
    }
  }

  /** Takes no new commands; closes with the last one under way. */
  retire (): void {
    if (this.#state !== 'open') return
    this.#state = 'retired'
    if (this.#exchanges.size === 0) this.#shut(patientMs)
  }

  /** The commands under way fail with `error` at once; resolves when it is closed, at most a second later. */
  async end (error: NgpilotError): Promise<void> {
    this.#fail(error, impatientMs)
    await this.closed
  }

  #ready (): void {
    for (const exchange of this.#exchanges.values()) if (!exchange.isOnItsWay) exchange.transmit()
  }

  #received (message: Buffer): void {
    const { nodeId, endpoint, observer, roundTrip, silence } = this.#options
    let cookie
    let exchange
    try {
      const { cookie: own, body } = split(message, maxBytesOver(endpoint.transport))
      cookie = own
      exchange = this.#exchanges.get(cookie)
      const dictionary = readBody(message, message.length - body.length)
      if (exchange) exchange.settle(exchange.isRaw ? rawReplyOf(dictionary, body) : replyOf(dictionary))
    } catch (error) {
      // Not the end of a command: the bytes may have been spoilt on the way, and the next copy is sound.
      observer.malformed(nodeId)
      if (cookie !== undefined) exchange?.failed(asNgpilotError(error))
      return
    }
    this.#isMute = false
    silence.replied(performance.now())
    if (exchange && this.#exchanges.delete(cookie)) {
      silence.answered(exchange.transmissions)
      // What came after its time and still before the repeat lay in the socket while this process was busy, not the node.
      if (!exchange.isOverdue) roundTrip.answered(cookie, exchange.elapsedMs, exchange.transmissions)
    } else {
      observer.lateReply(nodeId)
      roundTrip.duplicate(cookie)
    }
  }

  #lookLater (): void {
    if (this.#look || this.#impatient.size === 0) return
    const waitMs = this.#options.silence.nextLookMs(performance.now(), this.#options.roundTrip.smoothedMs)
    // When this process was busy, replies may lie in the socket: they are read first.
    this.#look = setTimeout(() => setImmediate(() => this.#lookForSilence()), waitMs ?? patientLookMs)
  }

  #lookForSilence (): void {
    this.#look = undefined
    const { silence, roundTrip } = this.#options
    const silentMs = silence.silentMs(performance.now(), roundTrip.smoothedMs)
    if (silentMs !== undefined) {
      for (const exchange of this.#impatient) exchange.fail(this.#silent(`did not answer the ${exchange.command}`, silentMs))
    }
    this.#lookLater()
  }

  #silent (what: string, silentMs: number): NgpilotError {
    return new NgpilotError('ng_timeout', `node ${this.#options.nodeId} ${what}: it has been silent for ${silentMs.toFixed()} ms, to all commands`)
  }

  #failed (error: Error, cookie: string | undefined): void {
    if (cookie !== undefined) this.#exchanges.get(cookie)?.failed(error)
    else for (const exchange of this.#exchanges.values()) if (!exchange.isOnItsWay) exchange.failed(error)
  }

  #unusable (error: Error): void {
    const { nodeId, endpoint: { host, port } } = this.#options
    this.#fail(new NgpilotError('no_node', `node ${nodeId} cannot be reached at ${host}:${port}: ${problemOf(error)}`, { cause: error }), patientMs)
  }

  #fail (error: NgpilotError, graceMs: number): void {
    for (const exchange of this.#exchanges.values()) exchange.fail(error)
    this.#shut(graceMs)
  }

  #shut (graceMs: number): void {
    this.#state = 'closed'
    clearTimeout(this.#look)
    this.#transport.close(graceMs)
  }
}
