import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** What baresip tells by itself: `CALL_ESTABLISHED`, `CALL_CLOSED` (with the reason), `CALL_DTMF_START` (the digit) … */
export interface BaresipEvent { type: string, class?: string, id?: string, peeruri?: string, param?: string }

interface Answer { response: true, ok: boolean, data: string, token: string }
interface Waiter { resolve: (answer: Answer) => void, reject: (error: Error) => void }
type Message = Answer | (BaresipEvent & { response?: undefined })

/** A connection to baresip's `ctrl_tcp` module: commands and events, as JSON in netstrings (`5:hello,`). */
export class BaresipControl {
  readonly #socket: Socket
  readonly #events: BaresipEvent[] = []
  readonly #waiting = new Set<() => void>()
  readonly #answers = new Map<string, Waiter>()
  #received = Buffer.alloc(0)
  #commands = 0

  private constructor (socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('error', () => undefined) // 'close' follows.
    socket.on('close', () => this.#rejectAll(new Error('baresip has ended')))
  }

  static async connect (port: number): Promise<BaresipControl> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new BaresipControl(socket)
  }

  /** All that happened so far, oldest first. */
  get events (): readonly BaresipEvent[] { return this.#events }

  /** Sends a command and resolves with what baresip says to it; that it "failed" is not always true. */
  async command (command: string, params?: string): Promise<string> {
    const token = String(++this.#commands)
    const text = JSON.stringify({ command, ...(params !== undefined && { params }), token })
    const answer = new Promise<Answer>((resolve, reject) => this.#answers.set(token, { resolve, reject }))
    this.#socket.write(`${Buffer.byteLength(text)}:${text},`)
    return (await answer).data
  }

  /**
   * Resolves with the first event that fits, looking at those from `after` on (an index into `events`).
   *
   * @throws Error with the events that came instead
   */
  async waitFor (fits: (event: BaresipEvent) => boolean, { after = 0, withinMs = 15_000 } = {}): Promise<BaresipEvent> {
    const deadline = performance.now() + withinMs
    for (;;) {
      const event = this.#events.slice(after).find(fits)
      if (event) return event
      const remainingMs = deadline - performance.now()
      if (remainingMs <= 0) {
        const seen = this.#events.slice(after).map(({ type, param }) => `${type} ${param ?? ''}`)
        throw new Error(`not within ${withinMs} ms; instead came: ${seen.join(', ') || 'nothing'}`)
      }
      await this.#nextEvent(remainingMs)
    }
  }

  close (): void { this.#socket.destroy() }

  #rejectAll (error: Error): void {
    for (const { reject } of this.#answers.values()) reject(error)
    this.#answers.clear()
  }

  async #nextEvent (withinMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, withinMs)
      this.#waiting.add(wake)
    })
  }

  #read (chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    for (;;) {
      const colon = this.#received.indexOf(':')
      if (colon < 0) return
      const end = colon + 1 + Number(this.#received.toString('latin1', 0, colon))
      if (this.#received.length <= end) return // the comma is missing yet
      this.#take(JSON.parse(this.#received.toString('utf8', colon + 1, end)) as Message)
      this.#received = this.#received.subarray(end + 1)
    }
  }

  #take (message: Message): void {
    if (message.response) {
      this.#answers.get(message.token)?.resolve(message)
      this.#answers.delete(message.token)
      return
    }
    this.#events.push(message)
    for (const wake of [...this.#waiting]) wake()
  }
}
