import type { Frame } from './pcap.ts'

/** What an IP packet carries, whole. `protocol`: 6 TCP, 17 UDP. */
export interface IpPacket { at: number, source: string, destination: string, protocol: number, payload: Buffer }

const mostPending = 256
const mostPacketBytes = 65_535

interface Pending { parts: Map<number, Buffer>, size?: number }

/** Takes IP packets out of frames and puts fragments together (RFC 791 §3.2, RFC 8200 §4.5), within bounds. */
export class IpReader {
  readonly #pending = new Map<string, Pending>()

  read (frame: Frame): IpPacket | undefined {
    const data = networkLayer(frame)
    if (!data || data.length < 20) return undefined
    const version = (data[0] ?? 0) >> 4
    if (version === 4) return this.#readIPv4(frame.at, data)
    return version === 6 && data.length >= 40 ? this.#readIPv6(frame.at, data) : undefined
  }

  #readIPv4 (at: number, data: Buffer): IpPacket | undefined {
    const headerSize = ((data[0] ?? 0) & 15) * 4
    const total = data.readUInt16BE(2)
    // Segmentation offload leaves the length 0; the frame may be padded, so the length counts where it is there.
    const payload = data.subarray(headerSize, total >= headerSize ? total : data.length)
    const fragment = data.readUInt16BE(6)
    const packet = { at, source: v4(data, 12), destination: v4(data, 16), protocol: data[9] ?? 0, payload }
    if ((fragment & 0x3fff) === 0) return packet
    return this.#join(packet, data.readUInt16BE(4), (fragment & 0x1fff) * 8, (fragment & 0x2000) !== 0)
  }

  #readIPv6 (at: number, data: Buffer): IpPacket | undefined {
    const end = Math.min(data.length, 40 + data.readUInt16BE(4) || data.length)
    let protocol = data[6] ?? 59
    let start = 40
    const packet = { at, source: v6(data, 8), destination: v6(data, 24) }
    while (start + 8 <= end) {
      if (protocol === 44) {
        const offset = data.readUInt16BE(start + 2)
        const rest = { ...packet, protocol: data[start] ?? 59, payload: data.subarray(start + 8, end) }
        if ((offset & 0xfff9) === 0) return rest
        return this.#join(rest, data.readUInt32BE(start + 4), offset & 0xfff8, (offset & 1) !== 0)
      }
      if (protocol !== 0 && protocol !== 43 && protocol !== 60) break
      protocol = data[start] ?? 59
      start += ((data[start + 1] ?? 0) + 1) * 8
    }
    return start <= end ? { ...packet, protocol, payload: data.subarray(start, end) } : undefined
  }

  #join (packet: IpPacket, id: number, offset: number, hasMore: boolean): IpPacket | undefined {
    const key = `${packet.source} ${packet.destination} ${packet.protocol} ${id}`
    const pending = this.#pending.get(key) ?? { parts: new Map<number, Buffer>() }
    if (offset + packet.payload.length > mostPacketBytes) return undefined
    // A copy: the frame is a view of a chunk that should not be kept for one piece of it.
    pending.parts.set(offset, Buffer.from(packet.payload))
    if (!hasMore) pending.size = offset + packet.payload.length
    this.#pending.set(key, pending)
    for (const oldest of this.#pending.keys()) {
      if (this.#pending.size <= mostPending) break
      this.#pending.delete(oldest)
    }
    if (pending.size === undefined) return undefined
    const whole: Buffer[] = []
    let reached = 0
    for (let part = pending.parts.get(0); part; part = pending.parts.get(reached)) {
      whole.push(part)
      reached += part.length
      if (part.length === 0 || reached >= pending.size) break
    }
    if (reached < pending.size) return undefined
    this.#pending.delete(key)
    return { ...packet, payload: Buffer.concat(whole) }
  }
}

/** The IP packet in a frame, by its link type; undefined for others, ARP say. */
function networkLayer ({ linkType, data }: Frame): Buffer | undefined {
  switch (linkType) {
    case 1: return afterEtherType(data, 12)
    case 0: // BSD loopback, in the order of the machine that captured
    case 108: return data.subarray(4)
    case 12: case 14: case 101: case 228: case 229: return data
    case 113: return afterEtherType(data, 14) // Linux cooked
    case 276: return data.length >= 20 && isIp(data.readUInt16BE(0)) ? data.subarray(20) : undefined // Linux cooked v2
    default: return undefined
  }
}

/** Past VLAN tags (IEEE 802.1Q), one in another too. */
function afterEtherType (data: Buffer, at: number): Buffer | undefined {
  for (let tags = 0; tags < 4 && at + 2 <= data.length; tags++, at += 4) {
    const type = data.readUInt16BE(at)
    if (isIp(type)) return data.subarray(at + 2)
    if (type !== 0x8100 && type !== 0x88a8 && type !== 0x9100) return undefined
  }
  return undefined
}

/** Whether frames of a link type can be read. */
export function isKnownLink (linkType: number): boolean {
  return linkTypes.has(linkType)
}

const linkTypes = new Set([0, 1, 12, 14, 101, 108, 113, 228, 229, 276])

function isIp (etherType: number): boolean {
  return etherType === 0x0800 || etherType === 0x86dd
}

function v4 (data: Buffer, at: number): string {
  return data.subarray(at, at + 4).join('.')
}

/** In its shortest spelling (RFC 5952). */
export function v6 (data: Buffer, at: number): string {
  const words = Array.from({ length: 8 }, (_, index) => data.readUInt16BE(at + index * 2).toString(16))
  return new URL(`http://[${words.join(':')}]`).hostname.slice(1, -1)
}
