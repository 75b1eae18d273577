import { NgpilotError } from '../errors.ts'
import { profileOf } from '../policy/decide.ts'
import type { CallRecord } from '../state/store.ts'
import type { Answer } from './answer.ts'
import type { Cancels } from './cancels.ts'
import type { CallDeps } from './deps.ts'
import { type Delete, endBranches, type EndSome, failedBranches } from './end.ts'
import { type End, refused, roleOf } from './exchange.ts'
import { openingFacts } from './facts.ts'
import { goesElsewhere, inviteOf, isLateAgain, isOf } from './invite.ts'
import type { Offer } from './offer.ts'
import type { Outcome } from './outcome.ts'
import { legOf, liveBranches, otherEnd, type Place, placeOf } from './place.ts'
import type { Repeats } from './repeats.ts'
import type { MediaRequest, SipFacts } from './request.ts'
import type { Restore } from './restore.ts'
import type { Hold } from './serial.ts'

interface Verbs {
  offer: Offer
  answer: Answer
  deleteCall: Delete
  endSome: EndSome
  cancels: Pick<Cancels, 'cancelled' | 'forget'>
  repeats: Repeats
  restore: Restore
}

/** A request that came as a SIP message; its tags are SIP's From and To tags still. */
export type SipRequest = MediaRequest & { sip: SipFacts }

/**
 * Does what a SIP message asks for, as `rtpengine_manage()` of Kamailio would: the SDP in it is an offer or an answer by the
 * state of the call, not by the method, so that late offers work (RFC 3264; RFC 6337 §2).
 */
