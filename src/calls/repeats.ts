import { createHash } from 'node:crypto'
import type { SipRequest } from './manage.ts'
import type { Outcome } from './outcome.ts'

/** How long a message may come again, in milliseconds: 64 × T1 (RFC 3261 §17). */
const keptMs = 32_000

/**
 * Answers to SIP messages with an SDP, so that a message that comes again is answered without being carried out again.
 * They stay in this process, since an SDP holds secrets; another instance carries the message out once more, which changes
 * nothing, for rtpengine gives the same ports to the same tags and the exchange knows the request by its CSeq.
 */
export class Repeats {
  readonly #most: number
  /** Oldest first. */
  readonly #kept = new Map<string, { outcome: Outcome, until: number }>()

  /** @param most how many answers are kept, at some 2 KB each; the oldest goes first */
  constructor (most = 10_000) {
    this.#most = most
  }

  /** The answer that the message got before. */
  find (key: string): Outcome | undefined {
    const kept = this.#kept.get(key)
    return kept && kept.until > performance.now() ? kept.outcome : undefined
  }

  keep (key: string, outcome: Outcome): void {
    const now = performance.now()
    for (const [oldest, { until }] of this.#kept) {
      if (until > now && this.#kept.size < this.#most) break
      this.#kept.delete(oldest)
    }
    this.#kept.set(key, { outcome, until: now + keptMs })
  }
}

/** What makes two messages the same: transaction, dialog, SDP, and where a request goes, as forks differ in no more. */
export function keyOf ({ callId, fromTag, toTag, viaBranch, sip, sdp, destination, vars }: SipRequest): string {
  const { method, status, cseq, branch } = sip
  const request = status === undefined ? [branch, destination, vars] : []
  return createHash('sha256')
    .update(JSON.stringify([callId, fromTag, toTag, viaBranch, method, status, cseq, ...request]))
    .update(sdp ?? '')
    .digest('base64')
}
