/** Milliseconds without any reply after which a node may count as silent: at first, and after false alarms at most. */
const leastPatienceMs = 30
const mostPatienceMs = 200
/** A patience that grew by false alarms halves after so long without one. */
const forgetAfterMs = 60_000
/** A reply so soon after the alarm shows that it was false. */
const falseWithinMs = 1000
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
 * (3 where nearly nothing is, 14 where half of them are), and so long a time as a node that lives has not paused for. 30 ms
 * is more than a pause of an rtpengine that has a processor; where it has none, each false alarm doubles it.
 */
export class Silence {
  #unanswered = 0
  /** When the first of them went out. */
  #since = Infinity
  #lastSentAt = -Infinity
  #loss = leastLoss
  #patienceMs = leastPatienceMs
  #alarmAt = -Infinity
  #isAlarm = false
  #changedAt = 0

  /** Something went out. */
  sent (now: number): void {
    if (now - this.#lastSentAt > staleMs) this.#forget()
    if (this.#unanswered++ === 0) this.#since = now
    this.#lastSentAt = now
  }

  /** A reply came, to whatever. */
  replied (now: number): void {
    if (this.#isAlarm) this.#ended(now)
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
    const isLong = quietMs >= Math.max(this.#patience(now), 4 * roundTripMs)
    if (!isLong || this.#loss ** this.#unanswered > chance) return undefined
    if (!this.#isAlarm) this.#alarmAt = now
    this.#isAlarm = true
    return quietMs
  }

  /** When to look again, in milliseconds from now; undefined while everything is answered. */
  nextLookMs (now: number, roundTripMs = 0): number | undefined {
    if (this.#unanswered === 0) return undefined
    return Math.max(5, this.#since + Math.max(this.#patience(now), 4 * roundTripMs) - now)
  }

  #forget (): void {
    this.#unanswered = 0
    this.#since = Infinity
  }

  #ended (now: number): void {
    this.#isAlarm = false
    if (now - this.#alarmAt > falseWithinMs) return
    this.#patienceMs = Math.min(mostPatienceMs, Math.max(2 * this.#patienceMs, 1.5 * (now - this.#since)))
    this.#changedAt = now
  }

  #patience (now: number): number {
    if (this.#patienceMs > leastPatienceMs && now - this.#changedAt > forgetAfterMs) {
      this.#patienceMs = Math.max(leastPatienceMs, this.#patienceMs / 2)
      this.#changedAt = now
    }
    return this.#patienceMs
  }
}
