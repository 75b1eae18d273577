import type { Condition } from './node.ts'
import type { Outcome } from './outcome.ts'
import type { HealthRules } from './rules.ts'
import { counted, emptyWindow, sumOf, type Window } from './window.ts'

/**
 * How a node fares, as far as its answers tell: up → suspect → down, and back. Immutable; what happens makes a new one. All
 * times are in milliseconds by one clock, which the caller reads. What time alone changes (`isBusy`, `slowStart`) is asked.
 */
export interface Health {
  readonly condition: Condition
  /** A sentence: `3 commands timed out within 0.6 s`. */
  readonly reason: string
  /** When the condition began. */
  readonly since: number
  readonly repliedAt: number
  /** Nothing listens at its address: its process has ended, and its calls with it. */
  readonly isGone: boolean
  /** Commands without a reply since the last reply, and when the first of them was sent. */
  readonly failures: number
  readonly failingSince: number
  readonly window: Window
  /** The end of its rest after it refused a call, and what it said. */
  readonly busyUntil: number
  readonly busyReason: string
  /** When it last came back from being down. */
  readonly returnedAt: number
  /** How often it went down soon after it came back, and until when it is kept out for that. */
  readonly relapses: number
  readonly heldUntil: number
  /** Pings that failed since it is down. */
  readonly probes: number
}

/** A node that nothing is known of: doubtful until its first reply. */
export function unknownHealth (reason: string, now: number): Health {
  return {
    condition: 'suspect', reason, since: now, repliedAt: -Infinity, isGone: false, failures: 0, failingSince: now, window: emptyWindow(now),
    busyUntil: -Infinity, busyReason: '', returnedAt: -Infinity, relapses: 0, heldUntil: -Infinity, probes: 0,
  }
}

/** After a command of a call. */
export function afterCommand (health: Health, outcome: Outcome, now: number, rules: HealthRules): Health {
  if (outcome.kind === 'local') return health
  // In a long row of failures the later ones prove no more than the first: that the node was silent once.
  if (isFailure(outcome) && health.failures >= rules.downAfterFailures) return after(health, outcome, now, rules)
  return after({ ...health, window: counted(health.window, isFailure(outcome), now, rules.windowMs) }, outcome, now, rules)
}

/** After a ping. It has no part in the share of failures: a node may answer pings and nothing else. */
export function afterPing (health: Health, outcome: Outcome, now: number, rules: HealthRules): Health {
  const next = after(health, outcome, now, rules)
  return isFailure(outcome) && health.condition === 'down' ? { ...next, probes: health.probes + 1 } : next
}

/** Whether it refused a new call a moment ago. */
export function isBusy (health: Health, now: number): boolean {
  return now < health.busyUntil
}

/** The part of its share of new calls that a node gets: from 0.1 at its return to 1. */
export function slowStart (health: Health, now: number, { slowStartMs }: HealthRules): number {
  const grown = (now - health.returnedAt) / slowStartMs
  return grown < 1 ? 0.1 + 0.9 * grown : 1
}

function isFailure ({ kind }: Outcome): boolean {
  return kind === 'timeout' || kind === 'refused'
}

function after (health: Health, outcome: Outcome, now: number, rules: HealthRules): Health {
  switch (outcome.kind) {
    case 'local': return health
    case 'reply': return answered(health, now, rules)
    case 'busy': return { ...answered(health, now, rules), busyUntil: now + rules.busyMs, busyReason: outcome.reason }
    case 'timeout': return failed(health, now - outcome.waitedMs, undefined, now, rules)
    case 'refused': {
      const isGone = outcome.isGone === true
      return { ...failed(health, now - outcome.waitedMs, outcome.reason, now, rules), isGone }
    }
  }
}

function answered (before: Health, now: number, rules: HealthRules): Health {
  const health = { ...before, repliedAt: now, isGone: false, failures: 0 }
  if (health.condition === 'up' || (health.condition === 'down' && now < health.heldUntil)) return health
  if (health.condition === 'down') {
    const reason = `it answers again, after ${seconds(now - health.since)}`
    return { ...health, condition: 'up', reason, since: now, returnedAt: now, window: emptyWindow(now) }
  }
  if (isAbove(health, rules.suspectShare, now, rules)) return health
  return { ...health, condition: 'up', reason: 'it answers', since: now }
}

/**
 * @param sentAt when the command went out. One that was under way when the node last replied says nothing of now.
 * @param refusal why the node cannot be reached: that needs no second proof. Undefined when it is silent.
 */
function failed (before: Health, sentAt: number, refusal: string | undefined, now: number, rules: HealthRules): Health {
  const isNews = sentAt >= before.repliedAt
  const health = !isNews ? before : {
    ...before,
    failures: before.failures + 1,
    failingSince: before.failures === 0 ? sentAt : Math.min(sentAt, before.failingSince),
  }
  if (health.condition === 'down') return health
  if (isNews && refusal !== undefined) return down(health, refusal, now, rules)
  if (isNews && sentAt >= health.returnedAt && slowStart(health, now, rules) < 1) {
    return down(health, 'a command timed out just after it had come back', now, rules)
  }
  if (health.failures >= rules.downAfterFailures && now - health.failingSince >= rules.downAfterMs) {
    return down(health, silence(health, now), now, rules)
  }
  // One that answers now and then is kept out from the first time on, or its next reply would bring it back.
  if (isAbove(health, rules.downShare, now, rules)) return down(health, share(health, now, rules), now, rules, 1)
  if (isNews) return suspect(health, silence(health, now), now)
  return isAbove(health, rules.suspectShare, now, rules) ? suspect(health, share(health, now, rules), now) : health
}

function suspect (health: Health, reason: string, now: number): Health {
  return { ...health, condition: 'suspect', reason, since: health.condition === 'suspect' ? health.since : now }
}

function down (health: Health, reason: string, now: number, rules: HealthRules, leastRelapses = 0): Health {
  const relapses = Math.max(leastRelapses, now - health.returnedAt < rules.relapseMs ? health.relapses + 1 : 0)
  const heldUntil = relapses === 0 ? now : now + Math.min(rules.maxHoldMs, rules.holdMs * 2 ** (relapses - 1))
  return { ...health, condition: 'down', reason, since: now, relapses, heldUntil, probes: 0 }
}

function isAbove ({ window }: Health, share: number, now: number, { windowMs, windowCommands }: HealthRules): boolean {
  const { total, failed } = sumOf(window, now, windowMs)
  return total >= windowCommands && failed / total > share
}

function silence ({ failures, failingSince }: Health, now: number): string {
  return `${failures} ${failures === 1 ? 'command' : 'commands'} timed out within ${seconds(now - failingSince)}`
}

function share ({ window }: Health, now: number, { windowMs }: HealthRules): string {
  const { total, failed } = sumOf(window, now, windowMs)
  return `${failed} of the last ${total} commands timed out`
}

function seconds (ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
