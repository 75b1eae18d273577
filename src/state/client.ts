import { readFileSync } from 'node:fs'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import type { StoreTarget } from '../config/store-url.ts'
import { NgpilotError } from '../errors.ts'

/** How to log in and to encrypt, beside what the URL says. Files are PEM. */
export interface RedisAccess {
  sentinelUser?: string
  sentinelPassword?: string
  tlsCaFile?: string
  tlsCertFile?: string
  tlsKeyFile?: string
  tlsServerName?: string
}

/** A server of its own, the master behind Sentinels, or a Cluster: to commands they are the same. */
export type RedisClient = Redis | Cluster

const connectWithinMs = 1000
const [shortestPauseMs, longestPauseMs] = [10, 250]

/**
 * Opens a client that keeps connecting: after 10 ms, doubling up to a quarter of a second.
 * @throws NgpilotError `config_invalid` for a file that cannot be read.
 */
export function openClient (target: StoreTarget, access: RedisAccess, commandTimeoutMs: number): RedisClient {
  const { kind, hosts, name, db, username, password, isTls } = target
  const tls = isTls ? tlsOf(access) : undefined
  const common = {
    connectionName: 'ngpilot',
    connectTimeout: connectWithinMs,
    disconnectTimeout: 100,
    // A silent server is left, or commands would pile up on its socket.
    socketTimeout: 2 * commandTimeoutMs,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // What was the master when we connected is a replica now: the name leads to the new one.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls }),
  } satisfies RedisOptions
  // Nothing is kept for later: whoever asked has been told by then.
  const enableOfflineQueue = false

  if (kind === 'cluster') {
    return new Cluster(hosts, {
      redisOptions: common,
      enableOfflineQueue,
      clusterRetryStrategy: pauseMs,
      // A slot may have moved, and the connection to its node be gone; more tries would come after the answer.
      maxRedirections: 6,
      retryDelayOnFailover: 20,
      retryDelayOnClusterDown: 0,
      slotsRefreshTimeout: connectWithinMs,
      slotsRefreshInterval: 5000,
      // Certificates are for names, and the nodes tell of each other by address.
      ...(tls && { dnsLookup: (address, done) => done(null, address) }),
    })
  }
  const [first = { host: '127.0.0.1', port: 6379 }] = hosts
  if (kind === 'server') return new Redis({ ...common, ...first, db, enableOfflineQueue, retryStrategy: pauseMs })
  return revived(new Redis({
    ...common, db, enableOfflineQueue, retryStrategy: pauseMs,
    sentinels: hosts,
    name: name ?? '',
    sentinelRetryStrategy: pauseMs,
    sentinelCommandTimeout: connectWithinMs,
    // A Sentinel tells at once when the master has changed.
    failoverDetector: true,
    ...(access.sentinelUser !== undefined && { sentinelUsername: access.sentinelUser }),
    ...(access.sentinelPassword !== undefined && { sentinelPassword: access.sentinelPassword }),
    ...(tls && { enableTLSForSentinelMode: true, sentinelTLS: tls }),
  }))
}

/** ioredis gives up for good when a Sentinel tells of a failover while the master is being looked for. */
function revived (redis: Redis): Redis {
  return redis.on('error', ({ message }: Error) => {
    if (message === 'Connection is closed.') redis.once('end', () => { redis.connect().catch(() => undefined) })
  })
}

function pauseMs (attempt: number): number {
  return Math.min(shortestPauseMs * 2 ** (attempt - 1), longestPauseMs) * (0.8 + 0.2 * Math.random())
}

function tlsOf ({ tlsCaFile, tlsCertFile, tlsKeyFile, tlsServerName }: RedisAccess) {
  return {
    ...(tlsCaFile !== undefined && { ca: read(tlsCaFile, 'store.tlsCaFile') }),
    ...(tlsCertFile !== undefined && { cert: read(tlsCertFile, 'store.tlsCertFile') }),
    ...(tlsKeyFile !== undefined && { key: read(tlsKeyFile, 'store.tlsKeyFile') }),
    ...(tlsServerName !== undefined && { servername: tlsServerName }),
  }
}

function read (file: string, setting: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new NgpilotError('config_invalid', `${setting}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
  }
}
