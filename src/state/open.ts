import { CallTable } from './call-table.ts'
import { createMemoryStore } from './memory.ts'
import { createRedisStore, type RedisStoreOptions } from './redis.ts'
import { createResilientStore, type ResilienceObserver, type ResilientOptions } from './resilient.ts'
import type { CallStore } from './store.ts'

export interface StoreSettings extends RedisStoreOptions {
  onUnavailable: ResilientOptions['onUnavailable']
  /** Calls that are remembered here beside Redis, at most. */
  memoryCalls: number
}

/** The store that `url` names: `memory:` or that of a Redis. */
export function openStore (settings: StoreSettings, observer: ResilienceObserver): CallStore {
  if (settings.url === 'memory:') return createMemoryStore(settings)
  const { onUnavailable, memoryCalls, ttlSeconds } = settings
  const own = new CallTable({ ttlSeconds, maxCalls: memoryCalls })
  return createResilientStore({ shared: createRedisStore(settings), own, onUnavailable, maxWaiting: memoryCalls, observer })
}
