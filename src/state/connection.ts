import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { parseStoreUrl } from '../config/store-url.ts'
import { NgpilotError } from '../errors.ts'
import { openClient, type RedisAccess, type RedisClient } from './client.ts'

/** A connection to Redis that answers within a set time, one way or the other, and comes back by itself. */
export interface RedisConnection {
  /**
   * Runs commands: all of those that `commands` sends without waiting go out together. A connection that breaks is waited
   * for a moment, and the commands that were under way are run again: they must be such that twice is as good as once.
   * @throws NgpilotError `store_unavailable` after `commandTimeoutMs` at the latest; at once where the connection has been
   *   gone for longer.
   */
  run<T> (commands: (redis: RedisClient) => Promise<T>): Promise<T>
  /** Told each time that a connection which broke is there again. */
  onReconnect (listener: () => void): void
  /** Lets commands under way finish, for `commandTimeoutMs` at most. */
  close (): Promise<void>
}

/** For so long a connection that broke is waited for: a failover ends connections that are there again at once. */
const graceMs = 100
const pauseMs = 5

/** Connects to what the URL names (`parseStoreUrl`). @throws NgpilotError `config_invalid` */
export function connectRedis (url: string, commandTimeoutMs: number, access: RedisAccess = {}): RedisConnection {
  const target = parseStoreUrl(url)
  if (!target) throw new NgpilotError('config_invalid', 'the URL of the call store cannot be read')
  const { address } = target
  const redis = openClient(target, access, commandTimeoutMs)
  const underWay = new Set<Promise<unknown>>()
  let isClosed = false
  let fault: Error | undefined
  let brokenAt = -Infinity
  const firstAttempt = new Promise<void>((resolve) => redis.once('ready', resolve).once('close', resolve))
  redis.on('error', (error: Error) => { fault = error })
  const reconnected: (() => void)[] = []
  redis.on('ready', () => {
    fault = undefined
    if (brokenAt > -Infinity) for (const listener of reconnected) listener()
    redis.once('close', () => { brokenAt = performance.now() })
  })

  async function runWhenReady<T> (commands: (redis: RedisClient) => Promise<T>): Promise<T> {
    if (isClosed) throw new Error('closed')
    const latest = performance.now() + commandTimeoutMs
    await firstAttempt
    for (let lostAt = -Infinity, lost: Error | undefined; ;) {
      try {
        if (redis.status === 'ready') return await runNow(commands)
      } catch (error) {
        if (!isOfConnection(error)) throw error
        // This may be told before the connection's end is.
        if (!lost) lostAt = performance.now()
        lost = error
      }
      if (performance.now() >= Math.min(Math.max(lostAt, brokenAt) + graceMs, latest)) throw lost ?? fault ?? new Error('not connected')
      await sleep(pauseMs)
    }
  }

  function runNow<T> (commands: (redis: RedisClient) => Promise<T>): Promise<T> {
    // Together in one write: that is most of what a command costs.
    if (redis instanceof Redis) {
      const { stream } = redis
      stream.cork()
      process.nextTick(() => stream.uncork())
    }
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
    onReconnect (listener) { reconnected.push(listener) },
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

/** The connection is gone, or leads to who was the master before a failover. */
function isOfConnection (error: unknown): error is Error {
  if (!(error instanceof Error)) return false
  const { name, message, code } = error as NodeJS.ErrnoException
  return name === 'MaxRetriesPerRequestError' || code === 'EPIPE' || code === 'ECONNRESET'
    || name === 'AbortError' || message.startsWith('READONLY')
    || message === 'Connection is closed.' || message.startsWith('Stream isn\'t writeable')
}

/** What ioredis was told, rather than what it makes of it (`MaxRetriesPerRequestError`, `ClusterAllFailedError`). */
function reasonOf (error: unknown, fault: Error | undefined): string {
  const told = error instanceof Error && error.name === 'MaxRetriesPerRequestError' ? fault ?? new Error('connection lost') : error
  const { message, name, code } = lastNodeError(told) as NodeJS.ErrnoException
  return message || code || name
}

function lastNodeError (error: unknown): unknown {
  return error instanceof Error && 'lastNodeError' in error && error.lastNodeError instanceof Error ? error.lastNodeError : error
}
