import { createHash } from 'node:crypto'
import { forgetOldest, roomier } from '../forget-oldest.ts'
import type { SipRequest } from './manage.ts'
import type { Outcome } from './outcome.ts'

/** How long a message may come again, in milliseconds: 64 × T1 (RFC 3261 §17). */
const keptMs = 32_000
const sweepEveryMs = 1000
/** Of one call; the oldest goes first. */
const mostOfCall = 16

interface Kept { outcomes: Map<string, Outcome>, until: number }

/**
 * Answers to SIP messages with an SDP, so that a message that comes again is answered without being carried out again.
 * They stay in this process, since an SDP holds secrets; another instance carries the message out once more, which changes
 * nothing, for rtpengine gives the same ports to the same tags and the exchange knows the request by its CSeq.
 */
export class Repeats {
  readonly #mostCalls: number
  /** By call-id, the one that is kept longest last. */
  readonly #calls = new Map<string, Kept>()
  #nextSweepAt = 0

  /** @param mostCalls how many calls have answers kept, at some 2 KB an answer; the oldest goes first */
  constructor (mostCalls = 5000) {
    this.#mostCalls = mostCalls
  }

  /** The answer that the message got before. */
  find (request: SipRequest): Outcome | undefined {
    const kept = this.#calls.get(request.callId)
    return kept && kept.until > performance.now() ? kept.outcomes.get(keyOf(request)) : undefined
  }

  keep (request: SipRequest, outcome: Outcome): void {
    const { callId } = request
    const now = performance.now()
    const outcomes = this.#calls.get(callId)?.outcomes ?? new Map<string, Outcome>()
    this.#calls.delete(callId)
    forgetOldest(outcomes, () => outcomes.size < mostOfCall)
    outcomes.set(keyOf(request), outcome)
    this.#calls.set(callId, { outcomes, until: now + keptMs })
    if (now >= this.#nextSweepAt || this.#calls.size > this.#mostCalls) this.#sweep(now)
  }

  /** Now and then. */
  #sweep (now: number): void {
    this.#nextSweepAt = now + sweepEveryMs
    const most = roomier(this.#mostCalls)
    forgetOldest(this.#calls, ({ until }) => until > now && this.#calls.size <= most)
  }

  /** The call has ended: what comes now is no repeat of what was done for it. */
  forget (callId: string): void {
    this.#calls.delete(callId)
  }
}

/** What makes two messages the same: transaction, dialog, SDP, and where a request goes, as forks differ in no more. */
function keyOf ({ fromTag, toTag, viaBranch, sip, sdp, destination, vars }: SipRequest): string {
  const { method, status, cseq, branch } = sip
  const request = status === undefined ? [branch, destination, vars] : []
  return createHash('sha256')
    .update(JSON.stringify([fromTag, toTag, viaBranch, method, status, cseq, ...request]))
    .update(sdp ?? '')
    .digest('base64')
}
