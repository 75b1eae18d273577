import { parseArgs } from 'node:util'
import { loadConfig } from '../../config.ts'
import { NgpilotError } from '../../errors.ts'
import { nearestWord } from '../../nearest-word.ts'
import { columns } from '../columns.ts'
import { styleFor } from '../style.ts'
import { optionMistake } from '../unknown-option.ts'
import type { ExitCode, PolicyCommand } from './command.ts'
import { checkCommand } from './check.ts'
import { diffCommand } from './diff.ts'
import { explainCommand } from './explain.ts'
import { importCommand } from './import.ts'
import { presetsCommand } from './presets.ts'
import { replayCommand } from './replay.ts'
import { rollout } from './rollout.ts'
import { schemaCommand } from './schema.ts'
import { testCommand } from './test.ts'

const commands: Record<string, PolicyCommand> = {
  check: checkCommand, test: testCommand, explain: explainCommand, diff: diffCommand, replay: replayCommand,
  import: importCommand, presets: presetsCommand, schema: schemaCommand, ...rollout,
}

const common = {
  config: { type: 'string' }, format: { type: 'string' }, help: { type: 'boolean', short: 'h' },
} as const

const commonUsage: [string, string][] = [
  ['--format text|json', 'json: the same for programs, and an error as { "error": { code, message } }'],
  ['--config FILE', 'settings (YAML), for policy.directory and http.port; NGPILOT_… variables win over it'],
]

/** The lines of some commands and of the options that all have. */
function usageOf (some: readonly [name: string, command: PolicyCommand][]): string {
  return columns([
    ...some.flatMap(([name, { usage, about, optionUsage = [] }]) => [
      [`  ngpilot policy ${name} ${usage}`.trimEnd(), about],
      ...optionUsage.map(([option, meaning]) => [`      ${option}`, meaning]),
    ]),
    [],
    ...commonUsage.map(([option, meaning]) => [`  ${option}`, meaning]),
  ]).join('\n')
}

/** What `ngpilot policy --help` prints. */
export const policyUsage = `ngpilot policy: the policy files, before and while they serve

${usageOf(Object.entries(commands))}

Ends with 0 when all is well, 1 when it is not (problems, failed tests, differences), 2 when it could not be done.
Colours are for terminals only; NO_COLOR turns them off.
`

export interface PolicyIo {
  env: NodeJS.ProcessEnv
  isTerminal: boolean
  /** Of the terminal, in characters. */
  columns?: number | undefined
  write: (text: string) => void
  writeError: (text: string) => void
}

/** `ngpilot policy ARGV…`. Resolves with the exit code; never throws for what an operator can cause. */
export async function policyCommand (argv: readonly string[], io: PolicyIo): Promise<ExitCode> {
  const { env, isTerminal, columns: width, write, writeError } = io
  let isJson = false
  try {
    const name = argv.find((word) => !word.startsWith('-'))
    const command = name === undefined || !Object.hasOwn(commands, name) ? undefined : commands[name]
    const own = command && name !== undefined ? `${usageOf([[name, command]])}\n` : policyUsage
    const { values, positionals } = parse(argv, command, own)
    if (values.help || (name === undefined && argv.length === 0)) {
      write(own)
      return 0
    }
    if (!command) throw new NgpilotError('bad_request', unknownCommand(name))
    const format = values['format'] ?? 'text'
    if (format !== 'text' && format !== 'json') throw new NgpilotError('bad_request', `--format must be text or json, found "${format}"`)
    isJson = format === 'json'
    return await command.run({
      args: positionals.slice(1),
      values,
      config: loadConfig({ env, file: values.config }),
      env,
      style: styleFor(isTerminal, env),
      // What is no terminal is for programs such as grep, which want one thing on one line.
      width: width ?? Infinity,
      isJson,
      print: (line) => write(`${line}\n`),
      note: (line) => writeError(`${line}\n`),
    })
  } catch (error) {
    if (!(error instanceof NgpilotError)) throw error
    const { code, message } = error
    if (isJson) write(`${JSON.stringify({ error: { code, message } }, null, 2)}\n`)
    else writeError(`ngpilot: ${message}\n`)
    return 2
  }
}

function parse (argv: readonly string[], command: PolicyCommand | undefined, usage: string) {
  const options = { ...command?.options, ...common }
  try {
    return parseArgs({ args: [...argv], allowPositionals: true, options })
  } catch (error) {
    throw new NgpilotError('bad_request', `${optionMistake(error, options)}\n\n${usage}`)
  }
}

function unknownCommand (name: string | undefined): string {
  if (name === undefined) return `policy takes a command\n\n${policyUsage}`
  const nearest = nearestWord(name, Object.keys(commands))
  return `"policy ${name}" is no command; ${nearest === undefined ? `known: ${Object.keys(commands).join(', ')}` : `did you mean "policy ${nearest}"?`}`
}
