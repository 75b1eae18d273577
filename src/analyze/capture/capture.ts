import { type Complain, type Datagram, looksLikeSip, type Packet } from '../packet.ts'
import { hepOf } from './hep.ts'
import { IpReader, isKnownLink } from './ip.ts'
import { type Frame, readCapture } from './pcap.ts'
import { SipStream } from './tcp.ts'

const mostStreams = 2000

/** What a capture is made of, for a person who looks for SIP in it. */
export interface CaptureCounts {
  frames: number
  /** Frames of which the capture took the beginning alone, and how much of them. */
  cut: number
  cutTo: number
  /** SIP messages among them. */
  cutSip: number
  /** TCP segments that begin a TLS record. */
  tls: number
  /** Of frames that cannot be read. */
  linkTypes: Set<number>
}

export function noCounts (): CaptureCounts {
  return { frames: 0, cut: 0, cutTo: 0, cutSip: 0, tls: 0, linkTypes: new Set() }
}

/** The SIP messages of a capture, those in HEP among them. `onDatagram` gets every other UDP packet. */
export async function* sipOfCapture (
  chunks: AsyncIterable<Buffer>, complain: Complain, onDatagram: (datagram: Datagram) => void, counts = noCounts(),
): AsyncGenerator<Packet> {
  const ip = new IpReader()
  const streams = new Map<string, SipStream>()
  for await (const frame of readCapture(chunks, complain)) {
    count(counts, frame)
    const packet = ip.read(frame)
    if (!packet || packet.payload.length < 8) continue
    const { at, protocol, payload } = packet
    const [from, to] = [payload.readUInt16BE(0), payload.readUInt16BE(2)]
    const ends = { source: { address: packet.source, port: from }, destination: { address: packet.destination, port: to } }
    if (protocol === 17) {
      const copy = hepOf(payload.subarray(8), at)
      const datagram = copy ?? { at, ...ends, payload: payload.subarray(8) }
      if (looksLikeSip(datagram.payload)) {
        if (payload.readUInt16BE(4) > payload.length && payload.length < 65_000) counts.cutSip++
        yield sipIn(datagram, copy?.transport ?? 'udp')
      } else if (datagram.payload.length >= 12) {
        onDatagram(datagram)
      }
    } else if (protocol === 6 && payload.length >= 20) {
      const key = `${packet.source} ${from} ${packet.destination} ${to}`
      const stream = streams.get(key) ?? new SipStream()
      streams.delete(key)
      streams.set(key, stream)
      for (const oldest of streams.keys()) {
        if (streams.size <= mostStreams) break
        streams.delete(oldest)
      }
      const data = payload.subarray(((payload[12] ?? 0) >> 4) * 4)
      if (((data[0] ?? 0) === 0x16 || data[0] === 0x17) && data[1] === 3) counts.tls++
      for (const { bytes, kind } of stream.segment(payload.readUInt32BE(4), data)) {
        const copy = kind === 'hep' ? hepOf(bytes, at) : undefined
        if (kind !== 'hep') yield sipIn({ at, ...ends, payload: bytes }, kind === 'websocket' ? 'ws' : 'tcp')
        else if (copy && looksLikeSip(copy.payload)) yield sipIn(copy, copy.transport)
      }
    }
  }
}

/** With bytes of its own: a frame is a view of a chunk that should not be kept for a message in it. */
function sipIn ({ at, source, destination, payload }: Datagram, transport: string): Packet {
  return { at, source, destination, transport, bytes: Buffer.from(payload), isExact: true }
}

function count (counts: CaptureCounts, { data, wireSize, linkType }: Frame): void {
  counts.frames++
  if (!isKnownLink(linkType)) counts.linkTypes.add(linkType)
  if (data.length >= wireSize) return
  counts.cut++
  counts.cutTo = Math.max(counts.cutTo, data.length)
}
