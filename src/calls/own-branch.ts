import type { NgValue } from '../ng/types.ts'

/**
 * A branch as its node is told it: who is at its ends by their profiles, and its key. `isLate`: the callee made the first
 * offer, so that it is the caller's leg that bears the mark.
 */
export interface OwnBranch { key: string, caller: string, callee: string, isLate?: boolean }

/** No Via header's branch begins so: these have the magic cookie of RFC 3261 §8.1.1.7 in front. */
const marks = { usual: 'ngpilot', late: 'ngpilot-late' } as const

/**
 * The via-branch of a fork at its node, by which our calls can be told from those that others made there, and taken up
 * again, by whichever instance and after whatever loss of memory. Names of profiles have no tilde.
 */
export function ownBranch ({ key, caller, callee, isLate }: OwnBranch): string {
  return [isLate ? marks.late : marks.usual, caller, callee, key].join('~')
}

/** What a via-branch that a node shows says; undefined where it is not one of ours. */
export function readOwnBranch (viaBranch: NgValue | undefined): OwnBranch | undefined {
  if (typeof viaBranch !== 'string') return undefined
  const [mark, caller, callee, ...key] = viaBranch.split('~')
  const isLate = mark === marks.late
  if ((!isLate && mark !== marks.usual) || caller === undefined || callee === undefined) return undefined
  return { key: key.join('~'), caller, callee, isLate }
}

/** The label of the first party of a call that a `publish` began, as a publisher has no via-branch at its node. */
export const ownLabel = 'ngpilot'
