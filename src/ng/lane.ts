import { asNgpilotError, NgpilotError } from '../errors.ts'
import { Link, type LinkOptions, type Sending } from './link.ts'
import { refusalOf } from './reply.ts'
import { RoundTrip } from './round-trip.ts'
import { Silence } from './silence.ts'
import { maxBytesOver } from './transport/transport.ts'
import { type TurnsOptions, Turns, urgencyOf } from './turns.ts'
import type { Endpoint, MediaNode, NgReply } from './types.ts'

export type LaneOptions = TurnsOptions & Pick<LinkOptions, 'retryAfterMs' | 'observer'>

/** What is under way to one node, for the fleet's view and for metrics. */
export interface LaneState {
  /** Commands that were sent and wait for their reply, over all transports; pings aside. */
  inFlight: number
  /** Commands that wait for their turn. */
  queued: number
  /** The smoothed round trip in milliseconds, undefined while none was measured. */
  roundTripMs: number | undefined
}

/** One of a node's transports, with the link over which it goes at present. */
interface Way { endpoint: Endpoint, roundTrip: RoundTrip, silence: Silence, link?: Link }

/** All that goes to one node: commands take their turns, and long ones go another way. */
export class Lane {
  readonly node: MediaNode
  readonly #options: LaneOptions
  readonly #turns: Turns
  readonly #usual: Way
  readonly #forLong: Way | undefined
  /** Those too that were replaced and still wait for a reply. */
  readonly #links = new Set<Link>()
  #underWay = 0
  #onIdle: () => void = () => undefined
  #ended: NgpilotError | undefined

  constructor (node: MediaNode, options: LaneOptions) {
    this.node = node
    this.#options = options
    this.#turns = new Turns(node.id, options)
    this.#usual = { endpoint: node, roundTrip: new RoundTrip(), silence: new Silence() }
    this.#forLong = node.stream && { endpoint: node.stream, roundTrip: new RoundTrip(), silence: new Silence() }
  }

  get state (): LaneState {
    return { inFlight: this.#turns.inFlight, queued: this.#turns.queued, roundTripMs: this.#usual.roundTrip.smoothedMs }
  }

  /** Whether it leads where this description of the node does. */
  leadsTo (node: MediaNode): boolean {
    const { node: own } = this
    return node === own || (isSame(node, own) && isSame(node.stream, own.stream)
      && node.streamAboveBytes === own.streamAboveBytes)
  }

  /** Sends a command when its turn comes. @throws NgpilotError as `NgClient.send` says. */
  async send (sending: Sending): Promise<NgReply> {
    const { node } = this
    const { observer } = this.#options
    const { command, deadline } = sending
    const way = this.#wayFor(sending)
    const urgency = urgencyOf(command)
    const startedAt = performance.now()
    const settled = (result: 'ok' | 'error' | 'timeout' | 'unsent') => {
      observer.command(node.id, command, result, (performance.now() - startedAt) / 1000)
    }

    this.#underWay++
    try {
      try {
        const turn = this.#turns.take(urgency, command, deadline)
        if (turn) await turn.finally(() => observer.waited(node.id, (performance.now() - startedAt) / 1000))
      } catch (error) {
        if (asNgpilotError(error).code !== 'stopping') settled('unsent')
        throw error
      }
      let reply
      try {
        reply = await this.#linkOf(way).send(sending)
      } catch (error) {
        if (asNgpilotError(error).code !== 'stopping') settled('timeout')
        throw error
      } finally {
        this.#turns.end(urgency)
      }
      const refusal = refusalOf(node, sending, reply)
      settled(refusal ? 'error' : 'ok')
      if (refusal) throw refusal
      return reply
    } finally {
      if (--this.#underWay === 0) this.#onIdle()
    }
  }

  /** Resolves when the last command under way has settled and all is closed. Nothing more is sent to it. */
  async retire (): Promise<void> {
    if (this.#underWay > 0) await new Promise<void>((resolve) => { this.#onIdle = resolve })
    await Promise.all([...this.#links].map(async (link) => {
      link.retire()
      await link.closed
    }))
  }

  /** What is under way or waits fails with `error` at once; resolves when all is closed, at most a second later. */
  async end (error: NgpilotError): Promise<void> {
    this.#ended = error
    this.#turns.refuseAll(error)
    await Promise.all([...this.#links].map((link) => link.end(error)))
  }

  /** @throws NgpilotError `too_large`. */
  #wayFor ({ command, message, isReplyLong }: Sending): Way {
    const { streamAboveBytes = maxBytesOver('udp') } = this.node
    const way = this.#forLong && (isReplyLong || message.length > streamAboveBytes) ? this.#forLong : this.#usual
    const { transport = 'udp' } = way.endpoint
    const maxBytes = maxBytesOver(transport)
    if (message.length <= maxBytes) return way
    throw new NgpilotError('too_large', `the ${command} has ${message.length} bytes; a ${transport === 'udp' ? 'datagram' : 'message'} holds ${maxBytes}`)
  }

  #linkOf (way: Way): Link {
    if (this.#ended) throw this.#ended // Its turn came in the moment of the end.
    if (way.link && !way.link.isStale) return way.link
    way.link?.retire()
    const link = new Link({ nodeId: this.node.id, ...this.#options, ...way })
    way.link = link
    this.#links.add(link)
    void link.closed.then(() => this.#links.delete(link))
    return link
  }
}

/** Compared field by field, as a configuration that was read anew makes new objects of the same content. */
function isSame (one: Endpoint | undefined, other: Endpoint | undefined): boolean {
  if (!one || !other) return one === other
  return one.host === other.host && one.port === other.port
    && (one.transport ?? 'udp') === (other.transport ?? 'udp')
    && one.tls?.ca === other.tls?.ca && one.tls?.cert === other.tls?.cert
    && one.tls?.key === other.tls?.key && one.tls?.serverName === other.tls?.serverName
}
