import { NgpilotError, asNgpilotError } from '../errors.ts'
import { offerCommand } from '../ng/commands.ts'
import { sendToFirst } from '../ng/failover.ts'
import { hasEndedCall, reasonOf } from '../ng/reply.ts'
import type { MediaNode } from '../ng/types.ts'
import { hasBundle } from '../sdp/bundle.ts'
import { parseSdp } from '../sdp/parse.ts'
import type { BranchRecord, CallChange, CallRecord, HiddenMedia, LegRecord } from '../state/store.ts'
import { anchorOf, asBefore, movedTo, nodesOf } from './anchor.ts'
import { offerForNode, sdpForLeg } from './bridge.ts'
import { both } from './both.ts'
import { flagsOf } from './client-flags.ts'
import { type ConformanceCheck, noted, unchecked } from './conformance.ts'
import { decided, type Weighed } from './decided.ts'
import type { CallDeps } from './deps.ts'
import { endBranches } from './end.ts'
import { offered } from './exchange.ts'
import { factsAt, openingFacts } from './facts.ts'
import { inviteOf, isLateAgain, isOf } from './invite.ts'
import type { Outcome } from './outcome.ts'
import { legAt, legOf, openingPlace, otherEnd, type Place, placeOf, selectorOf } from './place.ts'
import type { MediaRequest } from './request.ts'
import type { Hold } from './serial.ts'
import { outOfPorts } from './tell-lost.ts'

export type Offer = ReturnType<typeof createOffer>

/**
 * Handles an offer, the first of a call or of a fork, or a later one from either side (RFC 3264 §8).
 *
 * `isRestoring`: one of before goes to the node once more; between the ends nothing changes.
 * `weighed`: what was decided already on a call's first offer.
 *
 * @throws NgpilotError `offer_pending`, `out_of_order` by the state of the exchange; `not_acceptable`, `sdp_invalid` for
 *   what it offers; `no_node`, `ng_timeout`, `ng_rejected` when no node takes it.
 */
export function createOffer (deps: CallDeps, conformance: ConformanceCheck) {
  const { policy, fleet, ng, store, deletes, tellLost, observer } = deps

  return async function offer (
    request: MediaRequest & { sdp: Buffer }, call: CallRecord | undefined, hold: Hold,
    { isRestoring = false, weighed }: { isRestoring?: boolean, weighed?: Weighed } = {},
  ): Promise<Outcome> {
    const sdp = weighed?.sdp ?? parseSdp(request.sdp)
    const known = request.toTag === undefined ? undefined : placeOf(call, request)
    if (known?.branch?.state === 'ended') throw new NgpilotError('call_ended', 'an offer came in a dialog that is over')
    const inForce = weighed?.policy ?? policy(request.callId, call?.revision)
    const facts = weighed?.facts ?? (known
      ? factsAt(inForce, 'offer', request, call, known, sdp)
      : openingFacts(inForce, request, call, sdp))
    const decision = decided(deps, inForce, facts, weighed?.decision)
    const { sender, receiver } = decision
    const place = known ?? opening(call, request, receiver.name)
    const { branch, by, callee } = place
    const exchange = isRestoring || isLateAgain(request, branch) ? branch?.exchange : offered(branch?.exchange, {
      by, at: Math.floor(Date.now() / 1000),
      ...(callee !== undefined && { callee }),
      ...(request.sip && { cseq: request.sip.cseq }),
    })

    const passage = isRestoring ? unchecked : conformance.pass('offer', request, decision, { call, branch: place.key, exchange })
    passage.came(sdp)
    const senderBefore = branch && legAt(call, place, by)
    const { sdp: sdpForNode, hidden } = offerForNode(sdp, decision, senderBefore)
    // A running call stays where it is as long as it can; a new one goes to the first node that takes it.
    const nodes = call ? nodesOf(fleet, call, decision) : fleet.candidates(decision.nodes)
    const [first] = nodes

    const receiverLeg = { ...branch && legAt(call, place, otherEnd(by)), profile: receiver.name }
    const change = changeOf(request, call, place, {
      exchange, hidden, decision: decision.id, sender: sender.name, receiver: receiverLeg, isBundled: hasBundle(sdp),
    })
    const flags = flagsOf(decision, request)
    const command = offerCommand({ ...selectorOf(call, request.callId, place, change), sdp: sdpForNode, flags })
    let asked: MediaNode | undefined
    const commandFor = (node: MediaNode) => {
      asked = node
      return command
    }
    const onSent = (node: MediaNode) => deletes.forgive(node, request.callId)
    const abandoned: Promise<void>[] = []
    const onAbandoned = (node: MediaNode) => {
      deletes.doubt(node, request.callId)
      if (node.id !== call?.node) abandoned.push(deletes.owe(node, request.callId))
    }
    let isDropped = false
    const onRefused = (node: MediaNode, error: NgpilotError) => {
      if (node.id === call?.node && hasEndedCall(error)) isDropped = true
    }
    const { node, reply } = await both(
      sendToFirst(ng, nodes, commandFor, { deadline: request.deadline, onSent, onAbandoned, onRefused }),
      store.save(request.callId, {
        ...(!call && first && beginning(first, decision.revision, place.caller)), ...anchorOf(decision, call), ...change,
      }),
    ).catch(async (error: unknown) => {
      // Only here: a call that goes on at another node must not wait for one that is silent.
      abandoned.forEach(hold)
      if (!call) await forget(error, asked, request.callId, hold)
      else if (change.branches) await takeBack(request.callId, call, place, change.branches, hold)
      if (call && isDropped) await tellLost(request.callId, call, 'node-lost', outOfPorts(call.node, 'offer')).catch(() => undefined)
      throw error
    })
    const moved = call ? movedTo(node, call) : node === first ? undefined : { node: node.id }
    if (moved) await store.save(request.callId, moved)
    // The node may come back, and has the call still.
    if (call && node.id !== call.node) owe(call.node, request.callId)
    if (!reply.sdp) throw new NgpilotError('ng_rejected', `node ${node.id} answered the offer without an SDP`)

    let left: ReturnType<typeof passage.leaves>
    try {
      const anchor = moved && 'anchor' in moved ? moved.anchor : call?.anchor ?? anchorOf(decision, call).anchor
      const forLeg = sdpForLeg(reply.sdp, 'offer', { sender, receiver }, receiverLeg)
      left = passage.leaves(await asBefore(store, request.callId, anchor, otherEnd(by), forLeg))
    } catch (error) {
      if (!call) await forget(error, node, request.callId, hold)
      else if (change.branches) await takeBack(request.callId, call, place, change.branches, hold)
      throw error
    }
    observer.exchanged({
      request, command: 'offer', decision, came: facts.sdp, went: left, node: node.id,
      findingsIn: passage.incoming(), findings: passage.outgoing(), repaired: passage.repaired(),
    })
    const findings = await noted(store, request.callId, passage)
    return {
      command: 'offer',
      sdp: left.bytes,
      node: node.id,
      sender: sender.name,
      receiver: receiver.name,
      revision: decision.revision,
      ...findings,
    }
  }

  function owe (nodeId: string, callId: string): void {
    if (fleet.nodes().some(({ id }) => id === nodeId)) void deletes.owe(fleet.pinned(nodeId), callId)
  }

  /**
   * The node may hold a call without media now, which no timeout of its own ends: it is owed a delete. Where it never got
   * the offer, or stayed silent (then it is owed one already), not.
   */
  async function forget (error: unknown, node: MediaNode | undefined, callId: string, hold: Hold): Promise<void> {
    const isUnsent = asNgpilotError(error).code === 'no_node' && reasonOf(error) === undefined
    if (node && !isUnsent && asNgpilotError(error).code !== 'ng_timeout') hold(deletes.owe(node, callId))
    await store.remove(callId).catch(() => undefined)
  }

  /** The call goes on without the offer: a fork that could not begin has ended, any other branch is as it was. */
  async function takeBack (
    callId: string, call: CallRecord, { key, branch }: Place, changed: Record<string, BranchRecord>, hold: Hold,
  ): Promise<void> {
    const saved = branch
      ? store.save(callId, { branches: { [key]: branch } })
      : endBranches(deps, callId, call, Object.entries(changed), hold)
    await saved.catch(() => undefined)
  }
}

