#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { analyzeCommand } from './cli/analyze.ts'
import { connectApi } from './cli/api.ts'
import { showCall, showCalls } from './cli/calls.ts'
import { explainCall } from './cli/explain.ts'
import { setNode, showNodes } from './cli/nodes.ts'
import { policyCommand } from './cli/policy/policy.ts'
import { styleFor } from './cli/style.ts'
import { type Config, loadConfig, settingsThatWait } from './config.ts'
import { watchConfig } from './config/watch.ts'
import { NgpilotError } from './errors.ts'
import { startService } from './service.ts'
import { createLog } from './telemetry/log.ts'
import { usage } from './usage.ts'
import { version } from './version.ts'

try {
  await main()
} catch (error) {
  // A fault of the operator's is told in words, one of ours with its stack.
  process.stderr.write(`ngpilot: ${error instanceof NgpilotError || isListenError(error) ? error.message : String((error as Error).stack)}\n`)
  process.exitCode = 1
}

async function main (): Promise<void> {
  // Whoever reads no further, such as head, is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => { if (error.code !== 'EPIPE') throw error })
  if (process.argv[2] === 'policy') {
    process.exitCode = await policyCommand(process.argv.slice(3), {
      env: process.env,
      isTerminal: process.stdout.isTTY,
      write: (text) => { process.stdout.write(text) },
      writeError: (text) => { process.stderr.write(text) },
    })
    return
  }
  if (process.argv[2] === 'analyze') {
    process.exitCode = await analyzeCommand(process.argv.slice(3), {
      env: process.env,
      isTerminal: process.stdout.isTTY,
      columns: process.stdout.isTTY ? process.stdout.columns : undefined,
      write: (text) => { process.stdout.write(text) },
      writeError: (text) => { process.stderr.write(text) },
      input: process.stdin,
    })
    return
  }
  const { values, positionals } = readArguments()
  if (values.help) return void process.stdout.write(`ngpilot ${version}: ${usage}`)
  if (values.version) return void process.stdout.write(`${version}\n`)

  const config = loadConfig({ env: process.env, file: values.config })
  if (positionals.length > 0) return command(positionals, values, config)
  const log = createLog(config.log.level)
  const service = await startService(config, log)
  log.info({ url: service.url, ...(service.ngUrls.length > 0 && { ng: service.ngUrls }), version, nodes: config.rtpengine.nodes.map((node) => node.id), store: config.store.url.replace(/:\/\/.*@/, '://[masked]@') }, 'ngpilot started')

  // No bytes from the network may end the process: what slipped through every handler is told, counted and survived.
  process.on('uncaughtException', (error) => {
    service.uncaught()
    log.error({ err: error }, 'uncaught error')
  })
  const reloadConfig = () => {
    try {
      const read = loadConfig({ env: process.env, file: values.config })
      service.setNodes(read.rtpengine.nodes)
      service.setCanary(read.policy.canaryPercent)
      const settings = settingsThatWait(config, read)
      if (settings.length > 0) log.warn({ settings }, 'settings have changed that only a start takes up')
    } catch (error) {
      log.error({ problem: (error as Error).message }, 'configuration refused; what is in use stays')
    }
  }
  const file = values.config ?? process.env.NGPILOT_CONFIG
  if (file) watchConfig(file, reloadConfig)
  process.on('SIGHUP', () => {
    void service.reloadPolicy()
    reloadConfig()
  })
  let isStopping = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isStopping) return
      isStopping = true
      log.info({ signal }, 'stopping')
      service.close().then(() => log.info('stopped'), (error: unknown) => {
        log.error({ err: error }, 'stopping failed')
        process.exitCode = 1
      })
    })
  }
}

function readArguments () {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        config: { type: 'string' }, url: { type: 'string' }, wait: { type: 'boolean' }, json: { type: 'boolean' },
        stranded: { type: 'boolean' }, node: { type: 'string' },
        version: { type: 'boolean' }, help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new NgpilotError('bad_request', `${(error as Error).message}\n\n${usage}`)
  }
}

interface Values { url?: string, wait?: boolean, json?: boolean, stranded?: boolean, node?: string }

/** The commands for an ngpilot that runs. */
async function command ([name = '', id, ...rest]: string[], values: Values, { http }: Config): Promise<void> {
  const host = http.host.includes(':') ? `[${http.host}]` : http.host
  const api = connectApi(values.url ?? process.env.NGPILOT_URL ?? `http://${host}:${http.port}`, process.env.NGPILOT_TOKEN ?? http.token)
  const print = (line: string) => process.stdout.write(`${line}\n`)
  if (values.wait && name !== 'drain') throw new NgpilotError('bad_request', '--wait goes with drain alone')
  if (name === 'nodes' && id === undefined) return showNodes(api, print)
  if (name === 'calls' && id === undefined) return showCalls(api, values, print)
  if (name === 'calls' && id === 'show' && rest[0] !== undefined && rest.length === 1) return showCall(api, rest[0], print)
  if (name === 'call' && id === 'explain' && rest.length === 1) {
    const { isTTY, columns } = process.stdout
    const look = { width: isTTY ? columns : 100, style: styleFor(isTTY, process.env) }
    return explainCall(api, rest[0] ?? '', { json: values.json === true, ...look }, print)
  }
  if ((name === 'drain' || name === 'enable' || name === 'disable') && id !== undefined && rest.length === 0) {
    return setNode(api, id, name, values, print)
  }
  if (['drain', 'enable', 'disable'].includes(name)) throw new NgpilotError('bad_request', `${name} takes the id of one node; ngpilot nodes shows them`)
  throw new NgpilotError('bad_request', `"${[name, id, ...rest].filter((word) => word !== undefined).join(' ')}" is no command\n\n${usage}`)
}

function isListenError (error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error
}
