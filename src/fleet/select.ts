import { NgpilotError } from '../errors.ts'
import { createDraw } from './draw.ts'
import type { NodeState, NodeView } from './node.ts'
import type { SelectionRules } from './rules.ts'

/** What selection looks at. */
export interface Candidate extends Pick<NodeView, 'id' | 'state' | 'reason' | 'priority' | 'weight' | 'sets' | 'isBusy' | 'inFlight'> {
  /** The share of its ports that is free, from 0 to 1. */
  freeShare: number
  /** The part of its share that a node gets while it comes back, from 0 to 1. */
  slowStart: number
}

export interface Selection<T> {
  /** At least one: the node for the call, then those to try where it fails, in order. */
  order: T[]
  /** So many of the set are down that they are tried too, after the others. */
  isPanic: boolean
}

/**
 * The nodes that a new call may go to. Those in the best shape come first, among them the lowest priority number, and
 * there by chance, by weight × free capacity. Nodes that drain or are disabled never come.
 *
 * Suspect nodes come after those that are up, unless so many are suspect that the cause lies elsewhere. Busy nodes come
 * after both, for a call that no other takes: calls end every moment, and a refusal costs a millisecond. Nodes that are
 * down come last, and only when so many are down that the rest may not carry the load (panic).
 *
 * @param random from 0 up to, not including, 1: the same number, the same order
 * @throws NgpilotError `no_node` that tells of each node of the set why it takes no call.
 */
export function select<T extends Candidate> (
  nodes: readonly T[], set: string, random: number, rules: SelectionRules,
): Selection<T> {
  const members = inService(nodes, set)
  const isPanic = isPanicAmong(members, rules)
  const isDoubtCommon = areMost(members, ['suspect', 'down'], rules)

  const eligible = members.filter(({ state }) => state !== 'down' || isPanic)
  if (eligible.length === 0) throw noNode(nodes, set)
  const rank = ({ state, isBusy }: T) => {
    if (state === 'down') return 4
    return (isBusy ? 2 : 0) + (state === 'suspect' && !isDoubtCommon ? 1 : 0)
  }
  return { order: ordered(eligible, rank, random, rules), isPanic }
}

/** The nodes of a set that may take new calls by the operator's will. */
export function inService<T extends Pick<Candidate, 'sets' | 'state'>> (nodes: readonly T[], set: string): T[] {
  return nodes.filter(({ sets, state }) => sets.includes(set) && state !== 'draining' && state !== 'disabled')
}

/** Whether so many of these nodes are down that the rest may not carry the load: better a doubtful node than none. */
export function isPanicAmong (nodes: readonly Pick<Candidate, 'state'>[], rules: Pick<SelectionRules, 'maxEjectedShare'>): boolean {
  return areMost(nodes, ['down'], rules)
}

function areMost (
  nodes: readonly Pick<Candidate, 'state'>[], states: readonly NodeState[], { maxEjectedShare }: Pick<SelectionRules, 'maxEjectedShare'>,
): boolean {
  return nodes.filter(({ state }) => states.includes(state)).length > maxEjectedShare * nodes.length
}

function ordered<T extends Candidate> (
  nodes: readonly T[], rank: (node: T) => number, random: number, { maxInFlight }: SelectionRules,
): T[] {
  const draw = createDraw(random)
  const order: T[] = []
  for (const tier of tiersOf(nodes, rank)) {
    const shares = tier.map((node) => node.weight * node.slowStart * node.freeShare * (1 - node.inFlight / maxInFlight))
    while (tier.length > 0) {
      const drawn = draw(shares)
      shares.splice(drawn, 1)
      order.push(...tier.splice(drawn, 1))
    }
  }
  return order
}

/** The nodes in groups of the same rank and priority, the best first. */
function tiersOf<T extends Candidate> (nodes: readonly T[], rank: (node: T) => number): T[][] {
  const tiers: T[][] = []
  let last: T | undefined
  for (const node of [...nodes].sort((a, b) => rank(a) - rank(b) || a.priority - b.priority)) {
    if (last && rank(node) === rank(last) && node.priority === last.priority) tiers.at(-1)?.push(node)
    else tiers.push([node])
    last = node
  }
  return tiers
}

function noNode (nodes: readonly Candidate[], set: string): NgpilotError {
  const members = nodes.filter(({ sets }) => sets.includes(set))
  if (nodes.length === 0) return new NgpilotError('no_node', 'no rtpengine is known (rtpengine.nodes, discovery)')
  if (members.length === 0) {
    const known = [...new Set(nodes.flatMap(({ sets }) => sets))].sort()
    return new NgpilotError('no_node', `no rtpengine belongs to the set ${set}; there are ${known.join(', ') || 'no sets'}`)
  }
  const why = members.map(({ id, state, reason }) => `${id} is ${state} (${reason})`)
  return new NgpilotError('no_node', `no rtpengine of the set ${set} takes a new call: ${why.join('; ')}`)
}
