import { type Config, loadConfig, settingsThatWait } from './config.ts'
import { watchConfig } from './config/watch.ts'
import { startService } from './service.ts'
import { createLog } from './telemetry/log.ts'
import { version } from './version.ts'

/** Runs ngpilot until SIGTERM or SIGINT. `file` is that of the settings, if there is one. */
export async function serve (config: Config, file: string | undefined): Promise<void> {
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
      const read = loadConfig({ env: process.env, file })
      service.setNodes(read.rtpengine.nodes)
      service.setCanary(read.policy.canaryPercent)
      const settings = settingsThatWait(config, read)
      if (settings.length > 0) log.warn({ settings }, 'settings have changed that only a start takes up')
    } catch (error) {
      log.error({ problem: (error as Error).message }, 'configuration refused; what is in use stays')
    }
  }
  const watched = file ?? process.env.NGPILOT_CONFIG
  if (watched) watchConfig(watched, reloadConfig)
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
