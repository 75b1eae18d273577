/** Takes exact numbers of bytes from chunks of any size. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>
  #held: Buffer = Buffer.alloc(0)
  #isOver = false
  /** Whether the bytes ended inside of what was wanted last. */
  isCut = false

  constructor (chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** The next `size` bytes, or undefined when fewer are left. */
  async take (size: number): Promise<Buffer | undefined> {
    const parts = [this.#held]
    let length = this.#held.length
    while (length < size && !this.#isOver) {
      const next = await this.#chunks.next()
      if (next.done === true) {
        this.#isOver = true
      } else {
        parts.push(next.value)
        length += next.value.length
      }
    }
    const all = parts.length === 1 ? this.#held : Buffer.concat(parts)
    if (all.length < size) {
      this.#held = Buffer.alloc(0)
      this.isCut = all.length > 0
      return undefined
    }
    this.#held = all.subarray(size)
    return all.subarray(0, size)
  }

  /** Passes over bytes without holding them. @returns whether they were there. */
  async skip (size: number): Promise<boolean> {
    for (let left = size; left > 0; left -= 65_536) {
      if (!await this.take(Math.min(left, 65_536))) return false
    }
    return true
  }
}
