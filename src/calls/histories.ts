import { beginHistory, type CallHistory } from '../diagnosis/history.ts'
import { forgetOldest, roomier } from '../forget-oldest.ts'

/**
 * The histories of the calls that this instance has served, in memory: of at most so many calls, those that have ended
 * going first, oldest before younger.
 */
export class Histories {
  readonly #most: number
  readonly #live = new Map<string, CallHistory>()
  readonly #ended = new Map<string, CallHistory>()

  constructor (most: number) {
    this.#most = most
  }

  get size (): number {
    return this.#live.size + this.#ended.size
  }

  find (callId: string): CallHistory | undefined {
    return this.#live.get(callId) ?? this.#ended.get(callId)
  }

  live (callId: string): CallHistory | undefined {
    return this.#live.get(callId)
  }

  begin (callId: string, at: number): CallHistory {
    this.#ended.delete(callId)
    const history = beginHistory(callId, at)
    this.#live.set(callId, history)
    this.#trim()
    return history
  }

  end (callId: string): void {
    const history = this.#live.get(callId)
    if (!history) return
    this.#live.delete(callId)
    this.#ended.set(callId, history)
    this.#trim()
  }

  #trim (): void {
    if (this.size <= this.#most) return
    const kept = roomier(this.#most)
    for (const histories of [this.#ended, this.#live]) forgetOldest(histories, () => this.size <= kept)
  }
}
