import { asNgpilotError, NgpilotError } from '../errors.ts'
import { maxMessageBytes } from './check.ts'
import { encode } from './codec.ts'
import { createCookies } from './cookie.ts'
import { NodeSocket } from './node-socket.ts'
import { silentObserver, type NgObserver } from './observer.ts'
import { refusalOf } from './reply.ts'
import type { MediaNode, NgCommand, NgReply } from './types.ts'

export interface NgClientOptions {
  /** Becomes part of the cookies. */
  instanceId: string
  /** Milliseconds of silence before a command is sent again; doubles each time. */
  retryAfterMs?: number
  observer?: NgObserver
}

/** The NG client of this process: one UDP socket a node, opened at the first command to it. */
export class NgClient {
  readonly #retryAfterMs: number
  readonly #observer: NgObserver
  readonly #nextCookie: () => string
  /** By id and address: a node whose address changes gets a new socket. */
  readonly #sockets = new Map<string, NodeSocket>()
  /** Those too that were replaced and still wait for a reply. */
  readonly #open = new Set<NodeSocket>()
  #isClosed = false

  constructor ({ instanceId, retryAfterMs = 60, observer = silentObserver }: NgClientOptions) {
    this.#retryAfterMs = retryAfterMs
    this.#observer = observer
    this.#nextCookie = createCookies(instanceId)
  }

  /**
   * Sends one NG command to a node and resolves with its reply, `ok` or `pong`.
   *
   * A silent node gets the same datagram again after `retryAfterMs`, doubling, until the deadline. The cookie stays the
   * same, so that rtpengine knows a repeat and answers it from its cookie cache; another `send` takes another cookie.
   *
   * @param options.deadline by the clock of `performance.now()`, in milliseconds; the promise settles by then.
   * @throws NgpilotError `ng_timeout` when no reply came; `no_node` when the node's name or port leads nowhere (then
   *   nothing was executed) or it takes no more calls; `call_unknown` and `ng_rejected` when it refuses (`reasonOf` has
   *   its words); `too_large` for more than one datagram; `bad_request` for what bencode cannot hold; `stopping` after
   *   `close`.
   * @see https://rtpengine.readthedocs.io/en/latest/ng_control_protocol.html
   */
  async send (node: MediaNode, command: NgCommand, { deadline }: { deadline: number }): Promise<NgReply> {
    if (this.#isClosed) throw stopping()
    const startedAt = performance.now()
    const settled = (result: 'ok' | 'error' | 'timeout') => {
      this.#observer.command(node.id, command.command, result, (performance.now() - startedAt) / 1000)
    }

    const cookie = this.#nextCookie()
    const datagram = encode(cookie, command)
    if (datagram.length > maxMessageBytes) {
      throw new NgpilotError('too_large', `the ${command.command} has ${datagram.length} bytes; a datagram holds ${maxMessageBytes}`)
    }
    if (startedAt >= deadline) {
      throw new NgpilotError('ng_timeout', `node ${node.id} was not sent the ${command.command}: its deadline had passed`)
    }
    let reply
    try {
      reply = await this.#socketFor(node)
        .send({ command: command.command, cookie, datagram, deadline, retryAfterMs: this.#retryAfterMs })
    } catch (error) {
      if (asNgpilotError(error).code !== 'stopping') settled('timeout')
      throw error
    }
    const refusal = refusalOf(node, command, reply)
    settled(refusal ? 'error' : 'ok')
    if (refusal) throw refusal
    return reply
  }

  /** Fails what is under way with `stopping` and closes the sockets. */
  async close (): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#open].map((socket) => socket.end(stopping())))
  }

  #socketFor (node: MediaNode): NodeSocket {
    const key = `${node.id} ${node.host} ${node.port}`
    const current = this.#sockets.get(key)
    if (current && !current.isStale) return current
    current?.retire()
    const socket = new NodeSocket(node, this.#observer)
    this.#sockets.set(key, socket)
    this.#open.add(socket)
    void socket.closed.then(() => this.#open.delete(socket))
    return socket
  }
}

function stopping (): NgpilotError {
  return new NgpilotError('stopping', 'the NG client is closed')
}
