import { NgpilotError } from '../errors.ts'
import { type Capabilities, capabilitiesOf } from '../ng/capabilities.ts'
import type { NgClient } from '../ng/client.ts'
import type { MediaNode } from '../ng/types.ts'
import { Member, type Will } from './member.ts'
import { isSameAddress, type NodeSettings, type NodeView, urlOf } from './node.ts'
import { type FleetObserver, silentFleetObserver } from './observer.ts'
import type { Outcome } from './outcome.ts'
import { type NodeSet, Panics } from './panics.ts'
import { defaultRules, type FleetRules } from './rules.ts'
import { select } from './select.ts'

export interface LiveFleetOptions {
  nodes: readonly NodeSettings[]
  ng: Pick<NgClient, 'send' | 'forget'>
  observer?: FleetObserver
  rules?: Partial<FleetRules>
  /** What the operator wants of a node that is new here. Default: that it is enabled. */
  willOf?: (id: string) => Will
}

/** The nodes, how they fare, and which of them takes a new call. */
export interface LiveFleet {
  /** All nodes in the order of the list, then those that are not listed any more and still have calls. */
  nodes (): NodeView[]
  /** The sets that nodes belong to. */
  sets (): NodeSet[]
  /**
   * The nodes for a new call: the one to ask first, then those to ask when it fails.
   * @throws NgpilotError `no_node` that tells of each node of the set why it takes no call.
   */
  candidates (set?: string): MediaNode[]
  /** The node that a running call is pinned to, in whatever state. @throws NgpilotError `no_node` when it is not known. */
  pinned (id: string): MediaNode
  /** All nodes that are not known to be gone, whatever else they are: to ask for a call that none is known to have. */
  reachable (): MediaNode[]
  /** The node of an id, undefined when there is none. */
  known (id: string): MediaNode | undefined
  /** What a node can do, by its version as far as that is known; one that is not known counts as the oldest. */
  capabilities (id: string): Capabilities
  /** What a command says of the node that it went to. */
  report (node: MediaNode, outcome: Outcome): void
  /** Counts a command to the node as in flight, until the function that it returns is called with its outcome. */
  begin (node: MediaNode): (outcome: Outcome) => void
  /** Takes another list of nodes. Running calls keep theirs: a node that is not listed drains, and goes when it is empty. */
  setNodes (nodes: readonly NodeSettings[]): void
  /**
   * What the operator wants of a node. `draining`: no new calls, those it has stay; `disabled`: and it is not asked how it
   * fares; `enabled`: the end of either. @throws NgpilotError `not_found`
   */
  want (id: string, will: Will): void
  close (): void
}

export function createLiveFleet ({ nodes, ng, observer = silentFleetObserver, rules, willOf = () => 'enabled' }: LiveFleetOptions): LiveFleet {
  const allRules = { ...defaultRules, ...rules }
  const members = new Map<string, Member>()
  const panics = new Panics({ nodes: () => views(), observer, rules: allRules })
  const ofMembers: FleetObserver = {
    ...observer,
    state (event) {
      observer.state(event)
      panics.look()
    },
  }

  for (const settings of nodes) members.set(settings.id, create(settings))

  const fleet: LiveFleet = {
    nodes: views,
    sets: () => panics.sets,
    candidates (set = 'default') {
      const now = performance.now()
      const all = Array.from(members.values(), (member) => member.candidate(now))
      return select(all, set, Math.random(), allRules).order.map(({ node }) => node)
    },
    pinned (id) {
      const member = members.get(id)
      if (!member) throw new NgpilotError('no_node', `the call's node ${id} is not among rtpengine.nodes; there are ${known()}`)
      return member.node
    },
    reachable: () => [...members.values()].filter(({ state }) => state !== 'down' && state !== 'disabled').map(({ node }) => node),
    known: (id) => members.get(id)?.node,
    capabilities: (id) => members.get(id)?.capabilities ?? capabilitiesOf(undefined),
    report (node, outcome) {
      const member = members.get(node.id)
      if (member && isSameAddress(member.node, node)) member.report(outcome)
    },
    begin (node) {
      const end = members.get(node.id)?.begin()
      return (outcome) => {
        end?.()
        fleet.report(node, outcome)
      }
    },
    setNodes (list) {
      const before = new Map(members)
      members.clear()
      for (const settings of list) {
        const member = before.get(settings.id)
        members.set(settings.id, member ?? create(settings))
        if (member) member.list(settings)
        else observer.membership({ node: settings.id, change: 'added', text: `rtpengine ${settings.id} has come, at ${urlOf(settings)}` })
        before.delete(settings.id)
      }
      for (const [id, member] of before) {
        members.set(id, member)
        member.unlist()
      }
      panics.look()
    },
    want (id, will) {
      const member = members.get(id)
      if (!member) throw new NgpilotError('not_found', `there is no node ${id}; there are ${known()}`)
      member.want(will)
    },
    close () {
      for (const member of members.values()) member.close()
    },
  }
  return fleet

  function views (): NodeView[] {
    return Array.from(members.values(), (member) => member.view())
  }

  function create (settings: NodeSettings): Member {
    const onAsked = () => dropIfDone(settings.id, member)
    const member: Member = new Member(settings, { ng, observer: ofMembers, rules: allRules, onAsked })
    const will = willOf(settings.id)
    if (will !== 'enabled') member.want(will)
    return member
  }

  function dropIfDone (id: string, member: Member): void {
    if (members.get(id) !== member || !member.isDone()) return
    members.delete(id)
    member.close()
    ng.forget(id)
    const why = member.isDrained ? 'it has no calls left' : 'it does not answer, and its calls are given up'
    observer.membership({ node: id, change: 'forgotten', text: `rtpengine ${id} is forgotten: ${why}` })
  }

  function known (): string {
    return [...members.keys()].join(', ') || 'none'
  }
}
