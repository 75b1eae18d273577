import type { NgValue } from '../ng/types.ts'

/** No Via header's branch begins so: these have the magic cookie of RFC 3261 §8.1.1.7 in front. */
const mark = 'ngpilot~'

/**
 * The via-branch of a fork as the node is told it: with a mark, by which its calls can be told from those that others made
 * on the same node, by whichever instance, and after whatever loss of memory.
 */
export function ownBranch (key: string): string {
  return `${mark}${key}`
}

/** Whether a via-branch that a node shows is one of ours. */
export function isOwnBranch (viaBranch: NgValue | undefined): boolean {
  return typeof viaBranch === 'string' && viaBranch.startsWith(mark)
}
