import { NgpilotError } from '../errors.ts'
import { profileOf } from '../policy/decide.ts'
import type { CallRecord } from '../state/store.ts'
import type { Answer } from './answer.ts'
import type { Cancels } from './cancels.ts'
import type { Delete } from './delete.ts'
import type { CallDeps } from './deps.ts'
import { offerFacts } from './facts.ts'
import type { Offer } from './offer.ts'
import type { Outcome } from './outcome.ts'
import type { MediaRequest, SipFacts } from './request.ts'
import type { Hold } from './serial.ts'

interface Verbs { offer: Offer, answer: Answer, deleteCall: Delete, cancels: Pick<Cancels, 'cancelled' | 'forget'> }

/** A request that came as a SIP message; its tags are SIP's From and To tags still. */
export type SipRequest = MediaRequest & { sip: SipFacts }

/**
 * Does what a SIP message asks for, as `rtpengine_manage()` of Kamailio would: the SDP in it is an offer or an answer by the
 * state of the call, not by the method, so that late offers work (RFC 3264; RFC 6337 §2).
 */
export function createManage ({ policy, fleet, store }: CallDeps, verbs: Verbs) {
  return async function manage (request: SipRequest, call: CallRecord | undefined, hold: Hold): Promise<Outcome> {
    const { sip, sdp, fromTag, toTag } = request
    if (sip.method === 'CANCEL' && sip.status === undefined) {
      if (call && !call.isEstablished) verbs.cancels.cancelled(request.callId)
      return { command: 'none' }
    }
    if (ends(sip, call)) {
      verbs.cancels.forget(request.callId)
      return verbs.deleteCall(request, call, hold)
    }
    if (opens(sip)) verbs.cancels.forget(request.callId)
    if (!sdp) {
      if (opens(sip) && toTag === undefined) await open(request)
      return { command: 'none' }
    }
    if (sip.status === undefined) {
      if (sip.method !== 'ACK' && sip.method !== 'PRACK') return verbs.offer({ ...request, sdp }, call, hold)
      if (toTag === undefined) throw new NgpilotError('bad_request', `${sip.method} without a To tag belongs to no dialog`)
      if (call?.exchange?.offerer === toTag) return verbs.answer({ ...request, sdp, fromTag: toTag, toTag: fromTag }, call)
      if (sip.method === 'PRACK') return verbs.offer({ ...request, sdp }, call, hold)
      throw new NgpilotError('out_of_order', 'the SDP of an ACK is an answer, and the other side has offered nothing')
    }
    if (sip.status >= 300) return { command: 'none' }
    if (toTag === undefined) throw new NgpilotError('bad_request', 'a reply with SDP needs a To tag (RFC 3261 §12.1.1)')
    if (answers(sip, fromTag, call)) return verbs.answer({ ...request, sdp, toTag }, call)
    return verbs.offer({ ...request, sdp, fromTag: toTag, toTag: fromTag }, call, hold)
  }

  /** Remembers both legs of a call whose offer comes later, in the reply: then nobody says any more where the caller is. */
  async function open (request: SipRequest): Promise<void> {
    const inForce = policy()
    const facts = offerFacts(inForce, request, undefined, undefined)
    const [node] = fleet.candidates()
    if (!node) return
    await store.save(request.callId, {
      node: node.id,
      revision: inForce.revision,
      createdAt: Date.now(),
      caller: request.fromTag,
      legs: { [request.fromTag]: { profile: profileOf(inForce, facts, 'sender').name } },
      callee: { profile: profileOf(inForce, facts, 'receiver').name },
      event: { at: Date.now(), event: 'invite without offer' },
    })
  }
}

/** BYE ends the call; a failed INVITE ends it only while nobody has accepted it. */
function ends (sip: SipFacts, call: CallRecord | undefined): boolean {
  if (sip.status === undefined) return sip.method === 'BYE'
  return sip.status >= 300 && sip.method === 'INVITE' && !call?.isEstablished
}

function opens (sip: SipFacts): boolean {
  return sip.method === 'INVITE' && sip.status === undefined
}

/** Whether the SDP of a reply is the answer to the offer that its request carried. */
function answers (sip: SipFacts, fromTag: string, call: CallRecord | undefined): boolean {
  if (!call) return true // to nothing known, which `answer` refuses
  const { exchange } = call
  return exchange?.offerer === fromTag && (exchange.cseq === undefined || exchange.cseq === sip.cseq)
}
