import { createHash } from 'node:crypto'
import { NgpilotError } from '../errors.ts'
import { compile } from './compile.ts'
import { checkNames, checkReach } from './names.ts'
import { problemText, type Place, type PolicyProblem } from './problem.ts'
import type { PolicyFile } from './schema.ts'
import { checkShape } from './shape.ts'
import { readSources, type PolicySource, type PolicySources } from './source.ts'
import { checkTestWords } from './test-words.ts'
import { readTests, type PolicyTest } from './test-file.ts'
import type { Policy } from './types.ts'
import { checkWords } from './words.ts'

export { problemText, type PolicyProblem } from './problem.ts'

/**
 * Reads the policy of a directory.
 *
 * @throws NgpilotError `policy_invalid`; its message holds every problem of every file, one a line.
 */
export async function loadPolicy (directory: string): Promise<Policy> {
  const { policy, problems } = await checkPolicy(directory)
  if (policy) return policy
  throw new NgpilotError('policy_invalid', problems.map(problemText).join('\n'))
}

/**
 * A policy, when it has no problem, and its tests; all that is wrong, in the order of files and lines. `draft`: what the
 * policy would be, where it is refused for nothing but endpoints that are never reached.
 */
export interface Checked {
  policy?: Policy
  draft?: Policy
  tests: PolicyTest[]
  problems: PolicyProblem[]
  sources: PolicySource[]
}

export async function checkPolicy (directory: string): Promise<Checked> {
  return checkSources(await readSources(directory))
}

/** The policy of files that have been read. */
export function checkSources (read: PolicySources): Checked {
  const { sources } = read
  const { tests, problems, isSound } = problemsIn(read)
  const policy = isSound && { [problems.length === 0 ? 'policy' : 'draft']: policyFrom(sources) }
  return { tests, sources, problems, ...policy }
}

/** Tests, and all that is wrong. `isSound`: nothing is, but for endpoints that are never reached. */
interface Found { tests: PolicyTest[], problems: PolicyProblem[], isSound: boolean }

export function problemsIn ({ sources, tests: testSources, problems: unread }: PolicySources): Found {
  const read = testSources.map(readTests)
  const found = [
    ...unread,
    ...sources.flatMap((source) => [...checkShape(source.value), ...checkWords(source.value)].map(source.place)),
    // A file that cannot be read may define what the others name.
    ...unread.length === 0 ? checkNames(sources) : [],
    ...read.flatMap((one) => one.problems),
    ...unread.length === 0 ? testSources.flatMap((test) => checkTestWords(test, sources)) : [],
  ]
  const problems = [...found, ...unread.length === 0 ? checkReach(sources) : []].sort(byPlace)
  return { tests: read.flatMap((one) => one.tests), problems, isSound: found.length === 0 }
}

export function policyFrom (sources: readonly PolicySource[]): Policy {
  const checked = sources.map(({ value, place }) => ({ value: value as PolicyFile, place }))
  return { revision: revisionOf(sources), ...compile(checked) }
}

/** The order of files, and within them of lines. */
export function byPlace (one: Place, other: Place): number {
  if (one.file !== other.file) return one.file < other.file ? -1 : 1
  return one.line - other.line || one.column - other.column
}

/** The same for the same files by name and content, wherever they lie. Tests do not count. */
export function revisionOf (sources: readonly Pick<PolicySource, 'name' | 'text'>[]): string {
  const hash = createHash('sha256')
  for (const { name, text } of sources) hash.update(JSON.stringify([name, text]))
  return hash.digest('hex').slice(0, 12)
}
