import { isDeepStrictEqual } from 'node:util'
import { decide } from './decide.ts'
import { isRecord } from './problem.ts'
import type { Expected, PolicyTest } from './test-file.ts'
import type { Decision, Policy } from './types.ts'

/** A test and how its decision differs from what it expects: one text for each difference, none when it passes. */
export interface TestResult { test: PolicyTest, failures: string[] }

/** Tests whose facts are decided by a policy. Pure: the same results each time. */
export function runTests (policy: Policy, tests: readonly PolicyTest[]): TestResult[] {
  return tests.map((test) => ({ test, failures: failuresOf(decide(policy, test.facts), test.expect) }))
}

function failuresOf (decision: Decision, expected: Expected): string[] {
  const is: Record<string, unknown> = {
    sender: decision.sender.name, receiver: decision.receiver.name, rules: decision.rules,
    nodes: decision.nodes, 'client-flags': decision.clientFlags, 'on-node-loss': decision.onNodeLoss,
    reject: decision.reject?.code ?? false,
  }
  const { flags = {}, without = [], ...given } = expected
  const whole = { reject: false, ...given }
  return [
    ...Object.entries(whole).flatMap(([name, wanted]) => isDeepStrictEqual(is[name], wanted) ? [] : [`${name}: expected ${words(wanted)}, found ${words(is[name])}`]),
    ...Object.entries(flags).flatMap(([name, wanted]) => missing(`flags.${name}`, wanted, decision.flags[name])),
    ...without.flatMap((path) => {
      const found = valueAt(decision.flags, path)
      return found === undefined ? [] : [`flags.${path}: expected none, found ${words(found)}`]
    }),
  ]
}

/** What is wanted and not there: lists and dictionaries may hold more. */
function missing (path: string, wanted: unknown, found: unknown): string[] {
  if (isRecord(wanted)) return Object.entries(wanted).flatMap(([key, value]) => missing(`${path}.${key}`, value, isRecord(found) ? found[key] : undefined))
  if (Array.isArray(wanted) && Array.isArray(found)) {
    const lacking = wanted.filter((item) => !found.some((each) => isDeepStrictEqual(each, item)))
    return lacking.length > 0 ? [`${path}: lacks ${lacking.map(words).join(', ')}; found ${words(found)}`] : []
  }
  return isDeepStrictEqual(wanted, found) ? [] : [`${path}: expected ${words(wanted)}, found ${words(found)}`]
}

function valueAt (value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((at, key) => isRecord(at) ? at[key] : undefined, value)
}

/** As a policy file would have it. */
export function words (value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return `[${value.map(words).join(', ')}]`
  if (isRecord(value)) return `{ ${Object.entries(value).map(([key, each]) => `${key}: ${words(each)}`).join(', ')} }`
  return typeof value === 'string' ? value : JSON.stringify(value)
}
