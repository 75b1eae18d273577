import { createHash } from 'node:crypto'
import { ethernet, ipv4, record, udp } from './traces.ts'

interface Sent { from: string, to: string, at: number }

function frame ({ from, to, at }: Sent, payload: Buffer): Buffer {
  return record(at, ethernet(ipv4(17, from, to, udp(from, to, payload))))
}

/** A STUN message of ICE (RFC 8489 §5); `code` is that of an error. */
export function stun (how: Sent, kind: 'request' | 'success' | 'error', code = 401): Buffer {
  const attribute = kind === 'error' ? Buffer.from([0, 9, 0, 4, 0, 0, Math.floor(code / 100), code % 100]) : Buffer.alloc(0)
  const head = Buffer.alloc(20)
  head.writeUInt16BE({ request: 0x0001, success: 0x0101, error: 0x0111 }[kind], 0)
  head.writeUInt16BE(attribute.length, 2)
  head.writeUInt32BE(0x2112a442, 4)
  return frame(how, Buffer.concat([head, attribute]))
}

/** Records of DTLS 1.2 (RFC 6347 §4.1), all in one datagram. */
export function dtls (how: Sent, ...records: { type: number, body: Buffer, epoch?: number }[]): Buffer {
  return frame(how, Buffer.concat(records.map(({ type, body, epoch = 0 }) => {
    const head = Buffer.alloc(13)
    head.writeUInt8(type, 0)
    head.writeUInt16BE(0xfefd, 1)
    head.writeUInt16BE(epoch, 3)
    head.writeUInt16BE(body.length, 11)
    return Buffer.concat([head, body])
  })))
}

/** Part of a message of the handshake; the whole one where nothing else is said. */
function handshake (type: number, message: Buffer, from = 0, to = message.length): { type: number, body: Buffer } {
  const head = Buffer.alloc(12)
  head.writeUInt8(type, 0)
  head.writeUIntBE(message.length, 1, 3)
  head.writeUIntBE(from, 6, 3)
  head.writeUIntBE(to - from, 9, 3)
  return { type: 22, body: Buffer.concat([head, message.subarray(from, to)]) }
}

export const hello = handshake(1, Buffer.alloc(40))
export const done = { type: 22, body: Buffer.alloc(40), epoch: 1 }
export const alert = (code: number) => ({ type: 21, body: Buffer.from([2, code]) })

/** A certificate in two fragments: nothing of it is read, so that any bytes will do. */
export function certificate (der: string): { type: number, body: Buffer }[] {
  const lengths = Buffer.alloc(6)
  lengths.writeUIntBE(der.length + 3, 0, 3)
  lengths.writeUIntBE(der.length, 3, 3)
  const message = Buffer.concat([lengths, Buffer.from(der)])
  return [handshake(11, message, 0, 10), handshake(11, message, 10)]
}

/** Its line in an SDP (RFC 8122 §5). */
export function fingerprintOf (der: string): string {
  return `a=fingerprint:sha-256 ${createHash('sha256').update(der).digest('hex').toUpperCase().replace(/..(?=.)/g, '$&:')}`
}
