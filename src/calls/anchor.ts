import type { MediaNode } from '../ng/types.ts'
import type { Decision } from '../policy/types.ts'
import { originOf, withOrigin } from '../sdp/origin.ts'
import type { Sdp } from '../sdp/sdp.ts'
import type { AnchorRecord, CallChange, CallRecord } from '../state/store.ts'
import type { CallDeps } from './deps.ts'
import type { End } from './exchange.ts'

/**
 * The nodes for the next offer of a running call: its own, and where the policy says so, others for when that is lost. An
 * exchange of offer and answer tells both ends all of the new node, so the whole call moves with it. What the policy said
 * when the call began holds for all of it: a re-INVITE of the callee may match other rules.
 */
export function nodesOf (
  fleet: CallDeps['fleet'], call: CallRecord, { onNodeLoss, nodes }: Pick<Decision, 'onNodeLoss' | 'nodes'>,
): MediaNode[] {
  const state = fleet.nodes().find(({ id }) => id === call.node)?.state
  const isMovable = onNodeLoss === 're-anchor' || call.anchor !== undefined
  if (!isMovable || !call.isEstablished) return [fleet.pinned(call.node)]
  const others = othersOf(fleet, call.node, nodes)
  if (state === undefined || (state === 'down' && others.length > 0)) return others
  return [fleet.pinned(call.node), ...others]
}

function othersOf (fleet: CallDeps['fleet'], id: string, set: string | undefined): MediaNode[] {
  try {
    return fleet.candidates(set).filter((node) => node.id !== id)
  } catch {
    return [] // Nobody takes a new call: its own node may answer yet.
  }
}

/** What a call that moves when its node is lost must remember from the beginning. */
export function anchorOf ({ onNodeLoss }: Pick<Decision, 'onNodeLoss'>, call: CallRecord | undefined): Pick<CallChange, 'anchor'> {
  return onNodeLoss === 're-anchor' && !call?.anchor ? { anchor: { moves: 0 } } : {}
}

/** What has to be saved when the call has moved to a node, or its media are there again. Undefined: nothing. */
export function movedTo (node: MediaNode, call: CallRecord): CallChange | undefined {
  if (node.id === call.node) return call.lost ? { lost: null } : undefined
  const { moves = 0, ...origins } = call.anchor ?? {}
  return {
    node: node.id,
    anchor: { ...origins, moves: moves + 1 },
    lost: null,
    event: { at: Date.now(), event: 're-anchored', detail: `${call.node} → ${node.id}` },
  }
}

/**
 * An SDP for one end of such a call, its origin the one that this end knows: an endpoint may ignore a new SDP of the same
 * version, and take one of another origin for another session.
 */
export async function asBefore (
  store: CallDeps['store'], callId: string, anchor: AnchorRecord | undefined, end: End, sdp: Sdp,
): Promise<Sdp> {
  if (!anchor) return sdp
  const origin = originOf(sdp)
  if (anchor[end] === undefined && origin !== undefined) await store.save(callId, { anchor: { ...anchor, [end]: origin } })
  return withOrigin(sdp, anchor[end], anchor.moves)
}
