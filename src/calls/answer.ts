import { NgpilotError } from '../errors.ts'
import { answerCommand } from '../ng/commands.ts'
import { decide } from '../policy/decide.ts'
import { parseSdp } from '../sdp/parse.ts'
import type { CallRecord } from '../state/store.ts'
import { accepted, answerForNode, sdpForLeg } from './bridge.ts'
import { flagsOf } from './client-flags.ts'
import type { CallDeps } from './deps.ts'
import { answerFacts, legOf } from './facts.ts'
import type { Outcome } from './outcome.ts'
import type { MediaRequest } from './request.ts'

export type Answer = ReturnType<typeof createAnswer>

/**
 * Handles an answer; the same one again (a 183 and its 200, a retransmission) gives the same SDP.
 * @throws NgpilotError `call_unknown` without a call, `out_of_order` when its latest offer was not the from-tag's.
 */
export function createAnswer ({ policy, fleet, ng, store, observer }: CallDeps) {
  return async function answer (
    request: MediaRequest & { sdp: Buffer, toTag: string }, call: CallRecord | undefined,
  ): Promise<Outcome> {
    if (!call) throw new NgpilotError('call_unknown', 'an answer came for a call that is not known; its offer must come first')
    checkOrder(call, request)
    const sdp = parseSdp(request.sdp)
    const inForce = policy()
    const decision = accepted(decide(inForce, answerFacts(inForce, request, call, sdp)))
    observer.decided('answer', decision.sender.name, decision.receiver.name)
    const node = fleet.pinned(call.node)

    const answerer = legOf(call, request.toTag) ?? call.callee
    const command = answerCommand({ ...request, sdp: answerForNode(sdp, answerer), flags: flagsOf(decision, request) })
    const [reply] = await Promise.all([
      ng.send(node, command, request),
      store.save(request.callId, {
        legs: { [request.toTag]: { ...answerer, profile: decision.sender.name } },
        exchange: { ...call.exchange, offerer: request.fromTag, state: 'answered' },
        ...(isFinal(request) && { isEstablished: true }),
        event: { at: Date.now(), event: 'answer', detail: `${decision.sender.name} → ${decision.receiver.name}` },
      }),
    ])
    if (!reply.sdp) throw new NgpilotError('ng_rejected', `node ${node.id} answered the answer without an SDP`)

    return {
      command: 'answer',
      sdp: sdpForLeg(reply.sdp, 'answer', decision.receiver, legOf(call, request.fromTag)),
      node: node.id,
      sender: decision.sender.name,
      receiver: decision.receiver.name,
      revision: decision.revision,
    }
  }
}

function checkOrder (call: CallRecord, request: MediaRequest): void {
  if (call.exchange?.offerer === request.fromTag) return
  throw new NgpilotError('out_of_order', call.exchange
    ? 'the answer\'s from-tag is not the tag that made the latest offer; in an answer the from-tag is the offerer\'s'
    : 'an answer came before any offer of the call')
}

/** A 2xx, or the ACK that answers a late offer, or a client that does not say: the call stands. A 183 or PRACK is early. */
function isFinal ({ sip }: MediaRequest): boolean {
  return sip?.status === undefined ? sip?.method !== 'PRACK' : sip.status >= 200
}
