import { maxMessageBytes } from '../check.ts'
import type { TransportName } from '../types.ts'

/** What a transport tells while it works. */
export interface TransportEvents {
  /** There is a connection that is free: a command that waits for one may be sent. */
  ready (): void
  /** A message came from the node. */
  received (message: Buffer): void
  /** Something came that is not from the node. */
  strange (): void
  /** A transmission met an error; without a cookie, all that wait for a connection or for a datagram. Try again. */
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
  /** Sends a message; false while no connection is free. One is made then; `ready`, `failed` or `unusable` follows. */
  transmit (cookie: string, message: Buffer): boolean
  /**
   * Takes no more messages, and closes when all that were sent are answered, or after `graceMs`.
   *
   * rtpengine does not bear that a stream is closed on an unanswered command: its one HTTP thread waits for the worker
   * that is busy with the command, the worker waits for the HTTP thread to send the reply, and neither HTTP nor WebSocket
   * is answered again before a restart (seen with 12.5.1.31; `websocket_write_raw` in its `daemon/websocket.c`).
   */
  close (graceMs: number): void
}

const maxStreamBytes = 1024 * 1024

/** The longest message that is sent or read, in bytes. rtpengine sets streams no limit; ours keeps memory in bounds. */
export function maxBytesOver (transport: TransportName = 'udp'): number {
  return transport === 'udp' ? maxMessageBytes : maxStreamBytes
}
