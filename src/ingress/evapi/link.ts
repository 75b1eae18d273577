import { connect, type Socket } from 'node:net'
import type { EvapiObserver } from './observer.ts'
import { NetstringReader, netstring } from './netstrings.ts'
import { Window, mostFrameBytes } from './window.ts'

/** One Kamailio: its `bind_addr` of evapi. The id is its label in metrics and logs. */
export interface KamailioAddress { id: string, host: string, port: number }

export interface LinkTimes {
  /** Before the second try to connect; doubles up to 16 times as much. */
  retryAfterMs: number
  /** Between two pings of a link on which all is quiet. */
  pingEveryMs: number
  /** Kamailio is given up, and connected to anew, when it has not answered a ping for so long. */
  silentMs: number
  /** A frame that could not be sent for so long is not worth it any more: the transaction is over. */
  keptMs: number
}

export interface LinkOptions {
  kamailio: KamailioAddress
  /** Ours alone among all clients of that Kamailio: each of them sees the answers to the pings of all. */
  name: string
  observer: EvapiObserver
  onPayload: (payload: Buffer) => void
  times?: Partial<LinkTimes>
}

const defaultTimes: LinkTimes = { retryAfterMs: 250, pingEveryMs: 5000, silentMs: 3000, keptMs: 2000 }
const mostQueued = 2000
/** Between two frames Kamailio skips it (evapi_dispatch.c, 5.6 to 6.1). */
const acknowledgement = '\n'

/**
 * The connection to one Kamailio, made anew whenever it is lost. Each frame is one write, since Kamailio loses a frame
 * whose length comes in two pieces, and waits here while Kamailio has too much to read (see {@link Window}). What cannot be
 * sent in time is dropped and counted: neither a silent Kamailio nor a lost one piles anything up.
 */
export class Link {
  readonly kamailio: KamailioAddress
  readonly #options: LinkOptions
  readonly #times: LinkTimes
  readonly #queue: { frame: Buffer, at: number }[] = []
  #socket: Socket | undefined
  #window = new Window()
  #isUp = false
  #isClosed = false
  #failures = 0
  #pingNumber = 0
  /** When the oldest ping without an answer was sent. */
  #waitsSince: number | undefined
  #lastPingAt = 0
  #retry: NodeJS.Timeout | undefined
  readonly #tick: NodeJS.Timeout

  constructor (options: LinkOptions) {
    this.kamailio = options.kamailio
    this.#options = options
    this.#times = { ...defaultTimes, ...options.times }
    this.#tick = setInterval(() => this.#watch(), Math.min(this.#times.silentMs, this.#times.pingEveryMs) / 4).unref()
    this.#connect()
  }

