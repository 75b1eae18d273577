import { Redis } from 'ioredis'
import { NgpilotError } from '../errors.ts'

/** A connection to Redis that answers within a set time, one way or the other, and comes back by itself. */
export interface RedisConnection {
  /**
   * Runs commands: all of those that `commands` sends without waiting go out together.
   * @throws NgpilotError `store_unavailable` after `commandTimeoutMs` at the latest; at once while there is no connection.
   */
  run<T> (commands: (redis: Redis) => Promise<T>): Promise<T>
  /** Lets commands under way finish, for `commandTimeoutMs` at most. */
  close (): Promise<void>
}

const longestPauseMs = 1000

/** Connects to `redis[s]://[USER:PASSWORD@]HOST[:PORT][/DB]` and keeps connecting: after 50 ms, doubling up to a second. */
export function connectRedis (url: string, commandTimeoutMs: number): RedisConnection {
  const { target, address } = parseUrl(url)
  const redis = new Redis({
    ...target,
    connectionName: 'ngpilot',
    connectTimeout: longestPauseMs,
    disconnectTimeout: 100,
    // A silent server is left, or commands would pile up on its socket.
    socketTimeout: 2 * commandTimeoutMs,
    // Nothing is kept for later: whoever asked has been told by then.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(50 * 2 ** (attempt - 1), longestPauseMs) * (0.8 + 0.2 * Math.random()),
    // What was the master when we connected is a replica now: the name leads to the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  })
  const underWay = new Set<Promise<unknown>>()
  let isClosed = false
  let fault: Error | undefined
  const firstAttempt = new Promise<void>((resolve) => redis.once('ready', resolve).once('close', resolve))
  redis.on('error', (error: Error) => { fault = error })
  redis.on('ready', () => { fault = undefined })

  async function runWhenReady<T> (commands: (redis: Redis) => Promise<T>): Promise<T> {
    if (isClosed) throw new Error('closed')
    await firstAttempt
    if (redis.status !== 'ready') throw fault ?? new Error('not connected')
    // Together in one write: that is most of what a command costs.
    const { stream } = redis
    stream.cork()
    process.nextTick(() => stream.uncork())
    return commands(redis)
  }

  return {
    async run (commands) {
      const timeout = timeoutAfter(commandTimeoutMs)
      const running = runWhenReady(commands)
      underWay.add(running)
      try {
        return await Promise.race([running, timeout.promise])
      } catch (error) {
        // Without its cause: ioredis puts the command into errors, and that of a failed login holds the password.
        throw new NgpilotError('store_unavailable', `the call store ${address} does not answer: ${reasonOf(error, fault)}`)
      } finally {
        timeout.cancel()
        underWay.delete(running)
      }
    },
    async close () {
      if (isClosed) return
      isClosed = true
      const timeout = timeoutAfter(commandTimeoutMs)
      const finish = async () => {
        await Promise.allSettled(underWay)
        if (redis.status === 'ready') await redis.quit()
      }
      await Promise.race([finish(), timeout.promise]).catch(() => undefined)
      timeout.cancel()
      if (redis.status !== 'end') redis.disconnect()
    },
  }
}

function timeoutAfter (ms: number) {
  let timer: NodeJS.Timeout | undefined
  const promise = new Promise<never>((_resolve, reject) => {
    // When this process itself was busy, the reply may be there already: it is read before the immediate runs.
    timer = setTimeout(() => setImmediate(() => reject(new Error(`nothing came within ${ms} ms`))), ms)
  })
  promise.catch(() => undefined)
  return { promise, cancel: () => clearTimeout(timer) }
}

/** What ioredis was told, rather than what it makes of it (`MaxRetriesPerRequestError`). */
function reasonOf (error: unknown, fault: Error | undefined): string {
  const { message, name, code } = (error instanceof Error && error.name === 'MaxRetriesPerRequestError'
    ? fault ?? new Error('connection lost')
    : error) as NodeJS.ErrnoException
  return message || code || name
}

function parseUrl (text: string) {
  if (!URL.canParse(text)) throw new NgpilotError('config_invalid', 'the URL of the call store cannot be read')
  const { protocol, hostname, port, pathname, username, password } = new URL(text)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return {
    target: {
      host,
      port: Number(port || 6379),
      db: Number(pathname.slice(1)),
      ...(username && { username: decodeURIComponent(username) }),
      ...(password && { password: decodeURIComponent(password) }),
      ...(protocol === 'rediss:' && { tls: {} }),
    },
    address: `${protocol}//${username}${password && ':***'}${(username || password) && '@'}${hostname}:${port || '6379'}${pathname}`,
  }
}
