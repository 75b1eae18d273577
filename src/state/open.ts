import { createMemoryStore } from './memory.ts'
import { createRedisStore } from './redis.ts'
import type { CallStore } from './store.ts'

/** The store that `url` names: `memory:` or `redis[s]://…`. */
export function openStore (settings: { url: string, ttlSeconds: number, commandTimeoutMs: number }): CallStore {
  return settings.url === 'memory:' ? createMemoryStore(settings) : createRedisStore(settings)
}
