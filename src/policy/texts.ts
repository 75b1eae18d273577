import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { PolicyProblem } from './problem.ts'

/** A file of a policy by its path. */
export interface PolicyText { file: string, text: string }

/** Names that make a policy or its tests: `*.yaml` and `*.yml`, but for hidden ones, which are an editor's. */
export const isPolicyName = (name: string): boolean => /^[^.].*\.ya?ml$/.test(name)
export const isTestName = (name: string): boolean => /\.test\.ya?ml$/.test(name)

/** Every file of a policy, in the order of their names, or what keeps it from being read. */
export async function readTexts (directory: string): Promise<(PolicyText | PolicyProblem)[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    return asProblem(directory, isFileError(error) ? `is a file; a policy is a directory: ${dirname(directory)}` : error)
  })
  if (!Array.isArray(names)) return [names]
  const files = names.filter(isPolicyName).sort()
  if (files.every(isTestName)) return [asProblem(directory, 'holds no *.yaml or *.yml file')]
  return Promise.all(files.map(async (name) => {
    const file = join(directory, name)
    const text = await readFile(file, 'utf8').catch((error: unknown) => asProblem(file, error))
    return typeof text === 'string' ? { file, text } : text
  }))
}

const isFileError = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOTDIR'

/** A problem of a file or directory as a whole. */
export function asProblem (file: string, why: unknown): PolicyProblem {
  const message = why instanceof Error ? `cannot be read: ${why.message}` : String(why)
  return { file, line: 0, column: 0, message }
}
