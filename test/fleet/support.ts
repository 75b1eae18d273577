import { setTimeout as sleep } from 'node:timers/promises'
import type { TestContext } from 'node:test'
import { createLiveFleet, type LiveFleetOptions } from '../../src/fleet/live.ts'
import type { NodeSettings, NodeView } from '../../src/fleet/node.ts'
import { observedNg } from '../../src/fleet/observed.ts'
import { NgClient } from '../../src/ng/client.ts'
import type { MediaNode } from '../../src/ng/types.ts'

/**
 * A fleet over real sockets until the test ends, with what it told, one line each. `ng` is the client for calls, whose
 * outcomes the fleet learns of.
 */
export function startFleet (t: TestContext, nodes: NodeSettings[], { rules }: Pick<LiveFleetOptions, 'rules'> = {}) {
  const told: string[] = []
  const client = new NgClient({ instanceId: 'test', retryAfterMs: 30 })
  const fleet = createLiveFleet({
    nodes, ng: client, ...(rules && { rules }),
    observer: {
      state: ({ text }) => { told.push(text) },
      busy: (node, reason) => { told.push(`${node} busy: ${reason}`) },
      panic: (_set, _isPanic, text) => { told.push(text) },
      membership: ({ node, change, text }) => { told.push(change === 'forgotten' ? text : `${node} ${change}`) },
    },
  })
  t.after(async () => {
    fleet.close()
    await client.close()
  })
  const view = (id: string): NodeView | undefined => fleet.nodes().find((node) => node.id === id)
  return {
    fleet, told, client, view,
    ng: observedNg(client, fleet),
    firstChoices: (count = 200) => [...new Set(Array.from({ length: count }, () => fleet.candidates()[0]?.id))].sort(),
    allUp: () => until('all up', () => fleet.nodes().every(({ state, freePorts }) => state === 'up' && freePorts !== undefined)),
    is: (id: string, state: NodeView['state']) => until(`${id} ${state}`, () => view(id)?.state === state),
  }
}

/** Waits until it holds. */
export async function until (what: string, holds: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 20_000
  while (!holds()) {
    if (performance.now() > giveUpAt) throw new Error(`still waiting: ${what}`)
    await sleep(5)
  }
}

export const within = (ms: number) => ({ deadline: performance.now() + ms })

/** The order in which these came, of all that was told of a node. */
export function toldOf (told: readonly string[], { id }: Pick<MediaNode, 'id'>): string[] {
  return told.filter((line) => line.includes(` ${id} `) || line.startsWith(`${id} `))
}
