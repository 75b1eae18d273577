#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { loadConfig } from './config.ts'
import { NgpilotError } from './errors.ts'
import { optionMistake } from './cli/unknown-option.ts'
import { usage } from './usage.ts'
import { version } from './version.ts'

try {
  await main(process.argv.slice(2))
} catch (error) {
  // A fault of the operator's is told in words, one of ours with its stack.
  process.stderr.write(`ngpilot: ${error instanceof NgpilotError || isListenError(error) ? error.message : String((error as Error).stack)}\n`)
  process.exitCode = 1
}

/** Each command imports what it needs alone: a terminal is answered sooner. */
async function main (words: string[]): Promise<void> {
  // Whoever reads no further, such as head, is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => { if (error.code !== 'EPIPE') throw error })
  const terminal = {
    env: process.env,
    isTerminal: process.stdout.isTTY,
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    write: (text: string) => { process.stdout.write(text) },
    writeError: (text: string) => { process.stderr.write(text) },
  }
  if (words[0] === 'policy') {
    const { policyCommand } = await import('./cli/policy/policy.ts')
    process.exitCode = await policyCommand(words.slice(1), terminal)
    return
  }
  if (words[0] === 'analyze') {
    const { analyzeCommand } = await import('./cli/analyze.ts')
    process.exitCode = await analyzeCommand(words.slice(1), {
      ...terminal, input: process.stdin,
    })
    return
  }
  const { values, positionals } = readArguments(words)
  if (values.help) return void process.stdout.write(`ngpilot ${version}: ${usage}`)
  if (values.version) return void process.stdout.write(`${version}\n`)

  const config = loadConfig({ env: process.env, file: values.config })
  if (positionals.length > 0) {
    const { remoteCommand } = await import('./cli/remote.ts')
    return remoteCommand(positionals, values, config)
  }
  const { serve } = await import('./serve.ts')
  return serve(config, values.config)
}

function readArguments (args: string[]) {
  const options = {
    config: { type: 'string' }, url: { type: 'string' }, wait: { type: 'boolean' }, json: { type: 'boolean' },
    stranded: { type: 'boolean' }, node: { type: 'string' },
    version: { type: 'boolean' }, help: { type: 'boolean', short: 'h' },
  } as const
  try {
    return parseArgs({ args, allowPositionals: true, options })
  } catch (error) {
    throw new NgpilotError('bad_request', `${optionMistake(error, options)}\n\n${usage}`)
  }
}

function isListenError (error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error
}
