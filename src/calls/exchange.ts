import { NgpilotError } from '../errors.ts'
import type { BranchRecord, ExchangeRecord } from '../state/store.ts'
import type { SipFacts } from './request.ts'

/** Which end of a branch: the one that opened it, or the one that it leads to. */
export type End = ExchangeRecord['offerer']

/** An SDP on its way through a branch. `by`: whose it is; `callee`: in whose dialog; `at`: seconds since the epoch. */
export interface Move { by: End, callee?: string, cseq?: number, at: number }

/**
 * How long an offer may go unanswered, in seconds, until its request counts as lost: 64 × T1, when its sender gives up
 * (RFC 3261 §17.1). Until then no other offer is taken.
 */
const pendingSeconds = 32

/**
 * The exchange once an offer has come. The request of an offer again is no new offer: everything stays.
 *
 * @throws NgpilotError `offer_pending` while another offer of the dialog waits for its answer (RFC 3264 §4; RFC 3261 §14.2,
 *   RFC 3311 §5.2), `out_of_order` for a request older than the latest of the same end (RFC 3261 §12.2.2).
 */
export function offered (before: ExchangeRecord | undefined, move: Move): ExchangeRecord {
  const { by, callee, cseq, at } = move
  const standing = standingOf(before)
  const next: ExchangeRecord = {
    offerer: by, state: 'offered', at,
    ...(cseq !== undefined && { cseq }), ...(callee !== undefined && { callee }),
    ...(standing !== undefined && { standing }),
  }
  if (!before || !isSameDialog(before, callee)) return next
  if (before.offerer === by && before.cseq !== undefined && cseq !== undefined) {
    if (cseq === before.cseq) return before
    if (cseq < before.cseq) {
      throw new NgpilotError('out_of_order', `an offer with CSeq ${cseq} came after one with CSeq ${before.cseq} of the same party`)
    }
  }
  // A client that does not say which request it speaks of may say the same again.
  if (before.offerer === by && cseq === undefined) return next
  if (isPending(before, move)) {
    throw new NgpilotError('offer_pending', before.offerer === by
      ? 'an offer of the same party waits for its answer; another may follow when that has come'
      : 'the other party has made an offer that waits for its answer; both may try again after a random time (RFC 3261 §14.1)')
  }
  return next
}

/**
 * The exchange once an answer has come. The same answer again (a 183 and its 200, a retransmission), or that of another
 * fork, changes no more than whose it is.
 *
 * @throws NgpilotError `out_of_order` when there is no offer to answer, or it is the sender's own.
 */
export function answered (before: ExchangeRecord | undefined, { by, callee, cseq }: Move): ExchangeRecord {
  if (!before) throw new NgpilotError('out_of_order', 'an answer came before any offer')
  // A 200 with the SDP of its 183 again, after an UPDATE has changed the session: that exchange stands as it is.
  if (before.cseq !== undefined && cseq !== undefined && before.cseq !== cseq) return before
  if (before.offerer === by) {
    throw new NgpilotError('out_of_order', 'the answer\'s from-tag is not the tag that made the latest offer; in an answer the from-tag is the offerer\'s')
  }
  const next: ExchangeRecord = { ...before, state: 'answered', ...(callee !== undefined && { callee }) }
  delete next.standing
  return next
}

/**
 * The exchange once the request with an offer has failed: the session stays as it was, by the exchange that stood before
 * (RFC 3261 §14.1, RFC 6337 §3.4).
 */
export function refused (before: ExchangeRecord | undefined, { by, cseq }: Pick<Move, 'by' | 'cseq'>): ExchangeRecord | undefined {
  if (before?.state !== 'offered' || before.offerer !== by || before.cseq !== cseq) return before
  return { ...before, state: 'answered' }
}

/**
 * What the SDP of a SIP message is, by the state of the exchange: late offers come in replies, their answers in ACK or PRACK
 * (RFC 6337 §2).
 *
 * @param by the end that sent the message
 * @returns undefined for a method whose bodies are not of the session
 * @throws NgpilotError `out_of_order` when an SDP has no place there
 */
export function roleOf ({ method, status, cseq }: SipFacts, by: End, branch: BranchRecord | undefined): 'offer' | 'answer' | undefined {
  const exchange = branch?.exchange
  const isTheirs = exchange !== undefined && exchange.offerer !== by
  if (status === undefined) {
    if (method === 'INVITE' || method === 'UPDATE') return 'offer'
    if (method === 'PRACK') return isTheirs && exchange.state === 'offered' ? 'answer' : 'offer'
    if (method !== 'ACK') return undefined
    if (isTheirs) return 'answer'
    throw new NgpilotError('out_of_order', 'the SDP of an ACK is an answer, and the other party has offered nothing')
  }
  const isOfRequest = isTheirs && (exchange.cseq === undefined || exchange.cseq === cseq)
  if (method === 'INVITE') {
    if (isOfRequest) return 'answer'
    const isOpening = by === 'callee' && branch?.invite?.cseq === cseq
    if (!branch || (isOpening && !branch.invite?.isLate)) return 'answer'
    return 'offer'
  }
  if (method !== 'UPDATE' && method !== 'PRACK') return undefined
  if (isOfRequest) return 'answer'
  throw new NgpilotError('out_of_order', `the SDP in the reply to ${method} is an answer, and the request had no offer`)
}

/** By what an exchange is known within its branch, on every instance: who offered, in which request. */
export function nameOf (exchange: ExchangeRecord | undefined): string {
  return exchange ? `${exchange.offerer === 'caller' ? 0 : 1}:${exchange.cseq ?? ''}` : ''
}

/** The exchange that both ends go by: an answered one, or while an offer waits or was refused the one before it. */
function standingOf (exchange: ExchangeRecord | undefined): string | undefined {
  const isAnswered = exchange?.state === 'answered' && exchange.cseq !== undefined
  return isAnswered ? exchange.standing ?? nameOf(exchange) : exchange?.standing
}

/** Forks of one branch that forked further on have dialogs of their own; an offer to all of them belongs to each. */
function isSameDialog (exchange: ExchangeRecord, callee: string | undefined): boolean {
  return exchange.callee === undefined || callee === undefined || exchange.callee === callee
}

/** Outside of a dialog an INVITE begins anew: after a challenge (401), a redirection (3xx), for the next destination. */
function isPending (exchange: ExchangeRecord, { callee, at }: Move): boolean {
  return callee !== undefined && exchange.state === 'offered' && at - exchange.at < pendingSeconds
}
