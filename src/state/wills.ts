import type { RedisAccess } from './client.ts'
import { connectRedis } from './connection.ts'
import { willsKey } from './keys.ts'
import { evaluate, scriptOf } from './script.ts'

export interface WillsStoreOptions extends RedisAccess {
  /** As `parseStoreUrl` reads it; that of the store. */
  url: string
  commandTimeoutMs?: number
}

/** What an operator wants of a node, and since when, in milliseconds since the epoch: the latest counts. */
export interface WillRecord { will: 'enabled' | 'draining' | 'disabled', at: number }

/** What operators want of the nodes, for all instances that share a Redis. Both throw NgpilotError `store_unavailable`. */
export interface WillsStore {
  /** By the node's id. */
  read (): Promise<Map<string, WillRecord>>
  /** Does nothing where a later one is known. */
  write (nodeId: string, record: WillRecord): Promise<void>
  close (): Promise<void>
}

/** A hash: the field is the node's id, the value `1764270000000 draining`. */
export function openWillsStore ({ url, commandTimeoutMs = 150, ...access }: WillsStoreOptions): WillsStore {
  const connection = connectRedis(url, commandTimeoutMs, access)
  return {
    async read () {
      const fields = await connection.run((redis) => redis.hgetall(willsKey))
      return new Map(Object.entries(fields).flatMap(([id, value]) => {
        const [, at, will] = /^(\d{1,15}) (enabled|draining|disabled)$/.exec(value) ?? []
        return will === undefined ? [] : [[id, { will: will as WillRecord['will'], at: Number(at) }]]
      }))
    },
    async write (nodeId, { will, at }) {
      await connection.run((redis) => evaluate(redis, later, [willsKey], [nodeId, at, will]))
    },
    close: () => connection.close(),
  }
}

const later = scriptOf(`
  local known = redis.call('HGET', KEYS[1], ARGV[1])
  if known and (tonumber(string.match(known, '^%d+')) or 0) >= tonumber(ARGV[2]) then return end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3])`)
