import { NgpilotError } from '../errors.ts'
import { offerCommand } from '../ng/commands.ts'
import type { MediaNode, NgReply } from '../ng/types.ts'
import { decide } from '../policy/decide.ts'
import { hasBundle } from '../sdp/bundle.ts'
import { parseSdp } from '../sdp/parse.ts'
import type { CallChange, CallRecord, LegRecord } from '../state/store.ts'
import { offerForNode, sdpForLeg } from './bridge.ts'
import type { CallDeps } from './deps.ts'
import { legOf, offerFacts } from './facts.ts'
import type { Outcome } from './outcome.ts'
import type { MediaRequest } from './request.ts'
import type { Hold } from './serial.ts'

export type Offer = ReturnType<typeof createOffer>

/** Handles an offer, the first of a call or a later one from either side (RFC 3264 §8). */
export function createOffer ({ policy, fleet, ng, store, deletes, observer }: CallDeps) {
  return async function offer (
    request: MediaRequest & { sdp: Buffer }, call: CallRecord | undefined, hold: Hold,
  ): Promise<Outcome> {
    const sdp = parseSdp(request.sdp)
    const decision = decide(policy(), offerFacts(request, call, sdp))
    observer.decided('offer', decision.sender.name, decision.receiver.name)
    const { sdp: sdpForNode, hidden } = offerForNode(sdp, decision, legOf(call, request.fromTag))
    const node = call ? fleet.pinned(call.node) : fleet.pick()

    if (!call) deletes.forgive(node, request.callId)

    const sender: LegRecord = {
      profile: decision.sender.name, ...(hidden.length > 0 && { hidden }), ...(hasBundle(sdp) && { isBundled: true }),
    }
    const receiver = receiverLeg(request, call, decision.receiver.name)
    const reply = await both(
      ng.send(node, offerCommand({ ...request, sdp: sdpForNode, flags: decision.flags }), request),
      store.save(request.callId, offered(request, call, { node, sender, receiver, revision: decision.revision })),
    ).catch(async (error: unknown) => {
      if (!call) await abandon(node, request.callId, hold)
      throw error
    })
    if (!reply.sdp) throw new NgpilotError('ng_rejected', `node ${node.id} answered the offer without an SDP`)

    return {
      command: 'offer',
      sdp: sdpForLeg(reply.sdp, 'offer', decision.receiver, receiver),
      node: node.id,
      sender: decision.sender.name,
      receiver: decision.receiver.name,
      revision: decision.revision,
    }
  }

  /** A first offer that failed may have left a call without media behind, which no timeout of the node ends. */
  async function abandon (node: MediaNode, callId: string, hold: Hold): Promise<void> {
    hold(deletes.owe(node, callId))
    await store.remove(callId).catch(() => undefined)
  }
}

/** Waits for both, also when one fails: what comes after a failure must not overtake the other. */
async function both (sending: Promise<NgReply>, saving: Promise<void>): Promise<NgReply> {
  const [reply, saved] = await Promise.allSettled([sending, saving])
  if (reply.status === 'rejected') throw reply.reason
  if (saved.status === 'rejected') throw saved.reason
  return reply.value
}

function receiverLeg (request: MediaRequest, call: CallRecord | undefined, profile: string): LegRecord {
  const known = request.toTag === undefined ? call?.callee : legOf(call, request.toTag) ?? call?.callee
  return { ...known, profile }
}

interface Offered { node: MediaNode, sender: LegRecord, receiver: LegRecord, revision: string }

function offered (
  request: MediaRequest, call: CallRecord | undefined, { node, sender, receiver, revision }: Offered,
): CallChange {
  const now = Date.now()
  return {
    ...(!call && { node: node.id, revision, createdAt: now }),
    legs: { [request.fromTag]: sender, ...(request.toTag !== undefined && { [request.toTag]: receiver }) },
    ...(request.toTag === undefined && { callee: receiver }),
    exchange: { offerer: request.fromTag, state: 'offered', ...(request.sip && { cseq: request.sip.cseq }) },
    event: { at: now, event: 'offer', detail: `${sender.profile} → ${receiver.profile}` },
  }
}
