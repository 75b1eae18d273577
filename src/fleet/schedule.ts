import type { Health } from './health.ts'
import type { WatchRules } from './rules.ts'

/**
 * Milliseconds until a node is pinged again. A suspect node is asked at once and often, for one of its calls may wait. One
 * that is down is asked ever more seldom, but often enough to be back within the second; and not while it is kept out.
 */
export function nextPingMs ({ condition, heldUntil, probes }: Health, now: number, rules: WatchRules): number {
  if (condition === 'up') return rules.pingMs
  if (condition === 'suspect') return rules.probeMs
  return Math.max(heldUntil - now, Math.min(rules.maxProbeMs, rules.probeMs * 2 ** probes))
}
