import type { Condition, NodeState } from './node.ts'

/** What the fleet tells while it works. `node` is the node's id. */
export interface FleetObserver {
  /** The state of a node has changed. `text` tells it all: `rtpengine n1 is down: 3 commands timed out within 0.6 s`. */
  state (event: StateEvent): void
  /** A node has refused a new call with `reason` (`Parallel session limit reached`), and rests for a few seconds. */
  busy (node: string, reason: string): void
  /** So many nodes of a set are down that they are tried again, or no longer so many. `text` names them. */
  panic (set: string, isPanic: boolean, text: string): void
  /** A node came, moved to another address, left the list (it drains), or is forgotten, as it has no calls any more. */
  membership (event: MembershipEvent): void
}

/** A node that drains or is disabled may go down all the same: then `from` and `to` tell of that. */
export interface StateEvent { node: string, from: NodeState, to: NodeState, reason: string, text: string }

/** `text` tells it all: `rtpengine n1 has moved to 192.0.2.11:2223`. */
export interface MembershipEvent { node: string, change: 'added' | 'moved' | 'removed' | 'forgotten', text: string }

export const silentFleetObserver: FleetObserver = {
  state: () => undefined,
  busy: () => undefined,
  panic: () => undefined,
  membership: () => undefined,
}

export function stateEvent (node: string, from: NodeState, to: NodeState, reason: string): StateEvent {
  return { node, from, to, reason, text: `rtpengine ${node} is ${to}: ${reason}` }
}

/** The same of a node that takes no new calls, however it fares: `rtpengine n1 is draining, and down: …`. */
export function conditionEvent (node: string, will: 'draining' | 'disabled', from: Condition, to: Condition, reason: string): StateEvent {
  return { node, from, to, reason, text: `rtpengine ${node} is ${will}${to === 'up' ? '' : `, and ${to}`}: ${reason}` }
}
