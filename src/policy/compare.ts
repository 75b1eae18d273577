import { isDeepStrictEqual } from 'node:util'
import { words } from './run-tests.ts'
import type { Decision } from './types.ts'

/** How one decision differs from another on the same facts, a line for each thing; none: calls would see no difference. */
export function compareDecisions (before: Decision, after: Decision): string[] {
  const keys = [...new Set([...Object.keys(before.flags), ...Object.keys(after.flags)])]
  const pairs: [name: string, before: unknown, after: unknown][] = [
    ['sender', before.sender.name, after.sender.name],
    ['receiver', before.receiver.name, after.receiver.name],
    ['reject', before.reject?.code, after.reject?.code],
    ['nodes', before.nodes, after.nodes],
    ['client-flags', before.clientFlags, after.clientFlags],
    ['on-node-loss', before.onNodeLoss, after.onNodeLoss],
    ...keys.map((key): [string, unknown, unknown] => [`flags.${key}`, before.flags[key], after.flags[key]]),
  ]
  return pairs.filter(([, one, other]) => !isDeepStrictEqual(one, other)).map(([name, one, other]) => `${name}: ${words(one)} → ${words(other)}`)
}