/** @throws NgpilotError `call_ended` for a fork that has failed already: its request came again. */
function opening (call: CallRecord | undefined, request: MediaRequest, profile: string): Place {
  const place = openingPlace(call, request, profile)
  if (place.branch?.state !== 'ended') return place
  if (request.sip && request.viaBranch !== undefined && isOf(place.branch, request.sip)) {
    throw new NgpilotError('call_ended', 'the INVITE came before, and its branch has ended')
  }
  return { ...place, branch: undefined }
}

function beginning (node: MediaNode, revision: string, caller: string): CallChange {
  return { node: node.id, revision, createdAt: Date.now(), caller }
}

interface Offered {
  exchange: BranchRecord['exchange']
  /** Of the sender. */
  hidden: HiddenMedia[]
  sender: string
  receiver: LegRecord
  isBundled: boolean
  /** Its id. */
  decision: string
}

function changeOf (
  request: MediaRequest, call: CallRecord | undefined, place: Place,
  { exchange, hidden, sender, receiver, isBundled, decision }: Offered,
): CallChange {
  const { key, branch, by, caller, callee } = place
  const hiddenOf = hidden.length > 0 ? { hidden } : {}
  const bundled = isBundled ? { isBundled: true as const } : {}
  const senderLeg: LegRecord = by === 'caller'
    ? { profile: sender, ...bundled }
    : { profile: sender, branch: key, ...nodeTagOf(call, callee), ...hiddenOf, ...bundled }
  const invite = branch?.invite ?? inviteOf(request, by)
  const changed: BranchRecord = {
    caller,
    callee: by === 'callee' || branch?.state === 'confirmed' ? branch?.callee ?? { profile: sender } : receiver,
    ...(by === 'caller' ? hiddenOf : branch?.hidden && { hidden: branch.hidden }),
    ...(invite && { invite }),
    ...(exchange && { exchange }),
    ...(branch?.state && { state: branch.state }),
  }
  const legs: CallChange['legs'] = by === 'caller' || callee === undefined
    ? { [caller]: senderLeg, ...(callee !== undefined && { [callee]: { ...receiver, branch: key } }) }
    : { [callee]: senderLeg, [caller]: withoutHidden(receiver) }
  return {
    legs,
    branches: { [key]: changed },
    event: { at: Date.now(), event: 'offer', detail: `${sender} → ${receiver.profile}, decision ${decision}` },
  }
}

function nodeTagOf (call: CallRecord | undefined, tag: string | undefined): Pick<LegRecord, 'nodeTag'> {
  const nodeTag = tag === undefined ? undefined : legOf(call, tag)?.nodeTag
  return nodeTag === undefined ? {} : { nodeTag }
}

/** What a caller does not see depends on the branch, and stands there. */
function withoutHidden (leg: LegRecord): LegRecord {
  const shown = { ...leg }
  delete shown.hidden
  return shown
}
