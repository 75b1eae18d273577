import type { MediaNode } from '../ng/types.ts'

/** A node as the operator lists it. What else a `MediaNode` holds goes to the NG client as it is. */
export interface NodeSettings extends MediaNode {
  /** Its share of the new calls, beside the others of its tier. Default 1. */
  weight?: number
  /** Its tier: nodes of a lower number take the new calls as long as one of them is well. Default 0. */
  priority?: number
  /** The sets of nodes that it belongs to; a policy names one. Default `['default']`. */
  sets?: readonly string[]
  /** What it runs, where the operator says so: `12.5` or `12.5.1.31`. Else it is learned. */
  version?: string
}

/** What the answers of a node say of it: fine, in doubt, or left out until it answers again. */
export type Condition = 'up' | 'suspect' | 'down'

/**
 * What became of a node. `draining`: it keeps its calls and takes no new ones. `disabled`: the same, and it is not asked
 * how it fares. Both are the operator's will, and stand before the condition.
 */
export type NodeState = Condition | 'draining' | 'disabled'

/** A node as an operator sees it. What the node itself says (calls, ports) is a few seconds old at most. */
export interface NodeView {
  id: string
  /** `HOST:PORT`, an IPv6 address in brackets, with its transport before it where that is not UDP. */
  address: string
  /** `12.5.1.31-1` where it said so, `12.5` as it was set, `11.3 or newer` by what it can do. Undefined while not known. */
  version: string | undefined
  state: NodeState
  /** Why the state is what it is, in words. */
  reason: string
  /** When the state began, in milliseconds since 1970. */
  since: number
  sets: readonly string[]
  priority: number
  weight: number
  /** It refused a new call a moment ago, or has no ports left. New calls go elsewhere while any other node takes them. */
  isBusy: boolean
  /** It drains and is empty: nothing is lost when it stops. */
  isDrained: boolean
  /** Calls on the node, whoever made them. Undefined while it has not said. */
  calls: number | undefined
  /** Ports free for RTP, on the interface that has the fewest. Undefined while it has not said. */
  freePorts: number | undefined
  /** Of a ping, smoothed. Undefined while none was answered. */
  roundTripMs: number | undefined
  /** Commands sent to it that wait for their reply, pings aside. */
  inFlight: number
  /**
   * It is down, whatever else its state says, since then (milliseconds since 1970). `isGone`: nothing listens at its
   * address, so that its calls have ended with it; else they may go on, and nobody can tell.
   */
  down?: { since: number, isGone: boolean }
  /** What the operator wants of it is not known to the other instances yet, as their Redis does not answer. */
  isUnshared?: true
}

/** `HOST:PORT`, an IPv6 address in brackets. */
export function addressOf ({ host, port }: Pick<MediaNode, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** The same for a person: with its transport before it where that is not UDP. */
export function urlOf ({ transport = 'udp', ...address }: Pick<MediaNode, 'host' | 'port' | 'transport'>): string {
  return transport === 'udp' ? addressOf(address) : `${transport}://${addressOf(address)}`
}

/** Whether both lead to the same process, as far as addresses tell. */
export function isSameAddress (one: MediaNode, other: MediaNode): boolean {
  return one.host === other.host && one.port === other.port && (one.transport ?? 'udp') === (other.transport ?? 'udp')
}
