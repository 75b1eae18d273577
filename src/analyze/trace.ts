import { asNgpilotError } from '../errors.ts'
import { endingsOf, readLoosely } from '../sdp/parse.ts'
import { type SdpView, viewOf } from '../sdp/view.ts'
import { sdpOf } from '../sip/body.ts'
import { valuesOf } from '../sip/headers.ts'
import { parseSipMessage, type SipMessage } from '../sip/message.ts'
import type { Packet } from './packet.ts'

/** A message of a trace. `number` counts from 1, in the order of the trace. */
export interface TraceMessage {
  number: number
  /** Milliseconds since the epoch; by the order where the trace has no times. */
  at: number
  /** `address:port`, or a place by the number of Via headers where the trace has no addresses. */
  source: string
  destination: string
  sourceAddress?: string
  destinationAddress?: string
  transport?: string
  bytes: number
  sip: SipMessage
  /** Of the request, or of the one that a reply answers. */
  method: string
  sdp?: SdpView
}

/** The packet as a message, or what keeps it from being one. */
export function messageOf (packet: Packet, number: number): TraceMessage | string {
  try {
    const sip = parseSipMessage(packet.bytes)
    const body = sdpOf(sip)
    const transport = transportOf(packet, sip)
    return {
      number,
      at: timeOf(packet) ?? number,
      ...placesOf(packet, sip),
      ...packet.source && { sourceAddress: packet.source.address },
      ...packet.destination && { destinationAddress: packet.destination.address },
      ...transport !== undefined && { transport },
      bytes: packet.bytes.length,
      sip,
      method: sip.method ?? sip.cseq.method,
      ...body && { sdp: viewOf(readLoosely(body).sdp, packet.isExact ? endingsOf(body.toString('latin1')) : undefined) },
    }
  } catch (error) {
    return asNgpilotError(error).message
  }
}

/** As far as it is one that can be written down (ECMA-262 §21.4.1.1): a broken file has any. */
function timeOf ({ at }: Packet): number | undefined {
  return at !== undefined && Math.abs(at) <= 8.64e15 ? at : undefined
}

/** A capture sees WebSocket without TLS as TCP, and a log may say nothing: the top Via knows, that of a reply as well. */
function transportOf ({ transport }: Packet, sip: SipMessage): string | undefined {
  const via = /^SIP\s*\/\s*2\.0\s*\/\s*(\w+)/i.exec(valuesOf(sip, 'Via')[0] ?? '')?.[1]?.toLowerCase()
  if (via === 'ws' || via === 'wss') return via
  return transport ?? via
}

/**
 * Without addresses: how many proxies a message has passed, which is one less than its Via headers. A reply has those of its
 * request on the same hop.
 */
function placesOf ({ source, destination }: Packet, sip: SipMessage): { source: string, destination: string } {
  const name = (end: { address: string, port: number }) => end.address.includes(':') ? `[${end.address}]:${end.port}` : `${end.address}:${end.port}`
  if (source && destination) return { source: name(source), destination: name(destination) }
  const hops = Math.max(1, valuesOf(sip, 'Via').flatMap((value) => value.split(',')).length)
  const [near, far] = [`hop ${hops - 1}`, `hop ${hops}`]
  const places = sip.status === undefined ? { source: near, destination: far } : { source: far, destination: near }
  return { source: source ? name(source) : places.source, destination: destination ? name(destination) : places.destination }
}