export function createManage (deps: CallDeps, verbs: Verbs) {
  const { policy, fleet, store } = deps
  return manage

  async function manage (request: SipRequest, call: CallRecord | undefined, hold: Hold): Promise<Outcome> {
    const { sip, sdp } = request
    if (call?.endedAt !== undefined) return manageEnded(request, call, hold)
    if (sip.status === undefined) {
      if (sip.method === 'CANCEL') return cancel(request, call)
      if (sip.method === 'BYE') return bye(request, call, hold)
      if (opens(request)) refuseCancelled(request, call)
    } else if (sip.status >= 300) {
      return fail(request, call, hold)
    }
    if (opens(request)) verbs.cancels.forget(request.callId)
    if (!sdp) {
      if (opens(request)) await openLate(request, call)
      if (isAccepted(sip) && call) await confirm(request, call, hold)
      return none
    }
    const isLive = call && placeOf(call, request).branch?.state !== 'ended'
    const before = isLive ? verbs.repeats.find(request) : undefined
    const outcome = before ?? await exchange({ ...request, sdp }, call, hold)
    if (call && isAccepted(sip) && isLateAgain(request, placeOf(call, request).branch)) await confirm(request, call, hold)
    if (!before && outcome.sdp && outcome.command !== 'none') verbs.repeats.keep(request, outcome)
    return outcome
  }

  /** A message with an SDP: the tags of the verbs follow the offer, so they may have to change places. */
  async function exchange (
    request: SipRequest & { sdp: Buffer }, call: CallRecord | undefined, hold: Hold,
  ): Promise<Outcome> {
    const { sip, fromTag, toTag } = request
    const isReply = sip.status !== undefined
    const needsTag = isReply || sip.method === 'ACK' || sip.method === 'PRACK'
    if (needsTag && toTag === undefined) {
      throw new NgpilotError('bad_request', `${nameOf(sip)} with SDP needs a To tag (RFC 3261 §12.1.1)`)
    }
    const place = placeOf(call, request)
    const by: End = isReply ? otherEnd(place.by) : place.by
    const role = roleOf(sip, by, place.branch)
    if (role === undefined) return none
    const swapped = toTag === undefined ? request : { ...request, fromTag: toTag, toTag: fromTag }
    if (role === 'offer') return verbs.offer(isReply ? swapped : request, call, hold)
    const answer = isReply ? request : swapped
    return verbs.answer({ ...answer, toTag: answer.toTag ?? '' }, call, hold)
  }

  /** A CANCEL is a wish; so the call ends a little later, and only if nothing has accepted it by then. */
  async function cancel (request: SipRequest, call: CallRecord | undefined): Promise<Outcome> {
    const live = call ? liveBranches(call) : []
    const cancelled = live.filter(([, branch]) => branch.state !== 'confirmed' && isOf(branch, request.sip))
    if (cancelled.length > 0) {
      verbs.cancels.cancelled(request.callId)
      await store.save(request.callId, {
        branches: Object.fromEntries(cancelled.map(([key, branch]) => [key, { ...branch, state: 'cancelled' as const }])),
        event: { at: Date.now(), event: 'cancel' },
      })
    }
    return none
  }

  /** Ends the dialog, and with the last one the call. */
  async function bye (request: SipRequest, call: CallRecord | undefined, hold: Hold): Promise<Outcome> {
    if (!call) return verbs.deleteCall(request, call, hold)
    const { key, branch, callee } = placeOf(call, request)
    const isKnown = callee !== undefined && legOf(call, callee)?.branch === key
    if (!branch || !isKnown) return verbs.deleteCall(request, call, hold)
    // Over already, or the dialog of a callee that is not the one whose media flow.
    const active = branch.exchange?.callee
    if (branch.state === 'ended' || (active !== undefined && active !== callee)) return none
    return verbs.endSome(request, call, [[key, branch]], hold)
  }

  /** A failed INVITE ends what it opened; any other request that failed ends nothing, its offer is as if never made. */
  async function fail (request: SipRequest, call: CallRecord | undefined, hold: Hold): Promise<Outcome> {
    if (!call) return none
    const place = placeOf(call, request)
    const { sip } = request
    const ended = sip.method === 'INVITE' && place.by === 'caller'
      ? failedBranches(call, place, { viaBranch: request.viaBranch, cseq: sip.cseq })
      : []
    if (ended.length === 0) {
      await takeBack(request, place, hold)
      return none
    }
    return verbs.endSome(request, call, ended, hold)
  }

  /** Who refused need not wait until the node has the media of before again; what comes next in the call does. */
  async function takeBack (request: SipRequest, place: Place, hold: Hold): Promise<void> {
    const { callId, sip } = request
    const { key, branch, by } = place
    const before = branch?.exchange
    const after = refused(before, { by, cseq: sip.cseq })
    if (branch && after && after !== before) {
      await store.save(callId, { branches: { [key]: { ...branch, exchange: after } }, event: { at: Date.now(), event: 'offer refused' } })
      hold(verbs.restore(callId, place, after, hold))
    }
  }

  /** Only an INVITE that is no repeat begins a call anew (a challenge answered, a redirection followed, the next fork). */
  function manageEnded (request: SipRequest, call: CallRecord, hold: Hold): Promise<Outcome> {
    const { sip, sdp, fromTag, viaBranch } = request
    if (!opens(request)) {
      if (!sdp || (sip.status !== undefined && sip.status >= 300)) return Promise.resolve(none)
      throw new NgpilotError('call_ended', `${nameOf(sip)} came after the end of its call`)
    }
    const isRepeat = Object.entries(call.branches).some(([key, { caller, invite }]) =>
      caller === fromTag && (viaBranch ?? key) === key && invite !== undefined && sip.cseq <= invite.cseq
      && !goesElsewhere(request, invite))
    if (isRepeat) throw new NgpilotError('call_ended', 'the INVITE came before, and its call has ended')
    return manage(request, undefined, hold)
  }

  function refuseCancelled ({ callId, sip }: SipRequest, call: CallRecord | undefined): void {
    const branches = Object.values(call?.branches ?? {})
    const isCancelled = branches.some((branch) => branch.state === 'cancelled' && isOf(branch, sip))
    if (isCancelled) throw new NgpilotError('call_ended', `the INVITE of ${callId} came before and has been cancelled`)
  }

  /** Remembers both legs of a call whose offer comes later, in the reply: then nobody says any more where the caller is. */
  async function openLate (request: SipRequest, call: CallRecord | undefined): Promise<void> {
    const inForce = policy(request.callId, call?.revision)
    const { fromTag } = request
    const { key, branch } = placeOf(call, request)
    const [node] = fleet.candidates()
    const invite = inviteOf(request, 'caller')
    if (branch || !node || !invite) return
    const facts = openingFacts(inForce, request, call, undefined)
    await store.save(request.callId, {
      ...(!call && { node: node.id, revision: inForce.revision, createdAt: Date.now(), caller: fromTag }),
      legs: { [fromTag]: { ...legOf(call, fromTag), profile: profileOf(inForce, facts, 'sender').name } },
      branches: {
        [key]: {
          caller: fromTag,
          callee: { profile: profileOf(inForce, facts, 'receiver').name },
          invite: { ...invite, isLate: true },
        },
      },
      event: { at: Date.now(), event: 'invite without offer' },
    })
  }

  /** A 2xx that no answer follows, as the exchange was over before: in a reliable 183 and its PRACK (RFC 3262 §5). */
  async function confirm (request: SipRequest, call: CallRecord, hold: Hold): Promise<void> {
    const { key, branch, by, caller } = placeOf(call, request)
    if (!branch || by !== 'caller' || branch.state === 'confirmed' || branch.invite?.cseq !== request.sip.cseq) return
    await store.save(request.callId, { branches: { [key]: { ...branch, state: 'confirmed' } }, isEstablished: true })
    const losers = liveBranches(call).filter(([other, each]) => other !== key && each.caller === caller && each.state !== 'confirmed')
    await endBranches(deps, request.callId, call, losers, hold)
  }
}

const none: Outcome = { command: 'none' }

/** An INVITE outside of a dialog. */
function opens ({ sip, toTag }: SipRequest): boolean {
  return sip.method === 'INVITE' && sip.status === undefined && toTag === undefined
}

function isAccepted ({ method, status }: SipFacts): boolean {
  return method === 'INVITE' && status !== undefined && status >= 200 && status < 300
}

function nameOf ({ method, status }: SipFacts): string {
  return status === undefined ? method : `a ${status} to ${method}`
}
