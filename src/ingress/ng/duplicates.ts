export interface DuplicatesOptions {
  /** For how long an answer is kept at least; a third longer at most. Default: 60 s, ten times as long as Kamailio asks. */
  keptMs?: number
  /** How much may be kept; beyond it the oldest third goes early. Default: 128 MB, some 1,300 commands a second. */
  maxBytes?: number
}

const slices = 3
/** What a kept answer takes beside its bytes, about. */
const overheadBytes = 200

/**
 * Remembers what was answered, so that a client that asks once more gets the same bytes and nothing is executed twice. A key
 * is the client's address and port with its cookie: Kamailio's cookies are unique in one process only.
 */
export class Duplicates {
  readonly #sliceMs: number
  readonly #maxBytes: number
  readonly #pending = new Set<string>()
  /** Youngest first. */
  #slices = [newSlice()]
  #sliceSince = performance.now()

  constructor ({ keptMs = 60_000, maxBytes = 128 * 1024 ** 2 }: DuplicatesOptions = {}) {
    this.#sliceMs = keptMs / slices
    this.#maxBytes = maxBytes
  }

  /** Commands that are being worked on. */
  get pending (): number {
    return this.#pending.size
  }

  /** Bytes that are kept. */
  get bytes (): number {
    return this.#slices.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** The answer that was given already, `pending` while it is being made, or undefined: it is new, and `end` must follow. */
  begin (key: string): Buffer | 'pending' | undefined {
    if (this.#pending.has(key)) return 'pending'
    for (const { answers } of this.#slices) {
      const answer = answers.get(key)
      if (answer) return answer
    }
    this.#pending.add(key)
    return undefined
  }

  end (key: string, answer: Buffer): void {
    this.#pending.delete(key)
    const now = performance.now()
    if (now - this.#sliceSince >= this.#sliceMs) this.#turn(now)
    const [youngest] = this.#slices
    if (!youngest) return
    youngest.answers.set(key, answer)
    youngest.bytes += answer.length + key.length + overheadBytes
    if (youngest.bytes > this.#maxBytes / slices) this.#turn(now)
    while (this.#slices.length > 1 && this.bytes > this.#maxBytes) this.#slices.pop()
  }

  #turn (now: number): void {
    // One more than three, for the youngest has only begun.
    this.#slices = [newSlice(), ...this.#slices.slice(0, slices)]
    this.#sliceSince = now
  }
}

function newSlice () {
  return { answers: new Map<string, Buffer>(), bytes: 0 }
}
