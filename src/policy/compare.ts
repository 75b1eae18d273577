import { isDeepStrictEqual } from 'node:util'
import type { NgDictionary, NgValue } from '../ng/types.ts'
import { isRecord } from './problem.ts'
import { words } from './run-tests.ts'
import type { ClientFlags, Decision, OnNodeLoss } from './types.ts'

/** What a decision comes to, profiles by name: all that can be written down, and compared. */
export interface Result {
  revision: string
  sender: string
  receiver: string
  rules: readonly string[]
  /** The SIP code of a refusal; then there are no flags. */
  reject?: number
  /** The reason phrase of it. */
  reason?: string
  nodes?: string
  clientFlags: ClientFlags
  onNodeLoss: OnNodeLoss
  flags: NgDictionary
}

export function resultOf (decision: Decision): Result {
  const { revision, sender, receiver, rules, reject, nodes, clientFlags, onNodeLoss, flags } = decision
  return {
    revision, sender: sender.name, receiver: receiver.name, rules,
    ...reject && { reject: reject.code, reason: reject.reason },
    ...nodes !== undefined && { nodes }, clientFlags, onNodeLoss, flags,
  }
}

/** How one result differs from another for the same message, a line for each thing; none: calls would see no difference. */
export function compareResults (before: Result, after: Result): string[] {
  const pairs: [name: string, before: unknown, after: unknown][] = [
    ['sender', before.sender, after.sender],
    ['receiver', before.receiver, after.receiver],
    ['reject', before.reject, after.reject],
    ['nodes', before.nodes, after.nodes],
    ['client-flags', before.clientFlags, after.clientFlags],
    ['on-node-loss', before.onNodeLoss, after.onNodeLoss],
  ]
  const told = pairs.filter(([, one, other]) => one !== other).map(([name, one, other]) => `${name}: ${words(one)} → ${words(other)}`)
  // A call that is refused has no flags, and each of them would be a difference.
  return before.reject === undefined && after.reject === undefined ? [...told, ...compareNg('flags', before.flags, after.flags)] : told
}

/** Of lists what is added and what goes, of dictionaries key by key, of all else both values. */
function compareNg (path: string, before: NgValue | undefined, after: NgValue | undefined): string[] {
  if (isDeepStrictEqual(before, after)) return []
  if (Array.isArray(before) && Array.isArray(after)) {
    const [gone, added] = [lacking(after, before), lacking(before, after)]
    if (gone.length + added.length === 0) return [`${path}: ${words(before)} → ${words(after)}`]
    return [`${path}: ${[...added.map((word) => `+${words(word)}`), ...gone.map((word) => `-${words(word)}`)].join(' ')}`]
  }
  if (isRecord(before) && isRecord(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    return keys.flatMap((key) => compareNg(`${path}.${key}`, before[key], after[key]))
  }
  return [`${path}: ${words(before)} → ${words(after)}`]
}

/** What a list lacks of another. */
function lacking (list: readonly NgValue[], other: readonly NgValue[]): NgValue[] {
  return other.filter((each) => !list.some((one) => isDeepStrictEqual(one, each)))
}