  /** Whether Kamailio answers there. */
  get isUp (): boolean { return this.#isUp }

  /** @returns whether it fits into a frame for Kamailio. */
  send (payload: string): boolean {
    const frame = netstring(payload)
    if (frame.length > mostFrameBytes) return false
    if (!this.#socket) {
      this.#options.observer.lost(this.kamailio.id, 'disconnected')
      return true
    }
    if (this.#queue.length >= mostQueued) {
      this.#queue.shift()
      this.#options.observer.lost(this.kamailio.id, 'queue_full')
    }
    this.#queue.push({ frame, at: performance.now() })
    this.#flush()
    return true
  }

  /** The answer of Kamailio's script to a ping; those of other clients' pings are none of ours. */
  pong (id: string): void {
    if (!this.#window.read(id)) return
    this.#waitsSince = this.#window.pings > 0 ? this.#lastPingAt : undefined
    this.#failures = 0
    if (!this.#isUp) {
      this.#isUp = true
      this.#options.observer.connected(this.kamailio.id)
    }
    this.#flush()
  }

  /** Sends what waits, as far as Kamailio takes it, and ends the connection. */
  close (): void {
    this.#isClosed = true
    clearTimeout(this.#retry)
    clearInterval(this.#tick)
    this.#socket?.end()
    this.#socket?.setTimeout(this.#times.silentMs, () => this.#socket?.destroy())
  }

  #connect (): void {
    const { host, port } = this.kamailio
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 })
    const reader = new NetstringReader()
    let reason = 'Kamailio closed the connection'
    // Of a host that has vanished the kernel would say so after two minutes only.
    socket.setTimeout(this.#times.silentMs, () => socket.destroy(new Error('no connection in time')))
    socket.on('connect', () => {
      socket.setTimeout(0)
      this.#socket = socket
      this.#window = new Window()
      this.#waitsSince = undefined
      this.#ping()
    })
    socket.on('data', (chunk) => {
      this.#acknowledge()
      const { payloads, broken } = reader.push(chunk)
      for (let count = 0; count < broken; count++) this.#options.observer.lost(this.kamailio.id, 'malformed')
      for (const payload of payloads) {
        this.#options.observer.frame(this.kamailio.id, 'in')
        this.#options.onPayload(payload)
      }
    })
    socket.on('error', (error) => { reason = error.message })
    socket.on('close', () => this.#lost(reason))
  }

  #lost (reason: string): void {
    for (let count = this.#queue.length; count > 0; count--) this.#options.observer.lost(this.kamailio.id, 'disconnected')
    this.#queue.length = 0
    this.#socket = undefined
    const wasUp = this.#isUp
    this.#isUp = false
    if (this.#isClosed) return
    // Not at each try: a Kamailio may be down for days.
    if (wasUp || this.#failures === 0) this.#options.observer.disconnected(this.kamailio.id, reason)
    const waitMs = this.#times.retryAfterMs * 2 ** Math.min(this.#failures++, 4)
    this.#retry = setTimeout(() => this.#connect(), waitMs * (0.8 + 0.4 * Math.random())).unref()
  }

  #flush (): void {
    for (let next = this.#queue[0]; next; next = this.#queue[0]) {
      if (performance.now() - next.at > this.#times.keptMs) {
        this.#options.observer.lost(this.kamailio.id, 'expired')
      } else if (this.#window.takes(next.frame.length)) {
        this.#write(next.frame)
      } else {
        if (this.#window.pings === 0) this.#ping()
        return
      }
      this.#queue.shift()
    }
  }

  /**
   * Has our kernel acknowledge at once what came, by sending something with it. Kamailio's socket holds its next frame back
   * until the one before is acknowledged (Nagle's algorithm, RFC 1122 §4.2.3.4), and a kernel waits with that for 40 ms.
   */
  #acknowledge (): void {
    if (!this.#window.takes(acknowledgement.length)) return
    this.#socket?.write(acknowledgement)
    this.#window.sent(acknowledgement.length)
  }

  #write (frame: Buffer): void {
    this.#socket?.write(frame)
    this.#window.sent(frame.length)
    this.#options.observer.frame(this.kamailio.id, 'out')
    if (this.#window.isPingDue) this.#ping()
  }

  #ping (): void {
    const id = `${this.#options.name}-${++this.#pingNumber}`
    const frame = netstring(JSON.stringify({ ping: id }))
    this.#socket?.write(frame)
    this.#window.sent(frame.length, id)
    this.#lastPingAt = performance.now()
    this.#waitsSince ??= this.#lastPingAt
  }

  /** Pings a quiet link; gives up one whose pings stay without an answer. A lost ping is sent again once. */
  #watch (): void {
    if (!this.#socket) return
    this.#flush()
    const now = performance.now()
    const dueMs = this.#waitsSince === undefined ? this.#times.pingEveryMs : this.#times.silentMs / 2
    if (this.#waitsSince !== undefined && now - this.#waitsSince >= this.#times.silentMs) {
      this.#socket.destroy(new Error(this.#isUp
        ? `Kamailio has answered no ping for ${this.#times.silentMs} ms`
        : 'Kamailio\'s script does not answer pings; kamailio/media-evapi.cfg shows how'))
    } else if (now - this.#lastPingAt >= dueMs) {
      this.#ping()
    }
  }
}
