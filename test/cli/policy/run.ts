import { policyCommand } from '../../../src/cli/policy/policy.ts'

/** `ngpilot policy …` in this process: what it printed, and how it ended. */
export async function runPolicy (
  args: readonly string[], options: { env?: NodeJS.ProcessEnv, isTerminal?: boolean, columns?: number } = {},
) {
  const { env = {}, isTerminal = false, columns } = options
  const printed = { out: '', errors: '' }
  const code = await policyCommand(args, {
    env,
    isTerminal,
    columns,
    write: (text) => { printed.out += text },
    writeError: (text) => { printed.errors += text },
  })
  return { ...printed, code }
}
