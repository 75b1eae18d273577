/** How long a node may stay silent before a command is sent again, in milliseconds. */
export interface Waits {
  /** After the first transmission, */
  firstMs: number
  /** and after each further one; absent: each time twice as long. */
  thenMs?: number
}

const firstWait = { roundTrips: 4, leastMs: 10, mostMs: 100 }
const thenWait = { roundTrips: 2, leastMs: 20, mostMs: 40 }
const gain = 1 / 8
const maxRepeated = 256

/**
 * When to send again to a node whose round trip is `smoothedMs`, undefined while it has not been measured.
 *
 * Unmeasured: `retryAfterMs`, doubling without end (RFC 6298 §5.5), for nothing is known of the way there.
 *
 * Measured: four round trips, from 10 to 100 ms, then every two round trips, from 20 to 40 ms. 10 ms, because an offer
 * takes rtpengine 0.6 ms, a full node (`maxInFlight`) some 5 ms, and a pause of this process a few more. 100 and 40 ms, so
 * that nine copies fit into 400 ms whatever was measured. No doubling: what is silent for four round trips has lost a
 * datagram, and then time helps no more, but a copy does. At 30 % loss each way a copy comes through with 0.7 × 0.7.
 * Doubling from 10 ms sends 6 copies in 400 ms and fails 18 calls in 1,000 (0.51⁶); every 20 ms it is 21 copies, and 0.7
 * calls in a million fail (0.51²¹). Against a node that became slow there is `RoundTrip.duplicate`, against one that is
 * silent the cap on commands in flight.
 */
export function waitsFor (smoothedMs: number | undefined, retryAfterMs: number): Waits {
  if (smoothedMs === undefined) return { firstMs: retryAfterMs }
  return { firstMs: bounded(smoothedMs, firstWait), thenMs: bounded(smoothedMs, thenWait) }
}

function bounded (smoothedMs: number, { roundTrips, leastMs, mostMs }: typeof firstWait): number {
  return Math.min(Math.max(roundTrips * smoothedMs, leastMs), mostMs)
}

/** A time that is measured again and again: each measurement moves it by an eighth of the difference (RFC 6298 §2.3). */
export class SmoothedMs {
  #value: number | undefined
  #count = 0

  /** Undefined while nothing was measured. */
  get value (): number | undefined {
    return this.#value
  }

  /** In the first time is all that is done once (this process starts, a name is looked up): a shorter second replaces it. */
  add (ms: number): void {
    if (this.#value === undefined || (this.#count === 1 && ms < this.#value)) this.#value = ms
    else this.#value += (ms - this.#value) * gain
    this.#count++
  }
}

/** A node's round trip, smoothed. */
export class RoundTrip {
  readonly #smoothedMs = new SmoothedMs()
  /** The latest repeated commands by cookie: milliseconds from the first transmission, and replies still to come. */
  readonly #repeated = new Map<string, { elapsedMs: number, missing: number }>()

  /** Milliseconds, undefined while nothing was measured. */
  get smoothedMs (): number | undefined {
    return this.#smoothedMs.value
  }

  /**
   * A command was answered `elapsedMs` after its first transmission. Of a repeated one nobody can tell which copy was
   * answered, so it does not count (Karn's algorithm, RFC 6298 §3) until a `duplicate` shows that it may.
   */
  answered (cookie: string, elapsedMs: number, transmissions: number): void {
    if (transmissions === 1) this.#smoothedMs.add(elapsedMs)
    else this.#remember(cookie, { elapsedMs, missing: transmissions - 1 })
  }

  /**
   * One more reply to a command that has been answered. rtpengine answers every copy once: with as many replies as
   * copies none was lost, the first reply was to the first copy, and the node was only slow. Without this a node that
   * became slow would never be measured again, for all its commands are repeated, which makes it slower still.
   */
  duplicate (cookie: string): void {
    const repeated = this.#repeated.get(cookie)
    if (!repeated || --repeated.missing > 0) return
    this.#repeated.delete(cookie)
    this.#smoothedMs.add(repeated.elapsedMs)
  }

  #remember (cookie: string, repeated: { elapsedMs: number, missing: number }): void {
    const [oldest] = this.#repeated.keys()
    if (oldest !== undefined && this.#repeated.size >= maxRepeated) this.#repeated.delete(oldest)
    this.#repeated.set(cookie, repeated)
  }
}
