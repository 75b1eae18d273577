import type { TransportName } from './types.ts'

/** What the NG client tells while it works. `node` is the node's id, `command` the command's name on the wire. */
export interface NgObserver {
  /**
   * A command has settled. `ok`: carried out; `error`: the node refused it; `timeout`: the node was not heard of, be it
   * silent, refusing connections or of unknown address; `unsent`: its turn did not come, or no connection in time, which
   * says little of the node. `seconds` run from `send`, retransmissions and the wait for its turn included.
   */
  command (node: string, command: string, result: 'ok' | 'error' | 'timeout' | 'unsent', seconds: number): void
  /** A message went out, for the first time or once more; `bytes` long, cookie included. */
  sent (node: string, transport: TransportName, bytes: number): void
  /** A command went out once more, with the same cookie. */
  retransmission (node: string): void
  /** A command waited this long for its turn, as the node had as many under way as it may have. */
  waited (node: string, seconds: number): void
  /** A reply came whose cookie nothing waits for: late, a duplicate (one comes for each retransmission), or unknown. */
  lateReply (node: string): void
  /** A datagram came that is not a reply of this node: not NG, without a sound `result`, or from another address. */
  malformed (node: string): void
}

export const silentObserver: NgObserver = {
  command: () => undefined,
  sent: () => undefined,
  retransmission: () => undefined,
  waited: () => undefined,
  lateReply: () => undefined,
  malformed: () => undefined,
}
