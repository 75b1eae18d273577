import type { Condition } from './condition.ts'
import { shareOf } from './share.ts'
import type { Subject } from './subject.ts'
import { listOf, written } from './text.ts'
import { clockIn, timeTest } from './time.ts'

/** That the call is among so many of a hundred. */
export function percentCondition (percent: number): Condition {
  return {
    text: `percent: ${percent}`,
    holds: (subject) => shareIn(subject) < percent,
    bound: { below: percent, read: shareIn },
    failure: (subject) => `this call stands at ${shareIn(subject).toFixed(2)} of 100, not below ${percent}`,
  }
}

/** Of the call, worked out once however many rules ask. */
function shareIn (subject: Subject): number {
  return subject.share ??= shareOf(subject.facts.callId)
}

/** That the message came in one of some windows of time. */
export function timeCondition (windows: Parameters<typeof timeTest>[0][]): Condition {
  const tests = windows.map(timeTest)
  const text = windows.map((window) => Object.entries(window).map(([key, value]) => {
    return key === 'days' || key === 'zone' ? written(listOf(value)) : `${key} ${String(value)}`
  }).join(', ')).join(' or ')
  return {
    text: `time: ${text}`,
    holds: ({ facts }) => tests.some((test) => test(facts.at)),
    failure: ({ facts }) => `it is ${clockIn(facts.at, windows[0]?.zone)}, not ${text}`,
  }
}
