import { createSocket, type RemoteInfo } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { Client } from 'rtpengine-client'
import { asNgpilotError } from '../../errors.ts'
import type { Endpoint } from '../types.ts'
import type { Transport, TransportEvents } from './transport.ts'

/**
 * A UDP socket to one node. From rtpengine-client comes the socket's life; what the package does with a datagram is
 * replaced: it neither repeats a command nor looks at the sender, and turns a late or unreadable reply into an `error`
 * event, which ends the process (its issue 26).
 *
 * The socket is connected to the node, so that the kernel drops what comes from elsewhere and tells of a closed port.
 */
export class UdpTransport extends Client implements Transport {
  readonly repeatsWhen = 'silent'
  readonly closed: Promise<void>
  readonly #endpoint: Endpoint
  readonly #events: TransportEvents
  /** The node's address, once connected. */
  #peer: { address: string, port: number } | undefined
  #isClosed = false

  constructor (endpoint: Endpoint, events: TransportEvents) {
    super({})
    this.#endpoint = endpoint
    this.#events = events
    if (isIPv6(endpoint.host)) this.#becomeIPv6()
    this.closed = new Promise((resolve) => { this.socket.once('close', resolve) })
  }

  transmit (cookie: string, message: Buffer): boolean {
    if (!this.#peer || this.#isClosed) return false
    this.socket.send(message, (error) => {
      if (error) this.#events.failed(error, cookie)
    })
    return true
  }

  /** At once: a reply to a closed socket does the node no harm. */
  override close (): void {
    if (this.#isClosed) return
    this.#isClosed = true
    super.close()
  }

  protected override _onListening (): void {
    if (this.#isClosed) return
    super._onListening()
    try {
      this.socket.connect(this.#endpoint.port, this.#endpoint.host, (error?: Error) => this.#connected(error))
    } catch (error) {
      this.#events.unusable(asNgpilotError(error)) // A port that is none, say 0.
    }
  }

  protected override _onMessage (datagram: Buffer, from: RemoteInfo): void {
    // Between binding and connecting, the kernel lets in what comes from anywhere.
    if (from.address === this.#peer?.address && from.port === this.#peer.port) this.#events.received(datagram)
    else this.#events.strange()
  }

  protected override _onError (error: Error): void {
    if (this.#peer) this.#events.failed(error)
    else this.#events.unusable(error)
  }

  #connected (error?: Error): void {
    if (this.#isClosed) return
    if (error) {
      this.#events.unusable(error)
      return
    }
    this.#peer = this.socket.remoteAddress()
    this.#events.ready()
  }

  /** The package knows IPv4 only: its socket is put aside before it is used. */
  #becomeIPv6 (): void {
    this.socket.removeAllListeners().close()
    this.socket = createSocket('udp6')
      .on('message', (datagram, from) => this._onMessage(datagram, from))
      .on('error', (error) => this._onError(error))
      .on('listening', () => this._onListening())
      .bind()
  }
}
