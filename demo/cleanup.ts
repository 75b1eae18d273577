import type { StackContext } from '../stack/context.ts'

/**
 * What is to be undone when the demo ends, newest first. What is handed in after the end began is undone at once, so
 * that a start that is still under way leaves nothing behind either.
 */
export class Cleanup implements StackContext {
  readonly #ends: (() => Promise<void>)[] = []
  readonly #late: Promise<void>[] = []
  #isEnding = false

  after (end: () => Promise<void>): void {
    if (this.#isEnding) this.#late.push(this.#undo(end))
    else this.#ends.push(end)
  }

  async end (): Promise<void> {
    this.#isEnding = true
    for (let end = this.#ends.pop(); end; end = this.#ends.pop()) await this.#undo(end)
    await Promise.all(this.#late)
  }

  /** One that fails must not keep the others from ending. */
  async #undo (end: () => Promise<void>): Promise<void> {
    await end().catch((error: unknown) => console.error(`while ending: ${error instanceof Error ? error.message : String(error)}`))
  }
}
