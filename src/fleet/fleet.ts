import { NgpilotError } from '../errors.ts'
import type { MediaNode } from '../ng/types.ts'

/** The nodes there are, and which of them takes a new call. */
export interface Fleet {
  nodes: readonly MediaNode[]
  /** The node for a new call: each in turn. @throws NgpilotError `no_node` when there is none. */
  pick (): MediaNode
  /** The node that a running call is pinned to. @throws NgpilotError `no_node` when it is not in the fleet any more. */
  pinned (id: string): MediaNode
}

export function createFleet (nodes: readonly MediaNode[]): Fleet {
  let turn = 0
  return {
    nodes,
    pick () {
      const node = nodes[turn++ % nodes.length]
      if (!node) throw new NgpilotError('no_node', 'no rtpengine is configured (rtpengine.nodes)')
      return node
    },
    pinned (id) {
      const node = nodes.find((each) => each.id === id)
      if (!node) throw new NgpilotError('no_node', `the call's node ${id} is not among rtpengine.nodes`)
      return node
    },
  }
}
