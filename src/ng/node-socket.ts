import { createSocket, type RemoteInfo } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { Client } from 'rtpengine-client'
import { asNgpilotError, NgpilotError } from '../errors.ts'
import { decode } from './codec.ts'
import { Exchange } from './exchange.ts'
import type { NgObserver } from './observer.ts'
import { replyOf } from './reply.ts'
import type { MediaNode, NgReply } from './types.ts'

export interface Sending { command: string, cookie: string, datagram: Buffer, deadline: number, retryAfterMs: number }

/**
 * The UDP socket to one node, with the commands under way on it. From rtpengine-client comes the socket's life; what the
 * package does with a datagram is replaced: it neither repeats a command nor looks at the sender, and turns a late or
 * unreadable reply into an `error` event, which ends the process (its issue 26).
 *
 * The socket is connected to the node, so that the kernel drops what comes from elsewhere and tells of a closed port.
 */
export class NodeSocket extends Client {
  readonly #node: MediaNode
  readonly #observer: NgObserver
  /** Resolves when the socket is closed. */
  readonly closed: Promise<void>
  /** By cookie. */
  readonly #exchanges = new Map<string, Exchange>()
  /** The node's address, once connected. */
  #peer: { address: string, port: number } | undefined
  #state: 'open' | 'retired' | 'closed' = 'open'
  #isMute = false

  constructor (node: MediaNode, observer: NgObserver) {
    super({})
    this.#node = node
    this.#observer = observer
    if (isIPv6(node.host)) this.#becomeIPv6()
    this.closed = new Promise((resolve) => { this.socket.once('close', resolve) })
  }

  /**
   * A command has expired and nothing has come since: the node may have moved, or this host's own address. A new socket
   * looks up the name and chooses the local address anew. Also true once the socket cannot be used at all.
   */
  get isStale (): boolean {
    return this.#isMute || this.#state !== 'open'
  }

  async send ({ command, cookie, datagram, deadline, retryAfterMs }: Sending): Promise<NgReply> {
    const exchange: Exchange = new Exchange({
      node: this.#node,
      command,
      deadline,
      retryAfterMs,
      transmit: (): boolean => this.#transmit(datagram, exchange),
      onRetransmission: () => this.#observer.retransmission(this.#node.id),
      onExpired: () => { this.#isMute = true },
    })
    this.#exchanges.set(cookie, exchange)
    exchange.transmit()
    try {
      return await exchange.reply
    } finally {
      this.#exchanges.delete(cookie)
      if (this.#state === 'retired' && this.#exchanges.size === 0) this.#shut()
    }
  }

  /** Takes no new commands; closes with the last one under way. */
  retire (): void {
    if (this.#state !== 'open') return
    this.#state = 'retired'
    if (this.#exchanges.size === 0) this.#shut()
  }

  /** Closes at once; the commands under way fail with `error`. Resolves when the socket is closed. */
  async end (error: NgpilotError): Promise<void> {
    for (const exchange of this.#exchanges.values()) exchange.fail(error)
    this.#shut()
    await this.closed
  }

  protected override _onListening (): void {
    if (this.#state === 'closed') return
    super._onListening()
    try {
      this.socket.connect(this.#node.port, this.#node.host, (error?: Error) => this.#connected(error))
    } catch (error) {
      this.#unusable(asNgpilotError(error)) // A port that is none, say 0.
    }
  }

  protected override _onMessage (datagram: Buffer, from: RemoteInfo): void {
    // Between binding and connecting, the kernel lets in what comes from anywhere.
    if (from.address !== this.#peer?.address || from.port !== this.#peer.port) {
      this.#observer.malformed(this.#node.id)
      return
    }
    let cookie
    try {
      const decoded = decode(datagram)
      cookie = decoded.cookie
      this.#exchanges.get(cookie)?.settle(replyOf(decoded.message))
    } catch (error) {
      // Not the end of a command: the bytes may have been spoilt on the way, and the next copy is sound.
      this.#observer.malformed(this.#node.id)
      if (cookie !== undefined) this.#exchanges.get(cookie)?.failed(asNgpilotError(error))
      return
    }
    this.#isMute = false
    if (!this.#exchanges.delete(cookie)) this.#observer.lateReply(this.#node.id)
  }

  protected override _onError (error: Error): void {
    if (!this.#peer) this.#unusable(error)
    else for (const exchange of this.#exchanges.values()) exchange.failed(error)
  }

  #connected (error?: Error): void {
    if (this.#state === 'closed') return
    if (error) {
      this.#unusable(error)
      return
    }
    this.#peer = this.socket.remoteAddress()
    for (const exchange of this.#exchanges.values()) exchange.transmit()
  }

  #transmit (datagram: Buffer, exchange: Exchange): boolean {
    if (!this.#peer || this.#state === 'closed') return false
    this.socket.send(datagram, (error) => {
      if (error) exchange.failed(error)
    })
    return true
  }

  #unusable (error: Error): void {
    const { id, host, port } = this.#node
    void this.end(new NgpilotError('no_node', `node ${id} cannot be reached at ${host}:${port}: ${error.message}`, { cause: error }))
  }

  #shut (): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.close()
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
