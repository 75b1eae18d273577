import { CallTable, type CallTableOptions } from './call-table.ts'
import type { CallStore } from './store.ts'

/** The store of a single instance: gone with the process. */
export function createMemoryStore (options: CallTableOptions): CallStore {
  const calls = new CallTable(options)
  const sweeper = setInterval(() => calls.sweep(), Math.min(Math.max(options.ttlSeconds * 1000, 10), 30_000)).unref()

  return {
    find: (callId) => Promise.resolve(calls.find(callId)),
    recall: (callId) => Promise.resolve(calls.recall(callId)),
    save (callId, change) {
      calls.save(callId, change)
      return Promise.resolve()
    },
    markLost: (callId, lost) => Promise.resolve(calls.markLost(callId, lost)),
    end (callId) {
      calls.end(callId)
      return Promise.resolve()
    },
    remove (callId) {
      calls.remove(callId)
      return Promise.resolve()
    },
    page: (options) => Promise.resolve(calls.page(options)),
    size: () => Promise.resolve(calls.size),
    takeDuty: () => Promise.resolve(true),
    leaveDeletes: () => Promise.resolve(),
    takeDeletes: () => Promise.resolve([]),
    check: () => Promise.resolve(),
    health: () => ({ isDegraded: false }),
    close () {
      clearInterval(sweeper)
      calls.clear()
      return Promise.resolve()
    },
  }
}
