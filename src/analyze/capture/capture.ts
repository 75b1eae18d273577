import { type Complain, type Datagram, looksLikeSip, type Packet } from '../packet.ts'
import { IpReader } from './ip.ts'
import { readCapture } from './pcap.ts'
import { SipStream } from './tcp.ts'

const mostStreams = 2000

/** The SIP messages of a capture. `onDatagram` gets every other UDP packet. */
export async function* sipOfCapture (
  chunks: AsyncIterable<Buffer>, complain: Complain, onDatagram: (datagram: Datagram) => void,
): AsyncGenerator<Packet> {
  const ip = new IpReader()
  const streams = new Map<string, SipStream>()
  for await (const frame of readCapture(chunks, complain)) {
    const packet = ip.read(frame)
    if (!packet || packet.payload.length < 8) continue
    const { at, protocol, payload } = packet
    const [from, to] = [payload.readUInt16BE(0), payload.readUInt16BE(2)]
    const ends = { source: { address: packet.source, port: from }, destination: { address: packet.destination, port: to } }
    if (protocol === 17) {
      const data = payload.subarray(8)
      if (looksLikeSip(data)) yield { at, ...ends, transport: 'udp', bytes: Buffer.from(data), isExact: true }
      else if (data.length >= 12) onDatagram({ at, ...ends, payload: data })
    } else if (protocol === 6 && payload.length >= 20) {
      const key = `${packet.source} ${from} ${packet.destination} ${to}`
      const stream = streams.get(key) ?? new SipStream()
      streams.delete(key)
      streams.set(key, stream)
      for (const oldest of streams.keys()) {
        if (streams.size <= mostStreams) break
        streams.delete(oldest)
      }
      const headerSize = ((payload[12] ?? 0) >> 4) * 4
      for (const { bytes, isWebSocket } of stream.segment(payload.readUInt32BE(4), payload.subarray(headerSize))) {
        yield { at, ...ends, transport: isWebSocket ? 'ws' : 'tcp', bytes, isExact: true }
      }
    }
  }
}
