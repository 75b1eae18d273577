import type { End } from '../packet.ts'
import { v6 } from './ip.ts'

/** What a capture agent (Kamailio's siptrace, heplify, rtpengine) copied to Homer: a packet of another place and time. */
export interface Copy { at: number, source: End, destination: End, transport: string, payload: Buffer }

/** IP protocol numbers; 22 is what Kamailio writes for TLS and WSS. */
const transports = new Map([[6, 'tcp'], [17, 'udp'], [22, 'tls'], [132, 'sctp']])

/** How long the HEP3 packet is that bytes begin with; undefined where they begin with none. */
export function hepSize (bytes: Buffer): number | undefined {
  return bytes.length >= 6 && bytes.toString('latin1', 0, 4) === 'HEP3' ? bytes.readUInt16BE(4) : undefined
}

/**
 * The packet in a HEP datagram (version 1 to 3); undefined for what is none, or not whole.
 *
 * @param at when the datagram itself came, where it has no time
 * @see https://github.com/sipcapture/HEP
 */
export function hepOf (bytes: Buffer, at: number): Copy | undefined {
  const size = hepSize(bytes)
  if (size !== undefined) return size <= bytes.length ? version3(bytes.subarray(6, size), at) : undefined
  return bytes[0] === 1 || bytes[0] === 2 ? version1And2(bytes, at) : undefined
}

/** Chunks: vendor, type and length (with these six bytes), then the value. Only those of vendor 0 are looked at. */
function version3 (bytes: Buffer, at: number): Copy | undefined {
  const chunks = new Map<number, Buffer>()
  for (let start = 0; start + 6 <= bytes.length;) {
    const length = bytes.readUInt16BE(start + 4)
    if (length < 6 || start + length > bytes.length) return undefined
    if (bytes.readUInt16BE(start) === 0) chunks.set(bytes.readUInt16BE(start + 2), bytes.subarray(start + 6, start + length))
    start += length
  }
  const number = (type: number): number | undefined => {
    const value = chunks.get(type)
    return value && value.length > 0 && value.length <= 4 ? value.readUIntBE(0, value.length) : undefined
  }
  const [source, destination] = [addressIn(chunks.get(3) ?? chunks.get(5)), addressIn(chunks.get(4) ?? chunks.get(6))]
  const payload = chunks.get(15)
  if (source === undefined || destination === undefined || !payload) return undefined
  const seconds = number(9)
  return {
    at: seconds === undefined ? at : seconds * 1000 + (number(10) ?? 0) / 1000,
    source: { address: source, port: number(7) ?? 0 },
    destination: { address: destination, port: number(8) ?? 0 },
    transport: transports.get(number(2) ?? 17) ?? 'udp',
    payload,
  }
}

/** Version, length of the header, family, protocol, ports, addresses; version 2 has a time in the order of its machine. */
function version1And2 (bytes: Buffer, at: number): Copy | undefined {
  const [version, length = 0, family, protocol = 17] = bytes
  const size = family === 2 ? 4 : family === 10 ? 16 : undefined
  if (size === undefined || length !== 8 + 2 * size || bytes.length < length + 12) return undefined
  const [source, destination] = [addressIn(bytes.subarray(8, 8 + size)), addressIn(bytes.subarray(8 + size, length))]
  if (source === undefined || destination === undefined) return undefined
  return {
    at,
    source: { address: source, port: bytes.readUInt16BE(4) },
    destination: { address: destination, port: bytes.readUInt16BE(6) },
    transport: transports.get(protocol) ?? 'udp',
    payload: bytes.subarray(version === 2 ? length + 12 : length),
  }
}

function addressIn (bytes: Buffer | undefined): string | undefined {
  if (bytes?.length === 4) return bytes.join('.')
  return bytes?.length === 16 ? v6(bytes, 0) : undefined
}
