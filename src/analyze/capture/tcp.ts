import { looksLikeSip } from '../packet.ts'
import { hepSize } from './hep.ts'

/** One SIP message of a stream, or one HEP packet with whatever is in it. */
export interface StreamMessage { bytes: Buffer, kind: 'sip' | 'websocket' | 'hep' }

const mostBytes = 131_072
const mostEarly = 64

/**
 * One direction of a TCP connection: puts segments in order and takes the SIP messages out, bare (RFC 3261 §18.3), in
 * WebSocket frames (RFC 7118) or in HEP. A capture may begin in the middle, so it starts where a message or a frame does,
 * and starts anew there when bytes are lost.
 */
export class SipStream {
  #next: number | undefined
  #held: Buffer = Buffer.alloc(0)
  #message: Buffer = Buffer.alloc(0)
  #mode: 'unknown' | StreamMessage['kind'] = 'unknown'
  readonly #early = new Map<number, Buffer>()

  segment (sequence: number, payload: Buffer): StreamMessage[] {
    if (payload.length === 0) return []
    if (this.#next === undefined) return this.#startAt(sequence, payload)
    const ahead = (sequence - this.#next) | 0
    if (ahead > 0) {
      this.#early.set(sequence, Buffer.from(payload))
      if (this.#early.size <= mostEarly) return []
      this.#early.clear()
      return this.#startAt(sequence, payload)
    }
    if (-ahead >= payload.length) return [] // seen before
    const messages = this.#append(payload.subarray(-ahead))
    for (let early = this.#early.get(this.#next); early; early = this.#early.get(this.#next)) {
      this.#early.delete(this.#next)
      messages.push(...this.#append(early))
    }
    return messages
  }

  #startAt (sequence: number, payload: Buffer): StreamMessage[] {
    this.#held = Buffer.alloc(0)
    this.#message = Buffer.alloc(0)
    this.#mode = modeOf(payload)
    if (this.#mode === 'unknown') {
      this.#next = undefined
      return []
    }
    this.#next = sequence
    return this.#append(payload)
  }

  #append (payload: Buffer): StreamMessage[] {
    this.#next = ((this.#next ?? 0) + payload.length) >>> 0
    this.#held = Buffer.concat([this.#held, payload])
    const messages: StreamMessage[] = []
    for (let taken = this.#take(); taken !== undefined; taken = this.#take()) {
      if (taken.length > 0 && this.#mode !== 'unknown') messages.push({ bytes: taken, kind: this.#mode })
    }
    if (this.#held.length + this.#message.length > mostBytes) this.#next = undefined
    return messages
  }

  /** The next message; empty for what is none of interest, undefined while more bytes are needed. */
  #take (): Buffer | undefined {
    if (this.#mode === 'hep') return this.#takeHep()
    return this.#mode === 'websocket' ? this.#takeFrame() : this.#takeSip()
  }

  #takeHep (): Buffer | undefined {
    const size = hepSize(this.#held)
    if (size === undefined && this.#held.length >= 6) this.#held = Buffer.alloc(0) // no HEP any more
    if (size === undefined || this.#held.length < size || size < 6) return undefined
    const bytes = Buffer.from(this.#held.subarray(0, size))
    this.#held = this.#held.subarray(size)
    return bytes
  }

  #takeSip (): Buffer | undefined {
    let start = 0
    while (this.#held[start] === 0x0d || this.#held[start] === 0x0a) start++ // keep-alives (RFC 5626 §3.5.1)
    this.#held = this.#held.subarray(start)
    const blank = this.#held.indexOf('\r\n\r\n')
    if (blank < 0) return undefined
    const head = this.#held.toString('latin1', 0, blank)
    if (/^upgrade:\s*websocket/im.test(head)) {
      this.#mode = 'websocket'
      this.#held = this.#held.subarray(blank + 4)
      return Buffer.alloc(0)
    }
    const length = Number(/^(?:content-length|l)\s*:\s*(\d{1,6})/im.exec(head)?.[1] ?? 0)
    const end = blank + 4 + length
    if (this.#held.length < end) return undefined
    const bytes = Buffer.from(this.#held.subarray(0, end))
    this.#held = this.#held.subarray(end)
    return looksLikeSip(bytes) ? bytes : Buffer.alloc(0)
  }

  #takeFrame (): Buffer | undefined {
    const frame = frameAt(this.#held)
    if (!frame) return undefined
    this.#held = this.#held.subarray(frame.size)
    if (frame.opcode > 2) return Buffer.alloc(0)
    this.#message = Buffer.concat([this.#message, frame.payload])
    if (!frame.isLast) return Buffer.alloc(0)
    const bytes = this.#message
    this.#message = Buffer.alloc(0)
    return looksLikeSip(bytes) ? bytes : Buffer.alloc(0)
  }
}

function modeOf (payload: Buffer): 'unknown' | StreamMessage['kind'] {
  if (hepSize(payload) !== undefined) return 'hep'
  if (looksLikeSip(payload) || /^(?:GET \S+ HTTP\/1\.1|HTTP\/1\.1 101)/.test(payload.toString('latin1', 0, 300))) return 'sip'
  const frame = frameAt(payload)
  return frame && looksLikeSip(frame.payload) ? 'websocket' : 'unknown'
}

/** A WebSocket frame (RFC 6455 §5.2), its mask taken off; undefined while it is not whole. */
function frameAt (bytes: Buffer): { isLast: boolean, opcode: number, payload: Buffer, size: number } | undefined {
  if (bytes.length < 2) return undefined
  const [first, second] = [bytes[0] ?? 0, bytes[1] ?? 0]
  const short = second & 0x7f
  const lengthSize = short === 126 ? 2 : short === 127 ? 8 : 0
  const maskAt = 2 + lengthSize
  const start = maskAt + (second & 0x80 ? 4 : 0)
  if (bytes.length < start) return undefined
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
  if (bytes.length < start + length) return undefined
  const payload = Buffer.from(bytes.subarray(start, start + length))
  if (second & 0x80) {
    for (let at = 0; at < payload.length; at++) payload[at] = (payload[at] ?? 0) ^ (bytes[maskAt + at % 4] ?? 0)
  }
  return { isLast: (first & 0x80) !== 0, opcode: first & 15, payload, size: start + length }
}
