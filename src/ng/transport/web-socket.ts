import WebSocket from 'ws'
import { asNgpilotError } from '../../errors.ts'
import type { Endpoint } from '../types.ts'
import { isPassing, maxUnanswered, tlsOptions, urlOf } from './stream.ts'
import { maxBytesOver, type Transport, type TransportEvents } from './transport.ts'

// Of a node that has vanished the kernel would say so after two minutes only.
const openWithinMs = 2000

/**
 * WebSockets to one node (subprotocol `ng.rtpengine.com`), one binary message each way a command. As many are opened as
 * are needed, for each has one command at a time: with more, rtpengine writes replies into one another, cookie by cookie
 * (one in some 700 with 16 commands on a connection to 12.5.1.31; `websocket_ng_send_ws` in its `daemon/websocket.c`
 * queues cookie, space and dictionary one by one), and a call could get another call's SDP.
 *
 * It stands on `ws` itself. rtpengine-client has a WsClient on it, but that connects in its constructor, without a place
 * for certificates or limits, connects again 2 s after every end, its own `close` too, and throws at late replies: of
 * its methods none could be kept.
 */
export class WebSocketTransport implements Transport {
  readonly repeatsWhen = 'failed'
  readonly closed: Promise<void>
  readonly #endpoint: Endpoint
  readonly #events: TransportEvents
  readonly #idle = new Set<Connection>()
  readonly #unanswered = new Set<Connection>()
  /** One is made at a time; when it is open and a command still waits, that asks for the next. */
  #opening: Connection | undefined
  #onClosed!: () => void
  #isClosed = false
  #grace: NodeJS.Timeout | undefined

  constructor (endpoint: Endpoint, events: TransportEvents) {
    this.#endpoint = endpoint
    this.#events = events
    this.closed = new Promise((resolve) => { this.#onClosed = resolve })
  }

  transmit (cookie: string, message: Buffer): boolean {
    if (this.#isClosed) return false
    const [connection] = this.#idle
    if (!connection) {
      this.#open()
      return false
    }
    connection.cookie = cookie
    this.#idle.delete(connection)
    this.#unanswered.add(connection)
    connection.socket.send(message, ignore) // What goes wrong closes the socket.
    return true
  }

  close (graceMs: number): void {
    this.#isClosed = true
    clearTimeout(this.#grace)
    this.#grace = setTimeout(() => this.#shut(), graceMs)
    this.#shutWhenAnswered()
  }

  #open (): void {
    if (this.#opening || this.#unanswered.size >= maxUnanswered) return
    let socket
    try {
      socket = new WebSocket(urlOf(this.#endpoint), 'ng.rtpengine.com', {
        ...tlsOptions(this.#endpoint),
        perMessageDeflate: false,
        maxPayload: maxBytesOver(this.#endpoint.transport),
        handshakeTimeout: openWithinMs,
      })
    } catch (error) {
      // The command that asked for it is not under way yet.
      queueMicrotask(() => this.#events.unusable(asNgpilotError(error)))
      return
    }
    const connection: Connection = { socket }
    let failure = new Error('the node closed the connection')
    socket
      .on('open', () => {
        this.#opening = undefined
        this.#free(connection)
      })
      .on('message', (data) => {
        this.#events.received(Buffer.from(data))
        if (this.#unanswered.delete(connection)) this.#free(connection)
      })
      .on('error', (error) => { failure = error })
      .on('close', () => this.#lost(connection, failure))
    this.#opening = connection
  }

  #free (connection: Connection): void {
    this.#idle.add(connection)
    if (this.#isClosed) this.#shutWhenAnswered()
    else this.#events.ready()
  }

  #lost (connection: Connection, error: Error): void {
    const wasOpening = this.#opening === connection
    if (wasOpening) this.#opening = undefined
    this.#idle.delete(connection)
    const wasUnanswered = this.#unanswered.delete(connection)
    if (this.#isClosed) this.#shutWhenAnswered()
    else if (wasUnanswered) this.#events.failed(error, connection.cookie)
    else if (wasOpening && isPassing(error)) this.#events.failed(error)
    else if (wasOpening) this.#events.unusable(error)
  }

  #shutWhenAnswered (): void {
    if (this.#unanswered.size === 0) this.#shut()
  }

  /** No farewell: the session has no state beyond the command, and a dead node would not answer it. */
  #shut (): void {
    clearTimeout(this.#grace)
    for (const { socket } of [...this.#idle, ...this.#unanswered]) socket.terminate()
    this.#opening?.socket.terminate()
    this.#onClosed()
  }
}

/** `cookie` is that of the command that it carries, or carried last. */
interface Connection { readonly socket: WebSocket, cookie?: string }

const ignore = () => undefined
