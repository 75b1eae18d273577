import { NgpilotError, asNgpilotError } from '../errors.ts'
import type { CallTable } from './call-table.ts'
import { Journal } from './journal.ts'
import type { SharedCall, SharedStore } from './shared.ts'
import type { CallRecord, CallStore, StoreHealth } from './store.ts'

export interface ResilientOptions {
  shared: SharedStore
  /** What this instance knows of the calls that it had to do with. */
  own: CallTable
  /** `continue`: new calls begin in memory while the store is away. `reject`: they are refused; those that run go on. */
  onUnavailable: 'continue' | 'reject'
  /** Calls whose changes wait for the store, at most; the oldest goes first. Default 100,000. */
  maxWaiting?: number
  /** How often a store that is away is asked whether it is back. Default 200. */
  retryMs?: number
  /** In how long all own calls are compared with the store. Default 20,000: an ended call is known there for longer. */
  compareMs?: number
  observer: ResilienceObserver
}

export interface ResilienceObserver {
  away (reason: string): void
  back (awayMs: number): void
  /** So many calls have changes that wait. */
  waiting (calls: number): void
  /** Changes of a call that will never reach the store. */
  lost (): void
  /** A call that the store had lost has been put back. */
  restored (): void
}

/**
 * The shared store, and this instance's own memory for when it is away. Every call that passes is remembered here too. While
 * the store is away, reads come from memory and writes wait in a journal, which is replayed in order when it is back. What
 * the store has lost meanwhile (a restart, a failover that came before the last writes) is put back from memory.
 */
