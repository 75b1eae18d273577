import type { ParseArgsConfig } from 'node:util'
import type { Config } from '../../config.ts'
import type { Style } from '../style.ts'

/** What a command of `ngpilot policy` gets: what was asked, and the means to answer. */
export interface PolicyContext {
  /** What stands after the name of the command, options left out. */
  args: readonly string[]
  values: Readonly<Record<string, string | boolean | undefined>>
  config: Pick<Config, 'policy' | 'http' | 'decisions'>
  env: NodeJS.ProcessEnv
  style: Style
  /** Lines shall not be longer, in characters. */
  width: number
  isJson: boolean
  /** One line to standard output. */
  print: (line: string) => void
  /** One line to standard error: what is beside the answer. */
  note: (line: string) => void
}

/** 0: all is well; 1: it is not (problems, failed tests, differences); 2: the command could not do its work. */
export type ExitCode = 0 | 1 | 2

export interface PolicyCommand {
  /** What follows the name, for the usage: `[DIR] [--versions LIST]`. */
  usage: string
  about: string
  /** Options of its own, for the usage. */
  optionUsage?: [option: string, about: string][]
  options?: ParseArgsConfig['options']
  run (context: PolicyContext): ExitCode | Promise<ExitCode>
}
