/** What the NG client tells while it works. `node` is the node's id, `command` the command's name on the wire. */
export interface NgObserver {
  /**
   * A command has settled. `ok`: carried out; `error`: the node refused it; `timeout`: the node was not heard of, be it
   * silent, refusing connections or of unknown address. `seconds` run from `send`, retransmissions included.
   */
  command (node: string, command: string, result: 'ok' | 'error' | 'timeout', seconds: number): void
  /** A command went out once more, with the same cookie. */
  retransmission (node: string): void
  /** A reply came whose cookie nothing waits for: late, a duplicate (one comes for each retransmission), or unknown. */
  lateReply (node: string): void
  /** A datagram came that is not a reply of this node: not NG, without a sound `result`, or from another address. */
  malformed (node: string): void
}

export const silentObserver: NgObserver = {
  command: () => undefined,
  retransmission: () => undefined,
  lateReply: () => undefined,
  malformed: () => undefined,
}
