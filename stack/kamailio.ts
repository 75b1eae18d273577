import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { StackContext } from './context.ts'
import { type Daemon, type StartOptions, startDaemon } from './daemon.ts'
import { freePort } from './ports.ts'

export interface KamailioOptions extends StartOptions {
  /** Where ngpilot is: `http://127.0.0.1:8080`. */
  ngpilot: string
  /** Preprocessor defines, as with `kamailio -A`: `['WITH_TLS']`. */
  defines?: readonly string[]
  /** Further settings of kamailio.cfg, by their names there. */
  env?: Record<string, string>
}

export interface Kamailio extends Daemon {
  address: string
  /** SIP over UDP and TCP. */
  port: number
  /** `ws://…`, for browsers. */
  webSocket: string
}

/** Starts Kamailio with the configuration that ships, on 127.0.0.1; it is ready when it answers OPTIONS. */
export async function startKamailio (context: StackContext, options: KamailioOptions): Promise<Kamailio> {
  const { ngpilot, defines = [], env = {}, tree } = options
  const address = '127.0.0.1'
  const port = await freePort()
  const webSocketPort = await freePort()
  const daemon = await startDaemon(context, {
    name: 'kamailio',
    ...(tree && { tree }),
    binds: { '/mnt': fileURLToPath(new URL('../kamailio', import.meta.url)) },
    argv: [
      'kamailio', '-DD', '-E', '-m', '128', '-M', '16', '-Y', '/srv', '-f', '/mnt/kamailio.cfg', ...defines.flatMap((name) => ['-A', name]),
    ],
    env: {
      NGPILOT_URL: ngpilot, SIP_DOMAIN: 'ngpilot.test', ...env,
      LISTEN_UDP: `udp:${address}:${port}`, LISTEN_TCP: `tcp:${address}:${port}`, LISTEN_WS: `tcp:${address}:${webSocketPort}`,
    },
    isReady: () => answersOptions(address, port),
  })
  return { ...daemon, address, port, webSocket: `ws://${address}:${webSocketPort}` }
}

/** Whether a SIP server answers OPTIONS there with 200, within 200 ms. */
export async function answersOptions (address: string, port: number, withinMs = 200): Promise<boolean> {
  const socket = createSocket('udp4')
  try {
    socket.connect(port, address)
    await once(socket, 'connect')
    const { port: ours } = socket.address()
    const id = `${ours}-${Math.random().toString(36).slice(2)}`
    socket.send([
      `OPTIONS sip:${address}:${port} SIP/2.0`, `Via: SIP/2.0/UDP ${address}:${ours};branch=z9hG4bK${id};rport`, 'Max-Forwards: 5',
      `From: <sip:ready@${address}>;tag=${id}`, `To: <sip:${address}:${port}>`, `Call-ID: ${id}`, 'CSeq: 1 OPTIONS',
      'Content-Length: 0', '', '',
    ].join('\r\n'))
    const [reply] = await once(socket, 'message', { signal: AbortSignal.timeout(withinMs) }) as [Buffer]
    return reply.toString().startsWith('SIP/2.0 200')
  } catch {
    return false // Nobody listens yet, or nobody answers.
  } finally {
    socket.close()
  }
}
