import type { TraceCall } from './calls.ts'

/** What became of a call, as far as its trace goes. Seconds from its first message, and from the answer. */
export interface Outcome {
  /** unknown: the trace has neither its INVITE nor a reply to that. */
  state: 'answered' | 'refused' | 'cancelled' | 'unanswered' | 'unknown'
  /** Of the final failure. */
  status?: number
  afterSeconds?: number
  /** From the answer to the BYE. */
  upSeconds?: number
}

/** A challenge (401, 407) is no refusal: the call comes again. */
export function outcomeOf ({ messages }: Pick<TraceCall, 'messages'>): Outcome {
  const begin = messages[0]?.at ?? 0
  const finals = messages.filter(({ sip, method }) => method === 'INVITE' && (sip.status ?? 0) >= 200)
  const answer = finals.find(({ sip }) => (sip.status ?? 0) < 300)
  if (answer) {
    const bye = messages.find(({ sip, at }) => sip.method === 'BYE' && at >= answer.at)
    return { state: 'answered', afterSeconds: seconds(answer.at - begin), ...bye && { upSeconds: seconds(bye.at - answer.at) } }
  }
  if (messages.every(({ method }) => method !== 'INVITE')) return { state: 'unknown' }
  const failure = finals.findLast(({ sip }) => sip.status !== 401 && sip.status !== 407)
  if (messages.some(({ sip }) => sip.method === 'CANCEL')) return { state: 'cancelled' }
  const status = failure?.sip.status
  if (!failure || status === undefined) return { state: 'unanswered' }
  return { state: 'refused', status, afterSeconds: seconds(failure.at - begin) }
}

const seconds = (ms: number): number => Math.round(ms) / 1000

/** Nothing more comes for a call so long after its end: beyond what joins two dialogs, and repeats. */
const endedMs = 90_000
/** Nor for one that nobody answered: a proxy lets it ring for three minutes (RFC 3261 §16.6, timer C). */
const ringingMs = 300_000

/** How long, in milliseconds, nothing must have come for a call to be over; undefined: it is up. */
export function quietMsOf (call: Pick<TraceCall, 'messages'>): number | undefined {
  const { state, upSeconds } = outcomeOf(call)
  if (state === 'unanswered') return ringingMs
  const isUp = state === 'answered' ? upSeconds === undefined : state === 'unknown' && !call.messages.some(({ sip }) => sip.method === 'BYE')
  return isUp ? undefined : endedMs
}
