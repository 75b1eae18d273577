import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StackContext } from './context.ts'
import { type Daemon, type StartOptions, startDaemon } from './daemon.ts'
import { freePort } from './ports.ts'
import { answersOptions } from './sip-ping.ts'

const shippedFolder = join(import.meta.dirname, '../kamailio')

/** The ways in which kamailio.cfg can ask ngpilot; `ws` is NG over WebSocket. */
export type MediaWay = 'http' | 'evapi' | 'ng' | 'ws'

const defines: Record<MediaWay, Record<string, string>> = {
  http: {}, evapi: { MEDIA_WITH_EVAPI: '1' }, ng: { MEDIA_WITH_NG: '1' }, ws: { MEDIA_WITH_NG: '1', NGPILOT_NG_WEBSOCKET: '1' },
}

export interface KamailioOptions extends StartOptions {
  /** Its users are sip:NAME@domain. Default: `example.test`. */
  domain?: string
  /** How it asks ngpilot. Default: http. */
  way?: MediaWay
  /** Further settings of kamailio.cfg, by the names that stand there: NGPILOT_URL, WITH_AUTH, TRUNK_URI … */
  settings?: Record<string, string>
  /** Of its SIP; give the old one, and `evapiPort`, to start one again. Default: free ports. */
  sipPort?: number
  evapiPort?: number
  /** Files beside kamailio.cfg (users.cfg, local.cfg), or instead of one that ships. */
  files?: Record<string, string>
  /** Further options, as on the command line. */
  args?: readonly string[]
}

export interface Kamailio extends Daemon {
  address: string
  /** SIP over UDP and TCP. */
  sipPort: number
  /** SIP over WebSocket: `ws://ADDRESS:PORT`. */
  wsPort: number
  domain: string
  /** Where its evapi listens, with MEDIA_WITH_EVAPI. */
  evapiPort: number
}

/** Starts Kamailio on 127.0.0.1 with the configuration that ships; it is ready when it answers a SIP OPTIONS. */
export async function startKamailio (context: StackContext, options: KamailioOptions = {}): Promise<Kamailio> {
  const { domain = 'example.test', way = 'http', settings = {}, files = {}, args = [], tree } = options
  const address = '127.0.0.1'
  const { sipPort = await freePort(), evapiPort = await freePort() } = options
  const wsPort = await freePort()
  const daemon = await startDaemon(context, {
    name: 'kamailio',
    ...(tree && { tree }),
    files: { ...await shippedFiles(), ...files },
    env: {
      SIP_ADDRESS: address, SIP_PORT: String(sipPort), WS_PORT: String(wsPort), SIP_DOMAIN: domain,
      EVAPI_ADDRESS: `${address}:${evapiPort}`, ...defines[way], ...settings,
    },
    // -DD: stay in the foreground, with workers; -E: log to stderr; -m, -M: megabytes of shared and of private memory.
    argv: ['kamailio', '-DD', '-E', '-m', '128', '-M', '16', '-f', '/srv/kamailio.cfg', ...args],
    isReady: () => answersOptions(address, sipPort),
  })
  return { ...daemon, address, sipPort, wsPort, domain, evapiPort }
}

async function shippedFiles (): Promise<Record<string, string>> {
  const names = (await readdir(shippedFolder)).filter((name) => name.endsWith('.cfg'))
  const read = names.map(async (name) => [name, await readFile(join(shippedFolder, name), 'utf8')] as const)
  return Object.fromEntries(await Promise.all(read))
}
