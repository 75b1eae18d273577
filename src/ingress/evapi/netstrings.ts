/**
 * What Kamailio's evapi holds of a client's frames at a time (evapi_dispatch.c, 5.6 to 6.1). A frame that does not fit, its
 * length, colon and comma included, makes it drop the connection.
 */
export const kamailioBufferBytes = 32_767

/** `LEN:PAYLOAD,` */
export function netstring (payload: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(payload)}:${payload},`)
}

/** What is read of one frame from Kamailio at most: a SIP message of 64 KB, every other byte of it escaped. */
const mostReadBytes = 131_072
const longestStart = ',123456:{"'.length

/**
 * Takes a stream of netstrings that hold JSON objects apart.
 *
 * A broken frame costs itself alone. Kamailio makes one of a text with a NUL in it: the length counts all of the text, and
 * what comes after the NUL is never sent. The next frame is then found by its beginning, `,LEN:{"`, which stands nowhere
 * in JSON: in a string the quote is escaped, and outside of strings no number is followed by a colon.
 */
export class NetstringReader {
  #received: Buffer = Buffer.alloc(0)
  /** Up to where an unfinished frame has been searched for the beginning of the next. */
  #searched = 0
  #isLost = false

  /** @returns the payloads that are whole now, and how many frames were given up. */
  push (chunk: Buffer): { payloads: Buffer[], broken: number } {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const payloads: Buffer[] = []
    let broken = 0
    while (!this.#isLost || this.#find()) {
      const payload = this.#take()
      this.#isLost = payload === 'broken'
      if (payload === 'unfinished') break
      if (payload === 'broken') broken++
      else payloads.push(payload)
    }
    // A view would keep the whole chunk in memory.
    this.#received = Buffer.from(this.#received)
    return { payloads, broken }
  }

  #take (): Buffer | 'unfinished' | 'broken' {
    const head = this.#received.toString('latin1', 0, longestStart)
    const [start, digits] = /^(\d{1,6}):/.exec(head) ?? []
    if (start === undefined || digits === undefined) return /^\d{0,6}$/.test(head) ? 'unfinished' : 'broken'
    const end = start.length + Number(digits)
    if (Number(digits) > mostReadBytes) return 'broken'
    if (this.#received.length <= end) return this.#holdsAnother() ? 'broken' : 'unfinished'
    if (this.#received[end] !== 0x2c) return 'broken'
    const payload = this.#received.subarray(start.length, end)
    this.#drop(end + 1)
    return payload
  }

  /** Whether the next frame begins within the unfinished one. */
  #holdsAnother (): boolean {
    const found = startIn(this.#received, this.#searched)
    this.#searched = Math.max(0, this.#received.length - longestStart)
    return found !== undefined
  }

  /** Goes on to where the next frame begins; of what holds none, only what may be half a beginning is kept. */
  #find (): boolean {
    const found = startIn(this.#received, 0)
    this.#drop(found ?? Math.max(0, this.#received.length - longestStart))
    return found !== undefined
  }

  #drop (bytes: number): void {
    this.#received = this.#received.subarray(bytes)
    this.#searched = 0
  }
}

function startIn (bytes: Buffer, from: number): number | undefined {
  const found = /,\d{1,6}:\{"/.exec(bytes.toString('latin1', from))
  return found ? from + found.index + 1 : undefined
}
