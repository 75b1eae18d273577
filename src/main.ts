#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { loadConfig } from './config.ts'
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
  const { values } = parseArgs({
    options: { config: { type: 'string' }, version: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  })
  if (values.help) return void process.stdout.write(`ngpilot ${version}: ${usage}`)
  if (values.version) return void process.stdout.write(`${version}\n`)

  const config = loadConfig({ env: process.env, file: values.config })
  const log = createLog(config.log.level)
  const service = await startService(config, log)
  log.info({ url: service.url, version, nodes: config.rtpengine.nodes.map((node) => node.id), store: config.store.url.replace(/:\/\/.*@/, '://[masked]@') }, 'ngpilot started')

  // No bytes from the network may end the process: what slipped through every handler is told, counted and survived.
  process.on('uncaughtException', (error) => {
    service.uncaught()
    log.error({ err: error }, 'uncaught error')
  })
  process.on('SIGHUP', () => void service.reloadPolicy())
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

function isListenError (error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error
}
