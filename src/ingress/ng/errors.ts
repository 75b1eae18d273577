import { type ErrorCode, NgpilotError } from '../../errors.ts'
import { bodyOf } from '../../ng/raw.ts'
import { isRefusal, reasonOf } from '../../ng/reply.ts'
import type { NgDictionary } from '../../ng/types.ts'

/**
 * Whether another ngpilot may do better. Kamailio asks the next node of its set after `load limit`, after an error
 * `Parallel session limit reached` or `Ran out of ports`, and after no other; silence would put this one out of use for a
 * minute. `first`: only for the first offer of a call, which any rtpengine may take.
 */
const elsewhere = {
  no_node: 'always',
  overloaded: 'always',
  store_unavailable: 'always',
  stopping: 'always',
  ng_timeout: 'first',
  bad_request: 'never',
  unauthorized: 'never',
  not_found: 'never',
  too_large: 'never',
  unsupported_media_type: 'never',
  sdp_invalid: 'never',
  not_acceptable: 'never',
  rejected: 'never',
  call_unknown: 'never',
  call_ended: 'never',
  call_lost: 'never',
  out_of_order: 'never',
  offer_pending: 'never',
  ng_rejected: 'never',
  not_supported: 'never',
  ng_malformed: 'never',
  policy_invalid: 'never',
  config_invalid: 'never',
  internal: 'never',
} satisfies Record<ErrorCode, 'always' | 'first' | 'never'>

/** What rtpengine says for any limit where the client does not know `load limit`; Kamailio goes by these very words. */
const limitReached = 'Parallel session limit reached'

export interface Asked {
  isFirstOffer: boolean
  /** The client said that it `supports` the result `load limit`. */
  knowsLoadLimit: boolean
}

/** The answer to a command that failed: the node's own refusal byte for byte where there is one. */
export function replyOf (error: NgpilotError, { isFirstOffer, knowsLoadLimit }: Asked): NgDictionary | Buffer {
  const refusals = error.cause instanceof AggregateError ? (error.cause.errors as unknown[]) : [error]
  for (const refusal of refusals) {
    const body = refusal instanceof NgpilotError && isRefusal(refusal.cause) ? bodyOf(refusal.cause) : undefined
    if (body) return body
  }
  const says = error.code === 'internal' ? 'ngpilot failed; its log says how' : reasonOf(error) ?? error.message
  const where = elsewhere[error.code]
  if (where === 'never' || (where === 'first' && !isFirstOffer)) return { 'error-reason': says, result: 'error' }
  return knowsLoadLimit ? { message: says, result: 'load limit' } : { 'error-reason': limitReached, result: 'error' }
}
