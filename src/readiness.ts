import { asNgpilotError } from './errors.ts'
import type { LiveFleet } from './fleet/live.ts'
import type { Readiness } from './ingress/http/operations.ts'
import type { NgClient } from './ng/client.ts'
import { pingCommand } from './ng/commands.ts'
import type { PolicyHolder } from './policy/holder.ts'
import type { CallStore, StoreHealth } from './state/store.ts'

export interface ReadinessDeps {
  store: CallStore
  fleet: Pick<LiveFleet, 'nodes' | 'pinned'>
  ng: Pick<NgClient, 'send'>
  policy: PolicyHolder
}

/**
 * Whether calls can be served now: the store answers, or calls may go on without it, and at least one node answers. A policy
 * that could not be reloaded is told, but the last good one is in force, so it does not count.
 */
export async function readinessOf ({ store, fleet, ng, policy }: ReadinessDeps): Promise<Readiness> {
  const deadline = performance.now() + 250
  const ids = fleet.nodes().map(({ id }) => id)
  const [storeCheck, ...nodeChecks] = await Promise.all([
    check(() => store.check()),
    ...ids.map((id) => check(() => ng.send(fleet.pinned(id), pingCommand(), { deadline }))),
  ])
  const nodes = Object.fromEntries(nodeChecks.map((node, index) => [`rtpengine ${ids[index] ?? ''}`, node]))
  const health = store.health()
  const problem = policy.problem()
  const { revision } = policy.current()
  return {
    isReady: (storeCheck.isReady || (health.isDegraded && !health.refusesNew)) && nodeChecks.some((node) => node.isReady),
    isDegraded: health.isDegraded,
    checks: {
      store: health.isDegraded ? degraded(health) : storeCheck,
      ...nodes,
      policy: { isReady: true, detail: problem ? `revision ${revision} serves on, for the latest files are refused: ${problem}` : `revision ${revision}` },
    },
  }
}

function degraded ({ reason, waiting, refusesNew }: Extract<StoreHealth, { isDegraded: true }>) {
  const how = refusesNew ? 'new calls are refused, those in progress go on from memory' : 'calls go on from memory'
  return { isReady: !refusesNew, detail: `degraded, ${how}; changes of ${waiting} calls wait: ${reason}` }
}

async function check (ask: () => Promise<unknown>) {
  try {
    await ask()
    return { isReady: true, detail: 'answers' }
  } catch (error) {
    return { isReady: false, detail: asNgpilotError(error).message }
  }
}
