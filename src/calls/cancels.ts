/** How long a 2xx may still come after a CANCEL: on its way already, or repeated by the callee (RFC 3261 §13.3.1.4). */
const graceMs = 2000

/**
 * Calls that were cancelled. A CANCEL is a wish, and a 2xx that crosses it wins; so the call ends only when none has come
 * within the grace. A proxy that tells the INVITE's final failure ends it sooner.
 */
export class Cancels {
  readonly #end: (callId: string) => Promise<unknown>
  readonly #waiting = new Map<string, NodeJS.Timeout>()

  /** @param end ends the call, unless it has been accepted meanwhile */
  constructor (end: (callId: string) => Promise<unknown>) {
    this.#end = end
  }

  cancelled (callId: string): void {
    this.forget(callId)
    this.#waiting.set(callId, setTimeout(() => void this.#finish(callId), graceMs))
  }

  /** The call is over, or begins anew. */
  forget (callId: string): void {
    clearTimeout(this.#waiting.get(callId))
    this.#waiting.delete(callId)
  }

  /** Waits no longer for any of them. */
  async close (): Promise<void> {
    await Promise.all([...this.#waiting.keys()].map((callId) => this.#finish(callId)))
  }

  async #finish (callId: string): Promise<void> {
    this.forget(callId)
    // Where the store is away, the record expires and the node's own timeout ends the media.
    await this.#end(callId).catch(() => undefined)
  }
}
