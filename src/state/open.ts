import { createMemoryStore } from './memory.ts'
import { createRedisStore, type RedisStoreOptions } from './redis.ts'
import type { CallStore } from './store.ts'

/** The store that `url` names: `memory:` or that of a Redis. */
export function openStore (settings: RedisStoreOptions): CallStore {
  return settings.url === 'memory:' ? createMemoryStore(settings) : createRedisStore(settings)
}
