import { createHash } from 'node:crypto'
import type { RedisAccess, RedisClient } from './client.ts'
import { connectRedis } from './connection.ts'
import { deletesKey, indexKey, keysOf } from './keys.ts'
import { canCreate, entryOf, fieldsOf, owedDeleteOf, recordOf, schemaVersion } from './record.ts'
import { type CallRecord, type CallStore, recallMs } from './store.ts'

export interface RedisStoreOptions extends RedisAccess {
  /** As `parseStoreUrl` reads it; special characters of user and password as `%XX`. */
  url: string
  ttlSeconds: number
  /** How long Redis may take to answer before the operation fails (default 150). */
  commandTimeoutMs?: number
  /** Entries of a call's timeline that are kept (default 32). */
  timelineLength?: number
}

/**
 * The store that instances share. Each operation is one round trip; what belongs together is changed by one script, and
 * the scripts keep to the keys of one slot, so that a Redis Cluster can run them.
 */
export function createRedisStore (options: RedisStoreOptions): CallStore {
  const { url, ttlSeconds, commandTimeoutMs = 150, timelineLength = 32 } = options
  const connection = connectRedis(url, commandTimeoutMs, options)
  const ttlMs = Math.round(ttlSeconds * 1000)

  async function recall (callId: string): Promise<CallRecord | undefined> {
    const { call, timeline } = keysOf(callId)
    const found = await connection.run((redis) => evaluate(redis, scripts.find, [call, timeline]))
    const [fields, entries] = found as [string[], string[]]
    return recordOf(fields, entries)
  }

  return {
    async find (callId) {
      const call = await recall(callId)
      return call?.endedAt === undefined ? call : undefined
    },
    recall,
    async save (callId, change) {
      const { id, call, timeline } = keysOf(callId)
      const isNew = canCreate(change) ? 1 : 0
      const event = change.event ? entryOf(change.event) : ''
      const values = [schemaVersion, isNew, ttlMs, timelineLength, event, ...fieldsOf(change)]
      await connection.run((redis) => Promise.all([
        evaluate(redis, scripts.save, [call, timeline], values),
        evaluate(redis, scripts.index, [indexKey], [id, isNew, ttlMs]),
      ]))
    },
    async end (callId) {
      const { id, call, timeline } = keysOf(callId)
      await connection.run((redis) => Promise.all([
        evaluate(redis, scripts.end, [call, timeline], [schemaVersion, Date.now(), recallMs]), redis.zrem(indexKey, id),
      ]))
    },
    async remove (callId) {
      const { id, call, timeline } = keysOf(callId)
      await connection.run((redis) => Promise.all([redis.del(call, timeline), redis.zrem(indexKey, id)]))
    },
    async leaveDeletes (owed) {
      if (owed.length === 0) return
      await connection.run((redis) => redis.rpush(deletesKey, ...owed.map((each) => JSON.stringify(each))))
    },
    async takeDeletes () {
      const taken = await connection.run((redis) => redis.lpop(deletesKey, mostTaken))
      return (taken ?? []).flatMap(owedDeleteOf)
    },
    size: async () => await connection.run((redis) => evaluate(redis, scripts.size, [indexKey])) as number,
    async check () {
      await connection.run((redis) => redis.ping())
    },
    close: () => connection.close(),
  }
}

/** At once, so that no reply is large. */
const mostTaken = 500

const now = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
`

const scripts = {
  // A key of another type is no call.
  find: scriptOf(`
    local fields = redis.pcall('HGETALL', KEYS[1])
    local entries = redis.pcall('LRANGE', KEYS[2], 0, -1)
    return { fields.err and {} or fields, entries.err and {} or entries }`),

  // A change that cannot begin a call does nothing where there is none, so that a late reply brings no ended call back.
  save: scriptOf(`
    local version, isNew, ttl, length, event = unpack(ARGV, 1, 5)
    if redis.pcall('HGET', KEYS[1], 'v') ~= version or redis.call('HEXISTS', KEYS[1], 'ended') == 1 then
      if isNew == '0' then return end
      redis.call('DEL', KEYS[1], KEYS[2])
    end
    redis.call('HSET', KEYS[1], 'v', version, unpack(ARGV, 6))
    redis.call('PEXPIRE', KEYS[1], ttl)
    if event ~= '' then
      redis.call('RPUSH', KEYS[2], event)
      redis.call('LTRIM', KEYS[2], -length, -1)
    end
    redis.call('PEXPIRE', KEYS[2], ttl)`),

  end: scriptOf(`
    local version, now, ttl = unpack(ARGV)
    if redis.pcall('HGET', KEYS[1], 'v') ~= version then return end
    redis.call('HSET', KEYS[1], 'ended', now)
    redis.call('PEXPIRE', KEYS[1], ttl)
    redis.call('PEXPIRE', KEYS[2], ttl)`),

  // What is past is taken out first: XX then finds the call only while it lives.
  index: scriptOf(`${now}
    local mode = ARGV[2] == '1' and 'CH' or 'XX'
    redis.call('ZADD', KEYS[1], mode, string.format('%.0f', now + ARGV[3]), ARGV[1])`),

  size: scriptOf(`${now}
    return redis.call('ZCARD', KEYS[1])`),
}

interface Script { lua: string, sha: string }

function scriptOf (lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') }
}

/** Runs a script by its hash; Redis gets the text only when it does not know it. */
async function evaluate (
  redis: RedisClient, script: Script, keys: string[], args: (string | number)[] = [],
): Promise<unknown> {
  const { lua, sha } = script
  try {
    return await redis.evalsha(sha, keys.length, ...keys, ...args)
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return redis.eval(lua, keys.length, ...keys, ...args)
  }
}
