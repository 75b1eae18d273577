import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { checkPolicy, loadPolicy, problemText } from '../../src/policy/load.ts'
import type { Policy } from '../../src/policy/types.ts'

/** Files by name, in a directory that is gone when the test ends. Resolves with its path. */
export async function policyDirectory (t: TestContext, files: Record<string, string>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ngpilot-policy-'))
  t.after(async () => rm(directory, { recursive: true }))
  await Promise.all(Object.entries(files).map(async ([name, text]) => writeFile(join(directory, name), text)))
  return directory
}

/** The policy of one file, the line `version: 1` left out. */
export async function policyOf (t: TestContext, text: string): Promise<Policy> {
  return loadPolicy(await policyDirectory(t, { 'policy.yaml': `version: 1\n${text}` }))
}

/** Every problem of some files, the directory left out. */
export async function problemsOf (t: TestContext, files: Record<string, string>): Promise<string[]> {
  const directory = await policyDirectory(t, files)
  const { policy, problems } = await checkPolicy(directory)
  if (policy) throw new Error('the policy has no problem')
  return problems.map((problem) => problemText(problem).replaceAll(`${directory}/`, '').replaceAll(directory, '.'))
}
