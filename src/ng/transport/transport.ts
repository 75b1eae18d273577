import { maxMessageBytes } from '../check.ts'
import type { Endpoint, TransportName } from '../types.ts'
import { UdpTransport } from './udp.ts'

/** What a transport tells while it works. */
export interface TransportEvents {
  /** There is a connection, the first or a new one: what waits for a reply may be sent, or sent again. */
  opened (): void
  /** A message came from the node. */
  received (message: Buffer): void
  /** Something came that is not from the node. */
  strange (): void
  /** A transmission met an error, or all of them when no cookie is named. Sending again may help. */
  failed (error: Error, cookie?: string): void
  /** There is no way to the node: no such host, no such port, a certificate that is not trusted. */
  unusable (error: Error): void
}

/** One way to one node: messages out and in, each whole. It knows nothing of commands but their cookies. */
export interface Transport {
  /** Where messages get lost without a word, silence makes a command go out again; elsewhere only an error does. */
  readonly repeatsWhen: 'silent' | 'failed'
  /** Resolves when it is closed. */
  readonly closed: Promise<void>
  /** Sends a message; false while there is no connection. It is made then, and `opened` or `failed` follows. */
  transmit (cookie: string, message: Buffer): boolean
  /** Nobody waits for the reply any more. */
  forget (cookie: string): void
  close (): void
}

const maxStreamBytes = 1024 * 1024

/** The longest message that is sent or read, in bytes. rtpengine sets streams no limit; ours keeps memory in bounds. */
export function maxBytesOver (transport: TransportName = 'udp'): number {
  return transport === 'udp' ? maxMessageBytes : maxStreamBytes
}

/** Opens the transport that the endpoint names; `opened` follows, or `unusable`. */
export function openTransport (endpoint: Endpoint, events: TransportEvents): Transport {
  return new UdpTransport(endpoint, events)
}
