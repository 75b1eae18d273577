import { once } from 'node:events'
import { connect } from 'node:net'
import type { StackContext } from './context.ts'
import { type Daemon, type StartOptions, startDaemon } from './daemon.ts'
import { freePort } from './ports.ts'

export interface RedisOptions extends StartOptions {
  /** Default: a free port; give the old one to start a lost server again. */
  port?: number
  /** Further options, as on the command line: `['--cluster-enabled', 'yes']`. */
  args?: readonly string[]
  /** Written into its folder, which it knows as /srv: name → content. */
  files?: Record<string, string>
}

export interface Redis extends Daemon {
  address: string
  port: number
  url: string
}

/** Starts a Redis on 127.0.0.1 that keeps nothing on disk; it is ready when it answers PING. */
export async function startRedis (context: StackContext, options: RedisOptions = {}): Promise<Redis> {
  const { args = [], files, tree } = options
  const address = '127.0.0.1'
  const port = options.port ?? await freePort()
  const daemon = await startDaemon(context, {
    name: 'redis',
    ...(tree && { tree }),
    ...(files && { files }),
    argv: [
      'redis-server', '--bind', address, '--port', String(port), '--dir', '/srv', '--save', '', '--appendonly', 'no', ...args,
    ],
    isReady: () => answersPing(address, port),
  })
  return { ...daemon, address, port, url: `redis://${address}:${port}` }
}

/** Whether a Redis or a Sentinel answers PING there, within 200 ms. */
export async function answersPing (address: string, port: number): Promise<boolean> {
  const socket = connect(port, address)
  try {
    socket.write('PING\r\n')
    const [reply] = await once(socket, 'data', { signal: AbortSignal.timeout(200) }) as [Buffer]
    return reply.toString().startsWith('+PONG')
  } catch {
    return false // Nobody listens yet, or it is still loading.
  } finally {
    socket.destroy()
  }
}
