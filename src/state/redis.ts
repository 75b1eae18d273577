import type { RedisAccess } from './client.ts'
import { connectRedis } from './connection.ts'
import { callIdOf, deletesKey, dutyKey, indexKey, keysOf } from './keys.ts'
import { redisPage } from './page.ts'
import { owedDeleteOf } from './owed-delete.ts'
import { canCreate, fieldsOf, isReadable, recordOf, schemaVersion } from './record.ts'
import { evaluate, scriptOf } from './script.ts'
import type { SharedStore } from './shared.ts'
import { type CallChange, type CallRecord, recallMs } from './store.ts'
import { entryOf, textOfLost } from './values.ts'

export interface RedisStoreOptions extends RedisAccess {
  /** As `parseStoreUrl` reads it; special characters of user and password as `%XX`. */
  url: string
  ttlSeconds: number
  /** How long Redis may take to answer before the operation fails (default 150). */
  commandTimeoutMs?: number
  /** Entries of a call's timeline that are kept (default 32). */
  timelineLength?: number
  /** Which of several this is, to share duties. */
  instanceId?: string
}

/**
 * The store that instances share. Each operation is one round trip; what belongs together is changed by one script, and
 * the scripts keep to the keys of one slot, so that a Redis Cluster can run them.
 */
export function createRedisStore (options: RedisStoreOptions): SharedStore {
  const { url, ttlSeconds, commandTimeoutMs = 150, timelineLength = 32, instanceId = 'one' } = options
  const connection = connectRedis(url, commandTimeoutMs, options)
  const ttlMs = Math.round(ttlSeconds * 1000)

  async function read (callId: string) {
    const { call, timeline } = keysOf(callId)
    const found = await connection.run((redis) => evaluate(redis, scripts.find, [call, timeline]))
    const [fields, entries, expiresInMs] = found as [string[], string[], number]
    const record = recordOf(fields, entries)
    return record && { call: record, expiresInMs }
  }

  async function recall (callId: string): Promise<CallRecord | undefined> {
    return (await read(callId))?.call
  }

  return {
    isPartial: url.includes('+cluster:'),
    onReconnect: (listener) => { connection.onReconnect(listener) },
    async find (callId) {
      const call = await recall(callId)
      return call?.endedAt === undefined ? call : undefined
    },
    recall,
    read,
    async save (callId, change) {
      const { id, call, timeline } = keysOf(callId)
      const isNew = canCreate(change) ? 1 : 0
      const event = change.event ? entryOf(change.event) : ''
      const fields = [...fieldsOf(change), ...idField(id, callId, change)]
      const values = [schemaVersion, isNew, ttlMs, timelineLength, event, ...fields]
      await connection.run((redis) => Promise.all([
        evaluate(redis, scripts.save, [call, timeline], values),
        evaluate(redis, scripts.index, [indexKey], [id, isNew, ttlMs]),
      ]))
    },
    async restore (callId, call, expiresInMs) {
      const { id, call: key, timeline } = keysOf(callId)
      const entries = call.timeline.slice(-timelineLength).map(entryOf)
      const fields = [...fieldsOf(call), ...idField(id, callId, call)]
      const values = [schemaVersion, Math.ceil(expiresInMs), entries.length, ...entries, ...fields]
      const isRestored = await connection.run((redis) => evaluate(redis, scripts.restore, [key, timeline], values)) === 1
      const place = [id, 1, Math.ceil(expiresInMs)]
      if (isRestored) await connection.run((redis) => evaluate(redis, scripts.index, [indexKey], place))
      return isRestored
    },
    async markLost (callId, lost) {
      const { call } = keysOf(callId)
      const values = [schemaVersion, textOfLost(lost)]
      return await connection.run((redis) => evaluate(redis, scripts.markLost, [call], values)) === 1
    },
    async look (callIds) {
      const keys = callIds.map((callId) => keysOf(callId))
      const found = await connection.run((redis) => Promise.all(keys.map(({ call, timeline }) =>
        Promise.all([redis.hmget(call, 'v', 'ended'), redis.llen(timeline)]))))
      return found.map(([[v, ended], entries]) => {
        if (typeof ended === 'string') return { state: 'ended', entries }
        return { state: isReadable(v ?? undefined) ? 'running' : 'unknown', entries }
      })
    },
    page: (options) => connection.run((redis) => redisPage(redis, options)),
    async takeDuty (duty, forMs) {
      return await connection.run((redis) => evaluate(redis, scripts.duty, [dutyKey(duty)], [instanceId, forMs])) === 1
    },
    async end (callId) {
      const { id, call, timeline } = keysOf(callId)
      await connection.run((redis) => Promise.all([
        evaluate(redis, scripts.end, [call, timeline], [schemaVersion, Date.now(), recallMs]), redis.zrem(indexKey, id),
      ]))
    },
    async remove (callId) {
      const { id, call, timeline } = keysOf(callId)
      await connection.run((redis) => Promise.all([
        evaluate(redis, scripts.remove, [call, timeline], [Date.now(), recallMs]), redis.zrem(indexKey, id),
      ]))
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
    health: () => ({ isDegraded: false }),
    close: () => connection.close(),
  }
}

/** At once, so that no reply is large. */
const mostTaken = 500

const now = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
`

/** As `isReadable`. */
const isReadableLua = `local function isReadable (key, version)
  local v = redis.pcall('HGET', key, 'v')
  return type(v) == 'string' and tonumber(v) ~= nil and math.abs(tonumber(v) - tonumber(version)) <= 1
end`

const scripts = {
  // A key of another type is no call.
  find: scriptOf(`
    local fields = redis.pcall('HGETALL', KEYS[1])
    local entries = redis.pcall('LRANGE', KEYS[2], 0, -1)
    return { fields.err and {} or fields, entries.err and {} or entries, redis.call('PTTL', KEYS[1]) }`),

  // A change that cannot begin a call does nothing where there is none, so that a late reply brings no ended call back. The
  // same event again is the same write again: its connection broke before the reply came.
  save: scriptOf(`${isReadableLua}
    local version, isNew, ttl, length, event = unpack(ARGV, 1, 5)
    if not isReadable(KEYS[1], version) or redis.call('HEXISTS', KEYS[1], 'ended') == 1 then
      if isNew == '0' then return end
      redis.call('DEL', KEYS[1], KEYS[2])
    end
    redis.call('HSET', KEYS[1], 'v', version, unpack(ARGV, 6))
    redis.call('PEXPIRE', KEYS[1], ttl)
    if event ~= '' and redis.call('LINDEX', KEYS[2], -1) ~= event then
      redis.call('RPUSH', KEYS[2], event)
      redis.call('LTRIM', KEYS[2], -length, -1)
    end
    redis.call('PEXPIRE', KEYS[2], ttl)`),

  // Nothing of the call is left but that it is over, so that no instance puts it back.
  remove: scriptOf(`
    redis.call('DEL', KEYS[1], KEYS[2])
    redis.call('HSET', KEYS[1], 'ended', ARGV[1])
    redis.call('PEXPIRE', KEYS[1], ARGV[2])`),

  restore: scriptOf(`
    local version, ttl, count = unpack(ARGV, 1, 3)
    if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
    redis.call('HSET', KEYS[1], 'v', version, unpack(ARGV, 4 + count))
    redis.call('PEXPIRE', KEYS[1], ttl)
    redis.call('DEL', KEYS[2])
    if tonumber(count) > 0 then redis.call('RPUSH', KEYS[2], unpack(ARGV, 4, 3 + count)) end
    redis.call('PEXPIRE', KEYS[2], ttl)
    return 1`),

  // To one of several that find out at once it is news.
  markLost: scriptOf(`${isReadableLua}
    if not isReadable(KEYS[1], ARGV[1]) or redis.call('HEXISTS', KEYS[1], 'ended') == 1 then return 0 end
    local lost = redis.call('HGET', KEYS[1], 'lost')
    if lost and lost ~= '' then return lost == ARGV[2] and 1 or 0 end
    redis.call('HSET', KEYS[1], 'lost', ARGV[2])
    return 1`),

  duty: scriptOf(`
    local owner = redis.call('GET', KEYS[1])
    if owner and owner ~= ARGV[1] then return 0 end
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
    return 1`),

  end: scriptOf(`${isReadableLua}
    local version, now, ttl = unpack(ARGV)
    if not isReadable(KEYS[1], version) then return end
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

/** A long call-id stands in the key as a hash, so it stands in the record too. */
function idField (id: string, callId: string, change: CallChange): string[] {
  return callIdOf(id) === undefined && canCreate(change) ? ['id', JSON.stringify(callId)] : []
}
