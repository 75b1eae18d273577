/** After how many milliseconds without a reply a node may count as silent: twice its longest pause of late, within these. */
const leastPatienceMs = 50
const mostPatienceMs = 200
/** The memory of a pause halves in so long. */
const halfLifeMs = 30_000
/** What takes longer is no pause but an absence, which says nothing of pauses. */
const longestPauseMs = 1000
/** When nothing has gone out for so long, what was said of the node before says nothing of now. */
const staleMs = 2000
/** How probable it may be that everything unanswered was only lost on the way. */
const chance = 1e-4
const leastLoss = 0.02
const mostLoss = 0.7
const gain = 1 / 16

/**
 * Whether a node is silent, from all that was sent to it and all that came back, whichever commands these belong to: long
 * before one of them has waited for its deadline, several without any reply tell the same. Two things must come together:
 *
 * so many transmissions since the last reply that chance would hardly have lost them all, by the share that was lost of late
 * (3 where nearly nothing is, 14 where half of them are), and so long a time as the node has not paused for of late: 50 ms
 * where it has a processor to itself, up to 200 where it, or this process, must wait for one.
 */
export class Silence {
  #unanswered = 0
  /** When the first of them went out. */
  #since = Infinity
  #lastSentAt = -Infinity
  #loss = leastLoss
  /** The longest time from a transmission to the next reply, and when that was. */
  #pauseMs = 0
  #pausedAt = 0

  /** Something went out. */
  sent (now: number): void {
    if (now - this.#lastSentAt > staleMs) this.#forget()
    if (this.#unanswered++ === 0) this.#since = now
    this.#lastSentAt = now
  }

  /** A reply came, to whatever. */
  replied (now: number): void {
    const pauseMs = now - this.#since
    if (pauseMs > this.#pause(now) && pauseMs < longestPauseMs) {
      this.#pauseMs = pauseMs
      this.#pausedAt = now
    }
    this.#forget()
  }

  /** A command was answered after so many transmissions: all but one of them were in vain. */
  answered (transmissions: number): void {
    const loss = this.#loss + ((transmissions - 1) / transmissions - this.#loss) * gain
    this.#loss = Math.min(Math.max(loss, leastLoss), mostLoss)
  }

  /** Milliseconds for which the node has said nothing although it was asked, when that is silence; else undefined. */
  silentMs (now: number, roundTripMs = 0): number | undefined {
    const quietMs = now - this.#since
    if (now - this.#lastSentAt > staleMs) return undefined
    const isLong = quietMs >= this.#patience(now, roundTripMs)
    return isLong && this.#loss ** this.#unanswered <= chance ? quietMs : undefined
  }

  /** When to look again, in milliseconds from now; undefined while everything is answered. */
  nextLookMs (now: number, roundTripMs = 0): number | undefined {
    if (this.#unanswered === 0) return undefined
    return Math.max(5, this.#since + this.#patience(now, roundTripMs) - now)
  }

  #forget (): void {
    this.#unanswered = 0
    this.#since = Infinity
  }

  #patience (now: number, roundTripMs: number): number {
    const patienceMs = Math.min(Math.max(leastPatienceMs, 2 * this.#pause(now)), mostPatienceMs)
    return Math.max(patienceMs, 4 * roundTripMs)
  }

  #pause (now: number): number {
    return this.#pauseMs * 2 ** ((this.#pausedAt - now) / halfLifeMs)
  }
}
