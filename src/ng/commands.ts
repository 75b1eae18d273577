import type { MediaNode, NgCommand, NgDictionary, NgValue } from './types.ts'

/**
 * Which call and which of its legs. The tags are those of the offer/answer exchange: `fromTag` the offerer's, `toTag` the
 * answerer's. `viaBranch` tells forks of one offer apart; the answer must carry its offer's.
 */
export interface CallSelector { callId: string, fromTag?: string, toTag?: string, viaBranch?: string }

/** `sdp` goes to the node byte for byte. `flags` are NG keys by their own names; they never replace what else is given. */
export interface OfferInput extends CallSelector { fromTag: string, sdp: Buffer, flags: NgDictionary }
export interface AnswerInput extends OfferInput { toTag: string }

export interface DeleteInput extends CallSelector {
  /**
   * Seconds for which the node keeps the call and its ports, and would revive it at a new offer. 0 ends it now; absent: the
   * node's own `delete-delay`, usually 30.
   */
  deleteDelaySeconds?: number
  flags?: NgDictionary
}

/** An offer: the first of a call, or a later one from either side (then with both tags, else rtpengine sees a new fork). */
export function offerCommand ({ sdp, flags, ...selector }: OfferInput): NgCommand {
  return { ...flags, ...selectorKeys(selector), supports, sdp, command: 'offer' }
}

export function answerCommand ({ sdp, flags, ...selector }: AnswerInput): NgCommand {
  return { ...flags, ...selectorKeys(selector), supports, sdp, command: 'answer' }
}

/** Deletes a whole call, or with tags just these legs. An unknown call is no error but a `warning` in the reply. */
export function deleteCommand ({ deleteDelaySeconds, flags, ...selector }: DeleteInput): NgCommand {
  return {
    ...flags,
    // From 12.5 on, a to-tag counts only beside the flag of that name; an older node ignores the flag and heeds the tag.
    ...(selector.toTag !== undefined && { flags: [...listOf(flags?.flags), 'to-tag'] }),
    ...selectorKeys(selector),
    ...(deleteDelaySeconds !== undefined && { 'delete-delay': deleteDelaySeconds }),
    command: 'delete',
  }
}

/** Asks for the state and counters of a call. */
export function queryCommand (selector: Omit<CallSelector, 'viaBranch'>): NgCommand {
  return { ...selectorKeys(selector), command: 'query' }
}

/** Asks for at most `limit` (the node's default: 32) call-ids, in no order, those waiting for delayed deletion included. */
/** How many call-ids a reply of the node surely holds: of some 120 bytes each, in a datagram or a message of a stream. */
export function mostListed ({ transport = 'udp', stream }: MediaNode): number {
  return transport === 'udp' && !stream ? 500 : 8000
}

export function listCommand ({ limit }: { limit?: number } = {}): NgCommand {
  return { ...(limit !== undefined && { limit }), command: 'list' }
}

export function pingCommand (): NgCommand {
  return { command: 'ping' }
}

export function statisticsCommand (): NgCommand {
  return { command: 'statistics' }
}

// Without it an overloaded node answers with an error that cannot be told from others.
const supports = ['load limit']

function selectorKeys ({ callId, fromTag, toTag, viaBranch }: CallSelector): NgDictionary {
  return {
    'call-id': callId,
    ...(fromTag !== undefined && { 'from-tag': fromTag }),
    ...(toTag !== undefined && { 'to-tag': toTag }),
    ...(viaBranch !== undefined && { 'via-branch': viaBranch }),
  }
}

/** A list of flags, which from 12.5 on may be written as one string with commas too. */
function listOf (flags: NgValue | undefined): NgValue[] {
  if (Array.isArray(flags)) return flags
  return typeof flags === 'string' ? flags.split(',') : []
}
