import { asNgpilotError, NgpilotError } from '../errors.ts'
import { answerCommand } from '../ng/commands.ts'
import { hasEndedCall } from '../ng/reply.ts'
import type { MediaNode } from '../ng/types.ts'
import { refuseMedia } from '../sdp/media.ts'
import { parseSdp, sdpBytes } from '../sdp/parse.ts'
import type { Sdp } from '../sdp/sdp.ts'
import type { BranchRecord, CallChange, CallRecord, LegRecord } from '../state/store.ts'
import { asBefore } from './anchor.ts'
import { answerForNode, sdpForLeg } from './bridge.ts'
import { both } from './both.ts'
import { flagsOf } from './client-flags.ts'
import { type ConformanceCheck, noted, unchecked } from './conformance.ts'
import { decided } from './decided.ts'
import type { CallDeps } from './deps.ts'
import { endBranches } from './end.ts'
import { answered } from './exchange.ts'
import { factsAt } from './facts.ts'
import type { Outcome } from './outcome.ts'
import { legAt, liveBranches, nodeTagOf, otherEnd, type Place, placeOf, selectorOf } from './place.ts'
import type { MediaRequest } from './request.ts'
import type { Hold } from './serial.ts'
import { outOfPorts } from './tell-lost.ts'

/** Longer than a node is silent that only pauses. */
const lostAfterMs = 2000

export type Answer = ReturnType<typeof createAnswer>

/**
 * Handles an answer; the same one again (a 183 and its 200, a retransmission) gives the same SDP. The first 2xx of a forked
 * INVITE wins, and the other branches end. `isRestoring`: as for an offer.
 *
 * @throws NgpilotError `call_unknown` without a call, `call_lost` when its node is gone, `out_of_order` when its latest
 *   offer was not the from-tag's.
 */
