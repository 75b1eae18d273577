/** One end of a hop. */
export interface End { address: string, port: number }

/** One SIP message as it lay on the wire, in a log or in a capture. What is not known is absent. */
export interface Packet {
  /** Milliseconds since the epoch. */
  at?: number
  source?: End
  destination?: End
  transport?: string
  bytes: Buffer
  /** Whether the line endings are those of the wire; a log has its own. */
  isExact: boolean
}

/** A datagram that is no SIP: RTP, RTCP, STUN, DTLS. */
export interface Datagram { at: number, source: End, destination: End, payload: Buffer }

/** What a reader could not make sense of, told once each. */
export type Complain = (problem: string) => void

const requestStart = /^[A-Z]{3,10} (?:sips?|tel):\S+ SIP\/2\.0/
const replyStart = /^SIP\/2\.0 [1-6]\d\d/

/** Whether bytes begin as a SIP message does (RFC 3261 §7.1, §7.2). */
export function looksLikeSip (bytes: Buffer): boolean {
  const first = bytes[0] ?? 0
  if (first < 0x41 || first > 0x5a) return false
  const start = bytes.toString('latin1', 0, 600)
  return replyStart.test(start) || requestStart.test(start)
}
