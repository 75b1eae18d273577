import { Agent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as TlsAgent, request as httpsRequest } from 'node:https'
import { asNgpilotError } from '../../errors.ts'
import type { Endpoint } from '../types.ts'
import { isPassing, maxUnanswered, tlsOptions, urlOf } from './stream.ts'
import { maxBytesOver, type Transport, type TransportEvents } from './transport.ts'

/** `POST /ng` to one node, a request for each command, on connections that are kept. */
export class HttpTransport implements Transport {
  readonly repeatsWhen = 'failed'
  readonly closed: Promise<void>
  readonly #events: TransportEvents
  readonly #url: string
  readonly #agent: Agent
  readonly #request: typeof httpRequest
  readonly #maxBytes: number
  readonly #unanswered = new Set<ClientRequest>()
  #onClosed!: () => void
  #isClosed = false
  #grace: NodeJS.Timeout | undefined

  constructor (endpoint: Endpoint, events: TransportEvents) {
    const isTls = endpoint.transport === 'https'
    this.#events = events
    this.#url = urlOf(endpoint)
    this.#agent = isTls ? new TlsAgent({ ...tlsOptions(endpoint), keepAlive: true }) : new Agent({ keepAlive: true })
    this.#request = isTls ? httpsRequest : httpRequest
    this.#maxBytes = maxBytesOver(endpoint.transport)
    this.closed = new Promise((resolve) => { this.#onClosed = resolve })
  }

  transmit (cookie: string, message: Buffer): boolean {
    if (this.#isClosed || this.#unanswered.size >= maxUnanswered) return false
    let request: ClientRequest
    try {
      request = this.#request(this.#url, {
        agent: this.#agent,
        method: 'POST',
        // To the letter, or rtpengine answers 404; and it reads no chunked bodies.
        headers: { 'Content-Type': 'application/x-rtpengine-ng', 'Content-Length': message.length },
      })
    } catch (error) {
      // A port that is none. The command is not under way yet.
      queueMicrotask(() => this.#events.unusable(asNgpilotError(error)))
      return false
    }
    this.#unanswered.add(request)
    request
      .once('response', (response) => this.#read(response, cookie, request))
      .on('error', (error) => this.#failed(error, cookie, request))
      .end(message)
    return true
  }

  close (graceMs: number): void {
    this.#isClosed = true
    clearTimeout(this.#grace)
    if (this.#unanswered.size === 0) this.#shut()
    else this.#grace = setTimeout(() => this.#shut(), graceMs)
  }

  #shut (): void {
    clearTimeout(this.#grace)
    for (const request of this.#unanswered) request.destroy()
    this.#agent.destroy()
    this.#onClosed()
  }

  #read (response: IncomingMessage, cookie: string, request: ClientRequest): void {
    if (response.statusCode !== 200) {
      response.resume()
      this.#isOver(request)
      this.#events.unusable(new Error(`${this.#url} answers with HTTP status ${response.statusCode ?? 0}`))
      return
    }
    const chunks: Buffer[] = []
    let bytes = 0
    response
      .on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        bytes += chunk.length
        if (bytes > this.#maxBytes) response.destroy(new Error(`the reply has more than ${this.#maxBytes} bytes`))
      })
      .on('error', (error) => {
        if (this.#isOver(request)) this.#events.failed(error, cookie)
      })
      .on('end', () => {
        this.#isOver(request)
        this.#events.received(Buffer.concat(chunks))
      })
  }

  #failed (error: Error, cookie: string, request: ClientRequest): void {
    if (!this.#isOver(request)) return
    if (isPassing(error)) this.#events.failed(error, cookie)
    else this.#events.unusable(error)
  }

  /** Once for each request: an end can be followed by an error. */
  #isOver (request: ClientRequest): boolean {
    const isOver = this.#unanswered.delete(request)
    if (this.#isClosed && this.#unanswered.size === 0) this.#shut()
    return isOver
  }
}
