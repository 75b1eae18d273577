import type { CallStore } from './store.ts'

export interface StoreObserver {
  operation (operation: string, result: 'ok' | 'error', seconds: number): void
}

/** The same store, with every operation on calls timed and counted. */
export function observedStore (store: CallStore, observer: StoreObserver): CallStore {
  async function timed<T> (operation: string, run: () => Promise<T>): Promise<T> {
    const started = performance.now()
    const seconds = () => (performance.now() - started) / 1000
    try {
      const result = await run()
      observer.operation(operation, 'ok', seconds())
      return result
    } catch (error) {
      observer.operation(operation, 'error', seconds())
      throw error
    }
  }

  return {
    find: (callId) => timed('find', () => store.find(callId)),
    save: (callId, change) => timed('save', () => store.save(callId, change)),
    recall: (callId) => timed('recall', () => store.recall(callId)),
    end: (callId) => timed('end', () => store.end(callId)),
    remove: (callId) => timed('remove', () => store.remove(callId)),
    leaveDeletes: (owed) => timed('leaveDeletes', () => store.leaveDeletes(owed)),
    takeDeletes: () => timed('takeDeletes', () => store.takeDeletes()),
    markLost: (callId, lost) => timed('markLost', () => store.markLost(callId, lost)),
    page: (options) => timed('page', () => store.page(options)),
    takeDuty: (duty, forMs) => timed('takeDuty', () => store.takeDuty(duty, forMs)),
    health: () => store.health(),
    size: () => store.size(),
    check: () => store.check(),
    close: () => store.close(),
  }
}