export function createResilientStore (options: ResilientOptions): CallStore {
  const { shared, own, onUnavailable, maxWaiting = 100_000, retryMs = 200, compareMs = 20_000, observer } = options
  const journal = new Journal({ maxWaiting, onLost: () => observer.lost() })
  /** What the store is not asked for now: in a Cluster one call, as others may be well; else any. With a call-id to try. */
  const broken = new Map<string, string>()
  let awaySince: number | undefined
  let awayReason = ''
  /** It is back, and not all of what this instance knows has been compared with what it has. */
  let isPuttingBack = false
  let isRetrying = false
  let isClosed = false
  const keyOf = (callId: string) => shared.isPartial ? callId : ''

  const retrying = setInterval(() => void retry(), retryMs).unref()
  const comparing = startComparing()
  // It may have started anew without anybody asking for it meanwhile.
  shared.onReconnect(() => { if (awaySince === undefined) putAllBack() })

  /** Runs an operation on the store, unless it is known to be away; then, or when it fails for that, `instead`. */
  async function orInstead<T> (callId: string, operation: () => Promise<T>, instead: (error: unknown) => T): Promise<T> {
    if (broken.has(keyOf(callId))) return instead(new NgpilotError('store_unavailable', awayReason))
    try {
      return await operation()
    } catch (error) {
      if (asNgpilotError(error).code !== 'store_unavailable' || isClosed) throw error
      wentAway(callId, asNgpilotError(error).message)
      return instead(error)
    }
  }

  function wentAway (callId: string, reason: string): void {
    broken.set(keyOf(callId), callId)
    awayReason = reason
    if (awaySince !== undefined) return
    awaySince = performance.now()
    observer.away(reason)
  }

  /** A write: into memory first, then to the store, behind what waits of the same call. */
  async function write (callId: string, entry: Parameters<Journal['add']>[1], operation: () => Promise<void>): Promise<void> {
    const wait = () => {
      journal.add(callId, entry)
      observer.waiting(journal.size)
    }
    if (journal.has(callId)) wait()
    else await orInstead(callId, operation, wait)
  }

  async function recall (callId: string): Promise<CallRecord | undefined> {
    if (journal.has(callId)) return own.recall(callId)
    return orInstead(callId, async () => {
      const found = await shared.read(callId)
      const known = own.recall(callId)
      if (found) await reconcile(callId, found, known)
      else if (known && known.endedAt === undefined) await restore(callId, known)
      return own.recall(callId)
    }, (error) => {
      const known = own.recall(callId)
      if (!known && onUnavailable === 'reject') throw error
      return known
    })
  }

  /** What both know is the same call, at two times: the later one counts. */
  async function reconcile (callId: string, found: SharedCall, known: CallRecord | undefined): Promise<void> {
    if (known && goesOn(found.call, known)) await putBack(callId, found.call, known)
    else own.put(callId, found.call, found.expiresInMs)
  }

  /**
   * The store does not know the call at all: it has lost it. One that ended it knows for long enough. Another instance may
   * be quicker, and know less.
   */
  async function restore (callId: string, known: CallRecord): Promise<void> {
    if (await shared.restore(callId, known, own.expiresInMs(callId))) {
      observer.restored()
      return
    }
    const found = await shared.read(callId)
    if (found) await reconcile(callId, found, known)
    else own.remove(callId)
  }

  /** A failover came before the last writes did: what the store has is from before them. */
  async function putBack (callId: string, found: CallRecord, known: CallRecord): Promise<void> {
    const { timeline, endedAt, ...fields } = known
    await shared.save(callId, { ...fields, lost: fields.lost ?? null })
    for (const event of timeline.slice(found.timeline.length)) await shared.save(callId, { event })
    if (endedAt !== undefined) await shared.end(callId)
    observer.restored()
  }

  function putAllBack (): void {
    isPuttingBack = true
    comparing.hurry()
  }

  /** Asks whether the store is back by sending it what waits. */
  async function retry (): Promise<void> {
    if (awaySince === undefined || isRetrying || isClosed) return
    isRetrying = true
    try {
      for (const [key, callId] of [...broken].slice(0, mostRetried)) {
        if (shared.isPartial) await shared.recall(callId)
        else await shared.check()
        broken.delete(key)
      }
      while (broken.size === 0) {
        const callId = journal.first()
        if (callId === undefined) break
        await replay(callId)
      }
      if (broken.size > 0 || journal.size > 0) return
      observer.back(performance.now() - awaySince)
      awaySince = undefined
      putAllBack()
    } catch {
      // Others of a Cluster may be back: those that failed stand behind them.
      const [first] = broken
      if (first) {
        broken.delete(first[0])
        broken.set(...first)
      }
    } finally {
      isRetrying = false
      observer.waiting(journal.size)
    }
  }

  async function replay (callId: string): Promise<void> {
    for (let entry = journal.next(callId); entry; entry = journal.next(callId)) {
      try {
        for (const change of entry.changes) await shared.save(callId, change)
        if (entry.kind !== 'save') await shared[entry.kind](callId)
      } catch (error) {
        if (asNgpilotError(error).code !== 'store_unavailable') observer.lost()
        else {
          broken.set(keyOf(callId), callId)
          throw error
        }
      }
      journal.done(callId, entry)
    }
  }

  /** Compares own calls with the store, bit by bit: what has ended there is forgotten, what is lost there is put back. */
  function startComparing () {
    let isHurried = false
    let timer: NodeJS.Timeout
    let queue: string[] = []
    const later = (ms: number) => {
      clearTimeout(timer)
      timer = setTimeout(() => void step(), ms).unref()
    }
    later(compareMs)

    async function step (): Promise<void> {
      if (queue.length === 0) queue = own.ids()
      const round = queue
      const batch = round.splice(0, batchSize).filter((callId) => !journal.has(callId))
      const isAway = awaySince !== undefined
      const isDone = (isAway && !shared.isPartial) || await compare(batch).then(() => true, () => false)
      if (isClosed) return
      if (!isDone) queue = []
      // Another round may have begun meanwhile.
      else if (round.length === 0 && round === queue && !isAway) isHurried = isPuttingBack = false
      const pauseMs = compareMs / (Math.ceil(own.size / batchSize) || 1)
      later(!isHurried || awaySince !== undefined ? pauseMs : isDone ? 0 : Math.min(retryMs, pauseMs))
    }

    return {
      hurry () {
        isHurried = true
        queue = []
        later(0)
      },
      stop: () => clearTimeout(timer),
    }
  }

  async function compare (callIds: string[]): Promise<void> {
    const looks = await shared.look(callIds)
    for (const [index, callId] of callIds.entries()) {
      const known = own.recall(callId)
      // What has changed here since may be newer than the look.
      if (!known || known.endedAt !== undefined || journal.has(callId)) continue
      const { state, entries = 0 } = looks[index] ?? {}
      if (state === 'ended') own.end(callId)
      else if (state === 'unknown') await restore(callId, known)
      // Put back by an instance that knows less, or as a failover left it.
      else if (entries < known.timeline.length) await recall(callId)
    }
  }

  return {
    recall,
    async find (callId) {
      const call = await recall(callId)
      return call?.endedAt === undefined ? call : undefined
    },
    save (callId, change) {
      own.save(callId, change)
      return write(callId, { kind: 'save', change }, () => shared.save(callId, change))
    },
    end (callId) {
      own.end(callId)
      return write(callId, { kind: 'end' }, () => shared.end(callId))
    },
    async markLost (callId, lost) {
      const isNews = own.markLost(callId, lost)
      return orInstead(callId, () => shared.markLost(callId, lost), () => {
        if (isNews) journal.add(callId, { kind: 'save', change: { lost } })
        return isNews
      })
    },
    remove (callId) {
      own.remove(callId)
      return write(callId, { kind: 'remove' }, () => shared.remove(callId))
    },
    page: (options) => shared.page(options).catch(() => own.page(options)),
    takeDuty: (duty, forMs) => shared.takeDuty(duty, forMs).catch(() => true),
    size: () => shared.size().catch(() => own.size),
    async check () {
      await shared.check().catch((error: unknown) => {
        const { code, message } = asNgpilotError(error)
        if (!shared.isPartial && code === 'store_unavailable' && !isClosed) wentAway('', message)
        throw error
      })
    },
    leaveDeletes: (owed) => shared.leaveDeletes(owed),
    takeDeletes: () => shared.takeDeletes(),
    health (): StoreHealth {
      const isAway = awaySince !== undefined
      if (!isAway && !isPuttingBack) return { isDegraded: false }
      const refusesNew = isAway && onUnavailable === 'reject'
      const reason = isAway ? awayReason : 'it is back, and gets again what it may have lost'
      return { isDegraded: true, reason, waiting: journal.size, refusesNew }
    },
    async close () {
      await retry()
      isClosed = true
      clearInterval(retrying)
      comparing.stop()
      await shared.close()
      own.clear()
    },
  }
}

/** At a time, so that what a tick does is bounded. */
const mostRetried = 20
const batchSize = 100

/** Whether `known` is what became of `found`: all that happened then, and more. */
function goesOn (found: CallRecord, known: CallRecord): boolean {
  if (found.createdAt !== known.createdAt || found.endedAt !== undefined) return false
  return found.timeline.length < known.timeline.length && found.timeline.every(({ at, event }, index) => {
    const own = known.timeline[index]
    return own?.at === at && own.event === event
  })
}
