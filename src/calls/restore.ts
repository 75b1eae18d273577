import { asNgpilotError } from '../errors.ts'
import type { CallStore } from '../state/store.ts'
import type { Answer } from './answer.ts'
import type { ConformanceCheck } from './conformance.ts'
import type { Offer } from './offer.ts'
import type { Place } from './place.ts'
import type { MediaRequest, SipFacts } from './request.ts'
import type { Hold } from './serial.ts'

interface Verbs { offer: Offer, answer: Answer, conformance: Pick<ConformanceCheck, 'beforeRefused'> }

const allowedMs = 1000

/**
 * Puts media back as they were before an offer that was refused. The node has carried that out already, while for both ends
 * nothing has changed (RFC 3261 §14.1): after a hold that was refused, one of them would hear nothing. The offer and answer
 * before it go to the node once more, and what it makes of them to nobody.
 *
 * Only the instance that had them knows these SDPs, for they have keys in them.
 */
export function createRestore (store: Pick<CallStore, 'find' | 'save'>, { offer, answer, conformance }: Verbs) {
  return async function restore (
    request: MediaRequest & { sip: SipFacts }, { key, by, caller, callee }: Place, hold: Hold,
  ): Promise<void> {
    const { callId, source, destination } = request
    const [offerer, answerer] = by === 'caller' ? [caller, callee] : [callee, caller]
    if (offerer === undefined || answerer === undefined) return
    const before = conformance.beforeRefused({ callId, branch: key, offerer, answerer })
    if (!before) return
    // The refusal came from who was to answer.
    const again = { ...request, fromTag: offerer, toTag: answerer, deadline: performance.now() + allowedMs }
    const answered = { ...again, sip: { ...request.sip, status: 200 }, sdp: before.answer }
    const ends = { ...destination && { source: destination }, ...source && { destination: source } }
    const offered = { ...again, ...ends, sip: { ...request.sip }, sdp: before.offer }
    delete offered.sip.status
    let event = 'media as before the refused offer'
    let detail: string | undefined
    try {
      await offer(offered, await store.find(callId), hold)
      await answer(answered, await store.find(callId), hold)
    } catch (error) {
      event = 'media not as before the refused offer'
      detail = asNgpilotError(error).message
    }
    await store.save(callId, { event: { at: Date.now(), event, ...detail !== undefined && { detail } } })
  }
}

export type Restore = ReturnType<typeof createRestore>
