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
export function outcomeOf ({ messages }: TraceCall): Outcome {
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
