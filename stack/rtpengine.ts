import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { StackContext } from './context.ts'
import { type Daemon, type StartOptions, startDaemon } from './daemon.ts'
import { claimPortRange, freePort, type PortRange } from './ports.ts'

export interface RtpengineOptions extends StartOptions {
  /** NG over UDP. Default: a free port; give the old one to start a lost node again. */
  port?: number
  /** Default: a range of 400 that no other node has. */
  rtpPorts?: PortRange
  /** rtpengine's own scale: 7 is debug and writes megabytes a second. Default 5. */
  logLevel?: number
  /** How long a deleted call stays. Default 0: it is gone at once. */
  deleteDelaySeconds?: number
  /** Further options, as on the command line. */
  args?: readonly string[]
}

export interface Rtpengine extends Daemon {
  address: string
  /** NG over UDP. */
  port: number
  /** For `rtpengine-ctl`, over TCP. */
  cliPort: number
  rtpPorts: PortRange
}

/** Starts an rtpengine in user space on 127.0.0.1; it is ready when it answers an NG ping. */
export async function startRtpengine (context: StackContext, options: RtpengineOptions = {}): Promise<Rtpengine> {
  const { logLevel = 5, deleteDelaySeconds = 0, args = [], tree } = options
  const address = '127.0.0.1'
  const port = options.port ?? await freePort()
  const cliPort = await freePort()
  const rtpPorts = options.rtpPorts ?? await claimPortRange(context)
  const daemon = await startDaemon(context, {
    name: 'rtpengine',
    ...(tree && { tree }),
    argv: [
      // Without this one Debian's own configuration is read too.
      'rtpengine', '--config-file=none', '--foreground', '--log-stderr', `--log-level=${logLevel}`,
      '--table=-1', `--interface=${address}`, `--listen-ng=${address}:${port}`, `--listen-cli=${address}:${cliPort}`,
      `--port-min=${rtpPorts.min}`, `--port-max=${rtpPorts.max}`, `--delete-delay=${deleteDelaySeconds}`, ...args,
    ],
    isReady: () => answersPing(address, port),
  })
  return { ...daemon, address, port, cliPort, rtpPorts }
}

/** Whether an rtpengine answers an NG `ping` there, within 200 ms. */
export async function answersPing (address: string, port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  try {
    socket.connect(port, address)
    await once(socket, 'connect')
    // To the same cookie it would say again what it said the last time.
    const cookie = randomBytes(6).toString('hex')
    socket.send(`${cookie} d7:command4:pinge`)
    const [reply] = await once(socket, 'message', { signal: AbortSignal.timeout(200) }) as [Buffer]
    return reply.toString() === `${cookie} d6:result4:ponge`
  } catch {
    return false // Nobody listens yet, or nobody answers.
  } finally {
    socket.close()
  }
}