export function createAnswer (deps: CallDeps, conformance: ConformanceCheck) {
  const { policy, fleet, ng, store, tellLost, observer } = deps

  return async function answer (
    request: MediaRequest & { sdp: Buffer, toTag: string }, call: CallRecord | undefined, hold: Hold,
    { isRestoring = false } = {},
  ): Promise<Outcome> {
    if (!call) throw new NgpilotError('call_unknown', 'an answer came for a call that is not known; its offer must come first')
    const sdp = parseSdp(request.sdp)
    const place = placeOf(call, request, (branch) => isAnswerFrom(request, call, branch, sdp))
    const { key, by, caller, callee } = place
    const answerer = otherEnd(by)
    const { branch } = place
    if (!branch) throw new NgpilotError('out_of_order', 'an answer came before any offer of its branch')
    const exchange = isRestoring ? branch.exchange : answered(branch.exchange, {
      by: answerer, at: Date.now() / 1000,
      ...(callee !== undefined && { callee }),
      ...(request.sip?.method !== 'PRACK' && request.sip && { cseq: request.sip.cseq }),
    })
    if (!isRestoring && hasLost(call, place, request)) return lost(request, call, place, sdp)
    if (branch.state === 'ended') throw new NgpilotError('call_ended', 'an answer came in a dialog that is over')

    const inForce = policy(request.callId, call.revision)
    const facts = factsAt(inForce, 'answer', request, call, place, sdp)
    const decision = decided(deps, inForce, facts)
    const passage = isRestoring ? unchecked : conformance.pass('answer', request, decision, { call, branch: key, exchange })
    passage.came(sdp)
    const node = fleet.pinned(call.node)
    const leg: LegRecord = { ...legAt(call, place, answerer), profile: decision.sender.name }
    const command = answerCommand({
      ...selectorOf(call, request.callId, place), toTag: selectorOf(call, request.callId, place).toTag ?? request.toTag,
      sdp: answerForNode(sdp, leg), flags: flagsOf(decision, request),
    })
    const isConfirmed = isFinal(request)
    const nodeTag = nodeTagOf(call, place)
    const isAlias = callee !== undefined && nodeTag !== undefined && nodeTag !== callee
    const change: CallChange = {
      ...(callee !== undefined && answerer === 'callee' && {
        legs: { [callee]: { ...leg, branch: key, ...(isAlias && { nodeTag }) } },
      }),
      branches: { [key]: { ...branch, ...exchange && { exchange }, ...(isConfirmed && { state: 'confirmed' }) } },
      ...(isConfirmed && { isEstablished: true }),
      event: { at: Date.now(), event: 'answer', detail: `${decision.sender.name} → ${decision.receiver.name}, decision ${decision.id}` },
    }
    // A worker of Kamailio waits for a SIP reply, and it comes again: of a node that has fallen silent it is told at once.
    const whenSilent = request.sip?.status === undefined ? 'wait' : 'fail'
    const reply = await both(
      ng.send(node, command, { deadline: request.deadline, whenSilent }), store.save(request.callId, change),
    ).catch(async (error: unknown) => {
      // Nobody has picked up as long as the node does not know of it.
      const before = { branches: { [key]: branch }, ...(isConfirmed && { isEstablished: call.isEstablished }) }
      await store.save(request.callId, before).catch(() => undefined)
      if (hasEndedCall(error)) {
        const reason = outOfPorts(node.id, 'answer')
        await tellLost(request.callId, call, 'node-lost', reason).catch(() => undefined)
        throw new NgpilotError('call_lost', reason, { cause: error })
      }
      throw whetherLost(node, error)
    })
    if (!reply.sdp) throw new NgpilotError('ng_rejected', `node ${node.id} answered the answer without an SDP`)
    if (isConfirmed && branch.state !== 'confirmed') {
      const losers = liveBranches(call).filter(([other, { caller: tag, state }]) => other !== key && tag === caller && state !== 'confirmed')
      await endBranches(deps, request.callId, call, losers, hold)
    }

    const forLeg = sdpForLeg(reply.sdp, 'answer', decision, legAt(call, place, by))
    const left = passage.leaves(await asBefore(store, request.callId, call.anchor, by, forLeg))
    observer.exchanged({
      request, command: 'answer', decision, came: facts.sdp, went: left, node: node.id,
      findingsIn: passage.incoming(), findings: passage.outgoing(), repaired: passage.repaired(),
    })
    const findings = await noted(store, request.callId, passage)
    return {
      command: 'answer',
      sdp: left.bytes,
      node: node.id,
      sender: decision.sender.name,
      receiver: decision.receiver.name,
      revision: decision.revision,
      ...findings,
    }
  }

  /**
   * A node that has been down for a while does not come back with this call; then nobody needs to try the answer again. No
   * other node can take it: the answerer has been told the ports of this one.
   */
  function whetherLost ({ id }: MediaNode, error: unknown): Error {
    const asIs = asNgpilotError(error)
    const { code } = asIs
    const view = fleet.nodes().find((each) => each.id === id)
    const isLost = (code === 'ng_timeout' || code === 'no_node') && view?.state === 'down' && Date.now() - view.since >= lostAfterMs
    return isLost ? new NgpilotError('call_lost', `node ${id}, which has the call, is down: ${view.reason}`, { cause: error }) : asIs
  }

  /**
   * An answer of a fork that has ended, or to an INVITE that another one has accepted already. Its media must not take the
   * place of the winner's; the caller ends its dialog, as it must (RFC 3261 §13.2.2.4).
   */
  async function lost (request: MediaRequest, call: CallRecord, place: Place, sdp: Sdp): Promise<Outcome> {
    const { key, callee } = place
    const leg = legAt(call, place, 'callee')
    if (callee !== undefined && leg) {
      await store.save(request.callId, {
        legs: { [callee]: { ...leg, branch: key, nodeTag: nodeTagOf(call, place) ?? callee } },
        event: { at: Date.now(), event: 'answer of a fork that lost' },
      })
    }
    return { command: 'none', sdp: sdpBytes(refuseMedia(sdp)) }
  }

  /** An answer keeps the protocol of the offer (RFC 3264 §6), so it tells branches of different profiles apart. */
  function isAnswerFrom ({ callId }: MediaRequest, call: CallRecord, branch: BranchRecord, sdp: Sdp): boolean {
    const { profiles } = policy(callId, call.revision)
    return sdp.media.some(({ protocol }) => protocol === profiles.get(branch.callee.profile)?.protocol)
  }
}

function hasLost (call: CallRecord, { key, branch, by, caller, callee }: Place, { sip }: MediaRequest): boolean {
  if (!sip || by !== 'caller' || sip.method !== 'INVITE' || sip.cseq !== branch?.invite?.cseq) return false
  if (branch.state === 'ended') return true
  if (branch.state === 'confirmed') return branch.exchange?.callee !== callee
  return Object.entries(call.branches).some(([other, each]) => other !== key && each.caller === caller && each.state === 'confirmed')
}

/** A 2xx, or the ACK that answers a late offer, or a client that does not say: the call stands. A 183 or PRACK is early. */
function isFinal ({ sip }: MediaRequest): boolean {
  return sip?.status === undefined ? sip?.method !== 'PRACK' : sip.status >= 200 && sip.method === 'INVITE'
}
