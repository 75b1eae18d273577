import { endsCall, startsCall } from '../sip/message.ts'

/**
 * What a request is for, by which it waits for its turn: `new` calls come last. A call that is up, or rings, would be lost
 * with the answer that is refused; a new one can still be tried elsewhere.
 */
export type Urgency = 'new' | 'running' | 'ending'

/** Of a SIP message, without a look at most of it. */
export function urgencyOfSip (message: Buffer): Urgency {
  if (endsCall(message)) return 'ending'
  return startsCall(message) ? 'new' : 'running'
}

/** Of an offer, answer, delete or any other command. */
export function urgencyOfCommand (command: string, toTag: unknown): Urgency {
  if (command === 'delete') return 'ending'
  return command === 'offer' && toTag === undefined ? 'new' : 'running'
}
