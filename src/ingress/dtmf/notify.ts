import { decode } from '../../ng/codec.ts'
import type { NgDictionary } from '../../ng/types.ts'
import type { Dtmf } from './datagram.ts'

const mostBytes = 65_536

/**
 * Takes the stream of a TCP-NG connection apart: `COOKIE DICTIONARY`, one after another with nothing in between.
 * @throws Error for what is no such stream; nothing after it can be read
 */
export class NotifyReader {
  #received: Buffer = Buffer.alloc(0)

  push (chunk: Buffer): Dtmf[] {
    this.#received = Buffer.concat([this.#received, chunk])
    const found: Dtmf[] = []
    for (let end = endOfMessage(this.#received); end !== undefined; end = endOfMessage(this.#received)) {
      const { message } = decode(this.#received.subarray(0, end))
      found.push(...dtmfIn(message))
      this.#received = this.#received.subarray(end)
    }
    if (this.#received.length > mostBytes) throw new Error(`a message of more than ${mostBytes} bytes`)
    this.#received = Buffer.from(this.#received)
    return found
  }
}

/** Whatever else an rtpengine says there is not for us. */
function dtmfIn ({ notify, data }: NgDictionary): Dtmf[] {
  if (notify !== 'onDTMF' || typeof data !== 'object' || Array.isArray(data) || Buffer.isBuffer(data)) return []
  const { callid, source_tag: tag, tags, event, duration, volume } = data
  if (typeof callid !== 'string' || typeof tag !== 'string' || typeof event !== 'number' || event < 0 || event > 15) return []
  return [{
    callId: callid, tag, tags: Array.isArray(tags) ? tags.filter((each) => typeof each === 'string') : [tag],
    event, durationMs: typeof duration === 'number' ? duration : 0, volume: typeof volume === 'number' ? volume : 0,
  }]
}

/** Where the first message ends, undefined while it is not whole. @throws Error when it is no message */
function endOfMessage (bytes: Buffer): number | undefined {
  const space = bytes.indexOf(0x20)
  if (space < 0 || space + 1 >= bytes.length) return undefined
  let depth = 0
  for (let at = space + 1; at < bytes.length;) {
    const byte = bytes[at] ?? 0
    if (byte === 0x64 || byte === 0x6c) { // d, l
      depth++
      at++
    } else if (byte === 0x65) { // e
      at++
      if (--depth === 0) return at
    } else if (byte === 0x69) { // i
      const end = bytes.indexOf(0x65, at)
      if (end < 0) return undefined
      at = end + 1
    } else {
      const colon = bytes.indexOf(0x3a, at)
      if (colon < 0 && bytes.length - at < 8) return undefined
      const digits = bytes.toString('latin1', at, Math.max(at, colon))
      if (!/^\d{1,6}$/.test(digits) || depth === 0) throw new Error('no bencode')
      at = colon + 1 + Number(digits)
    }
    if (depth > 16) throw new Error('nested too deep')
  }
  return undefined
}
