import { readFile } from 'node:fs/promises'
import { NgpilotError } from '../../errors.ts'
import { checkPolicy, problemText, type Checked } from '../../policy/load.ts'
import type { Policy } from '../../policy/types.ts'
import type { PolicyContext } from './command.ts'

/** A policy that loads, with its tests and files. @throws NgpilotError `policy_invalid` with every problem */
export async function readPolicy (directory: string): Promise<Checked & { policy: Policy }> {
  const { policy, ...rest } = await checkPolicy(directory)
  if (!policy) throw new NgpilotError('policy_invalid', `${directory} is no policy; "ngpilot policy check" shows why:\n${rest.problems.map(problemText).join('\n')}`)
  return { policy, ...rest }
}

/** The directory that a command is about: the one that is named, or else that of the settings. */
export function directoryOf ({ args: [directory, ...more], config }: PolicyContext): string {
  if (more.length > 0) throw new NgpilotError('bad_request', `takes one directory, found ${[directory, ...more].join(' ')}`)
  return directory ?? config.policy.directory
}

export async function readFileOf (path: string): Promise<Buffer> {
  return readFile(path).catch((error: unknown) => {
    throw new NgpilotError('bad_request', `${path} cannot be read: ${(error as Error).message}`)
  })
}
