import { kamailioBufferBytes } from './netstrings.ts'

/** The largest frame for Kamailio: what it holds, less room for the pings that may lie before it. */
export const mostFrameBytes = kamailioBufferBytes - 167

/** A ping follows after so many bytes, so that the window opens again before it is shut. */
const bytesBetweenPings = 8192

/**
 * How much was sent that Kamailio has not read yet, as far as its answers to pings tell. Kamailio reads what has come, up
 * to its buffer's size, and when that ends within the length of a frame, the frame is lost; so no more than one such
 * buffer may lie there unread.
 */
export class Window {
  #unread = 0
  #sincePing = 0
  readonly #pings: { id: string, bytes: number }[] = []

  takes (bytes: number): boolean {
    return this.#unread + bytes <= mostFrameBytes || this.#unread === 0
  }

  get isPingDue (): boolean { return this.#sincePing >= bytesBetweenPings }

  /** Pings that wait for their answers. */
  get pings (): number { return this.#pings.length }

  /** @param ping its id, when it is one */
  sent (bytes: number, ping?: string): void {
    this.#unread += bytes
    this.#sincePing += bytes
    if (ping === undefined) return
    this.#pings.push({ id: ping, bytes: this.#sincePing })
    this.#sincePing = 0
  }

  /** Kamailio has read this ping, and so whatever was sent before it. False: there is no such ping. */
  read (ping: string): boolean {
    const index = this.#pings.findIndex(({ id }) => id === ping)
    for (const { bytes } of this.#pings.splice(0, index + 1)) this.#unread -= bytes
    return index >= 0
  }
}
