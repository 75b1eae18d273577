import { asNgpilotError } from './errors.ts'
import type { LiveFleet } from './fleet/live.ts'
import type { NodeView } from './fleet/node.ts'
import type { Readiness } from './ingress/http/operations.ts'
import type { PolicyHolder } from './policy/holder.ts'
import type { CallStore, StoreHealth } from './state/store.ts'

export interface ReadinessDeps {
  store: CallStore
  fleet: Pick<LiveFleet, 'nodes'>
  policy: PolicyHolder
}

/**
 * Whether calls can be served now: the store answers, or calls may go on without it, and at least one node answers. A policy
 * that could not be reloaded is told, but the last good one is in force, so it does not count.
 */
export async function readinessOf ({ store, fleet, policy }: ReadinessDeps): Promise<Readiness> {
  const storeCheck = await check(() => store.check())
  const nodes = fleet.nodes().map((node) => [`rtpengine ${node.id}`, nodeCheck(node)] as const)
  const health = store.health()
  const problem = policy.problem()
  const { revision, isFallback } = policy.status()
  return {
    isReady: (storeCheck.isReady || (health.isDegraded && !health.refusesNew)) && nodes.some(([, node]) => node.isReady),
    isDegraded: health.isDegraded,
    checks: {
      store: health.isDegraded ? degraded(health) : storeCheck,
      ...Object.fromEntries(nodes),
      policy: { isReady: true, detail: problem ? `${isFallback ? 'the last good ' : ''}revision ${revision} serves on, for the latest files are refused: ${problem}` : `revision ${revision}` },
    },
  }
}

function degraded ({ reason, waiting, refusesNew }: Extract<StoreHealth, { isDegraded: true }>) {
  const how = refusesNew ? 'new calls are refused, those in progress go on from memory' : 'calls go on from memory'
  return { isReady: !refusesNew, detail: `degraded, ${how}; changes of ${waiting} calls wait: ${reason}` }
}

/** As the fleet knows it, from the node's pings and commands: nobody is asked. */
function nodeCheck ({ state, reason, roundTripMs }: NodeView) {
  return { isReady: roundTripMs !== undefined && state !== 'down', detail: `${state}: ${reason}` }
}

async function check (ask: () => Promise<unknown>) {
  try {
    await ask()
    return { isReady: true, detail: 'answers' }
  } catch (error) {
    return { isReady: false, detail: asNgpilotError(error).message }
  }
}
