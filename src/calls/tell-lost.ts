import type { CallRecord, CallStore, LostRecord } from '../state/store.ts'
import type { CallEvents } from './events.ts'
import { liveBranches } from './place.ts'

export interface TellLostDeps {
  store: Pick<CallStore, 'markLost' | 'save'>
  events: Pick<CallEvents, 'emit'>
}

/**
 * Marks a call as one whose media are lost, and tells of it, once whoever notices.
 * @param reason why, for a person; a media timeout says it by itself
 */
export type TellLost = (callId: string, call: CallRecord, why: LostRecord['why'], reason?: string) => Promise<void>

export function createTellLost ({ store, events }: TellLostDeps): TellLost {
  return async function tellLost (callId, call, why, reason = '') {
    const at = Date.now()
    if (!await store.markLost(callId, { at, why })) return
    await store.save(callId, { event: { at, event: why.replace('-', ' '), ...(reason !== '' && { detail: reason }) } })
    const about = { callId, node: call.node, tags: tagsOf(call), at, ...ringing(call) }
    if (why === 'media-timeout') events.emit({ event: 'media-timeout', ...about })
    else events.emit({ event: 'stranded', ...about, reason, canReanchor: call.isEstablished && call.anchor !== undefined })
  }
}

/** Why a call is lost whose node had too few ports for an offer or answer of it. */
export function outOfPorts (node: string, command: string): string {
  return `rtpengine ${node} had no ports left for an ${command}, and ended the call`
}

/** Those of the dialog that stands come first, as it is found by them; a fork that lost may have shown its tag before. */
function tagsOf ({ legs, branches, caller, passedTags }: CallRecord): string[] {
  if (passedTags) return passedTags
  const confirmed = Object.values(branches).find(({ state }) => state === 'confirmed')
  const dialog = [confirmed?.caller ?? caller, confirmed?.exchange?.callee]
  const known = dialog.filter((tag) => tag !== undefined && Object.hasOwn(legs, tag)) as string[]
  return [...new Set([...known, ...Object.keys(legs)])]
}

function ringing (call: CallRecord): { cseq?: number } {
  const cseq = call.isEstablished ? undefined : liveBranches(call).at(-1)?.[1].invite?.cseq
  return cseq === undefined ? {} : { cseq }
}
