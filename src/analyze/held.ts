/** Something of a capture that is followed from its first packet to its last. Times in milliseconds. */
export interface Followed { first: number, last: number, isJudged?: boolean }

/** So many of one kind are held of calls that are not judged yet. */
const most = 5000

/** What a capture has of one kind, by name, within bounds. Whose it is, is known only when the SDPs are. */
export class Held<T extends Followed> {
  readonly #all = new Map<string, T>()
  /** Whether there were more at once than are held. */
  isOverfull = false

  /** The one of that name, made where there is none; undefined where no more are held. */
  get (name: string, make: () => T): T | undefined {
    const known = this.#all.get(name)
    if (known) return known
    if (this.#all.size >= most) {
      this.isOverfull = true
      return undefined
    }
    const made = make()
    this.#all.set(name, made)
    return made
  }

  /** Those that are of a call, which is judged by them now. */
  judge (isOwn: (each: T) => boolean): T[] {
    const own = [...this.#all.values()].filter(isOwn)
    for (const each of own) each.isJudged = true
    return own
  }

  /** Lets go of those of calls that have been judged. */
  forgetJudged (): void {
    for (const [name, { isJudged }] of this.#all) if (isJudged === true) this.#all.delete(name)
  }
}
