import type { CallChange } from './store.ts'

/** A write that waits. Changes in a row are one. */
export type JournalEntry = { kind: 'end' | 'remove' } | { kind: 'save', change: CallChange }

export interface Waiting {
  kind: JournalEntry['kind']
  /** For a save: what is to be saved, one after another. */
  changes: CallChange[]
  /** It is being written, so what comes now is another one. */
  isSealed: boolean
}

/** Writes that wait for the store, call by call in the order in which they came, those of a call in theirs. */
export class Journal {
  readonly #calls = new Map<string, Waiting[]>()
  readonly #maxWaiting: number
  readonly #onLost: () => void

  /** @param onLost told for each call whose writes make room, the oldest first */
  constructor ({ maxWaiting, onLost }: { maxWaiting: number, onLost: () => void }) {
    this.#maxWaiting = maxWaiting
    this.#onLost = onLost
  }

  /** How many calls have writes that wait. */
  get size (): number {
    return this.#calls.size
  }

  has (callId: string): boolean {
    return this.#calls.has(callId)
  }

  add (callId: string, entry: JournalEntry): void {
    const waiting = this.#calls.get(callId)
    const last = waiting?.at(-1)
    if (last && !last.isSealed && last.kind === 'save' && entry.kind === 'save') merge(last.changes, entry.change)
    else if (waiting) waiting.push(waitingOf(entry))
    else {
      this.#makeRoom()
      this.#calls.set(callId, [waitingOf(entry)])
    }
  }

  /** The call that waits longest. */
  first (): string | undefined {
    const [callId] = this.#calls.keys()
    return callId
  }

  /** What is to be written next of a call. */
  next (callId: string): Waiting | undefined {
    const next = this.#calls.get(callId)?.[0]
    if (next) next.isSealed = true
    return next
  }

  /** It has been written. */
  done (callId: string, entry: Waiting): void {
    const waiting = this.#calls.get(callId)
    if (waiting?.[0] === entry) waiting.shift()
    if (waiting?.length === 0) this.#calls.delete(callId)
  }

  #makeRoom (): void {
    const oldest = this.first()
    if (oldest === undefined || this.#calls.size < this.#maxWaiting) return
    this.#calls.delete(oldest)
    this.#onLost()
  }
}

function waitingOf (entry: JournalEntry): Waiting {
  return { kind: entry.kind, changes: entry.kind === 'save' ? [entry.change] : [], isSealed: false }
}

/** All fields go into the first change; each further event needs one of its own. */
function merge (changes: CallChange[], { event, ...fields }: CallChange): void {
  const [first = {}, ...others] = changes
  const merged: CallChange = {
    ...first, ...fields,
    ...(first.legs && { legs: { ...first.legs, ...fields.legs } }),
    ...(first.branches && { branches: { ...first.branches, ...fields.branches } }),
  }
  if (event && !merged.event) merged.event = event
  else if (event) others.push({ event })
  // The timeline keeps no more of them either.
  if (others.length > longestTimeline) others.shift()
  changes.splice(0, changes.length, merged, ...others)
}

const longestTimeline = 32
