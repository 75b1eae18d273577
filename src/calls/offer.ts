import { NgpilotError, asNgpilotError } from '../errors.ts'
import { offerCommand } from '../ng/commands.ts'
import { sendToFirst } from '../ng/failover.ts'
import { reasonOf } from '../ng/reply.ts'
import type { MediaNode } from '../ng/types.ts'
import { decide } from '../policy/decide.ts'
import { hasBundle } from '../sdp/bundle.ts'
import { parseSdp } from '../sdp/parse.ts'
import type { CallChange, CallRecord, LegRecord } from '../state/store.ts'
import { accepted, offerForNode, sdpForLeg } from './bridge.ts'
import { flagsOf } from './client-flags.ts'
import type { CallDeps } from './deps.ts'
import { callerOf, legOf, offerFacts } from './facts.ts'
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
    const inForce = policy()
    const decision = accepted(decide(inForce, offerFacts(inForce, request, call, sdp)))
    observer.decided('offer', decision.sender.name, decision.receiver.name)
    const { sdp: sdpForNode, hidden } = offerForNode(sdp, decision, legOf(call, request.fromTag))
    // A running call stays where it is; a new one goes to the first node that takes it.
    const nodes = call ? [fleet.pinned(call.node)] : fleet.candidates(decision.nodes)
    const [first] = nodes
    if (!call && first) deletes.forgive(first, request.callId)

    const sender: LegRecord = {
      profile: decision.sender.name, ...(hidden.length > 0 && { hidden }), ...(hasBundle(sdp) && { isBundled: true }),
    }
    const receiver = receiverLeg(request, call, decision.receiver.name)
    const command = offerCommand({ ...request, sdp: sdpForNode, flags: flagsOf(decision, request) })
    let asked: MediaNode | undefined
    const commandFor = (node: MediaNode) => {
      asked = node
      return command
    }
    const onAbandoned = (node: MediaNode) => hold(deletes.owe(node, request.callId))
    const { node, reply } = await both(
      sendToFirst(ng, nodes, commandFor, { deadline: request.deadline, ...(!call && { onAbandoned }) }),
      store.save(request.callId, offered(request, call, { node: first, sender, receiver, revision: decision.revision })),
    ).catch(async (error: unknown) => {
      if (isLost(error, call)) await forget(error, asked, request.callId, hold)
      throw error
    })
    if (node !== first) await store.save(request.callId, { node: node.id })
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

  /**
   * The node may hold a call without media now, which no timeout of its own ends: it is owed a delete. Where it never got
   * the offer, or stayed silent (then it is owed one already), not.
   */
  async function forget (error: unknown, node: MediaNode | undefined, callId: string, hold: Hold): Promise<void> {
    const isUnsent = asNgpilotError(error).code === 'no_node' && reasonOf(error) === undefined
    if (node && !isUnsent && asNgpilotError(error).code !== 'ng_timeout') hold(deletes.owe(node, callId))
    await store.remove(callId).catch(() => undefined)
  }
}

/** A new call that could not begin, or one that its node has dropped: too few ports for a re-offer end the call. */
function isLost (error: unknown, call: CallRecord | undefined): boolean {
  return !call || reasonOf(error) === 'Ran out of ports'
}

/** Waits for both, also when one fails: what comes after a failure must not overtake the other. */
async function both<T> (sending: Promise<T>, saving: Promise<void>): Promise<T> {
  const [reply, saved] = await Promise.allSettled([sending, saving])
  if (reply.status === 'rejected') throw reply.reason
  if (saved.status === 'rejected') throw saved.reason
  return reply.value
}

function receiverLeg (request: MediaRequest, call: CallRecord | undefined, profile: string): LegRecord {
  const known = request.toTag === undefined ? call?.callee : legOf(call, request.toTag) ?? call?.callee
  return { ...known, profile }
}

interface Offered { node: MediaNode | undefined, sender: LegRecord, receiver: LegRecord, revision: string }

function offered (
  request: MediaRequest, call: CallRecord | undefined, { node, sender, receiver, revision }: Offered,
): CallChange {
  const now = Date.now()
  return {
    ...(!call && node && { node: node.id, revision, createdAt: now, caller: callerOf(request, call) }),
    legs: { [request.fromTag]: sender, ...(request.toTag !== undefined && { [request.toTag]: receiver }) },
    ...(request.toTag === undefined && { callee: receiver }),
    exchange: { offerer: request.fromTag, state: 'offered', ...(request.sip && { cseq: request.sip.cseq }) },
    event: { at: now, event: 'offer', detail: `${sender.profile} → ${receiver.profile}` },
  }
}
