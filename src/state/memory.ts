import type { CallChange, CallRecord, CallStore, ExchangeRecord, LegRecord, TimelineEntry } from './store.ts'

export interface MemoryStoreOptions {
  ttlSeconds: number
  /** Entries of a call's timeline that are kept (default 32). */
  timelineLength?: number
}

/** The store of a single instance: gone with the process. No operation depends on how many calls there are. */
export function createMemoryStore ({ ttlSeconds, timelineLength = 32 }: MemoryStoreOptions): CallStore {
  const ttlMs = ttlSeconds * 1000
  // In the order of expiry, as all live equally long and a saved call moves to the end: what is due is always in front.
  const calls = new Map<string, StoredCall>()
  const sweeper = setInterval(sweep, Math.min(Math.max(ttlMs, 10), 30_000)).unref()

  function sweep (): void {
    const now = performance.now()
    for (const [callId, { expiresAt }] of calls) {
      if (expiresAt > now) return
      calls.delete(callId)
    }
  }

  return {
    find (callId) {
      const call = calls.get(callId)
      return Promise.resolve(call && call.expiresAt > performance.now() ? recordOf(call) : undefined)
    },
    save (callId, change) {
      sweep()
      const call = calls.get(callId) ?? newCall(change)
      if (call) {
        apply(call, change, timelineLength)
        call.expiresAt = performance.now() + ttlMs
        calls.delete(callId)
        calls.set(callId, call)
      }
      return Promise.resolve()
    },
    remove (callId) {
      calls.delete(callId)
      return Promise.resolve()
    },
    size () {
      sweep()
      return Promise.resolve(calls.size)
    },
    leaveDeletes: () => Promise.resolve(),
    takeDeletes: () => Promise.resolve([]),
    check: () => Promise.resolve(),
    close () {
      clearInterval(sweeper)
      calls.clear()
      return Promise.resolve()
    },
  }
}

/** A call as it is kept: changed in place, never handed out. `expiresAt` by the clock of `performance.now()`. */
interface StoredCall {
  expiresAt: number
  node: string
  revision: string
  createdAt: number
  caller: string | undefined
  legs: Map<string, LegRecord>
  callee: LegRecord | undefined
  exchange: ExchangeRecord | undefined
  isEstablished: boolean
  timeline: TimelineEntry[]
}

function newCall ({ node, revision, createdAt }: CallChange): StoredCall | undefined {
  if (node === undefined || revision === undefined || createdAt === undefined) return undefined
  const unknown = { caller: undefined, callee: undefined, exchange: undefined }
  return { expiresAt: 0, node, revision, createdAt, ...unknown, legs: new Map(), isEstablished: false, timeline: [] }
}

function apply (call: StoredCall, change: CallChange, timelineLength: number): void {
  call.node = change.node ?? call.node
  call.revision = change.revision ?? call.revision
  call.createdAt = change.createdAt ?? call.createdAt
  call.caller = change.caller ?? call.caller
  if (change.legs) for (const tag of Object.keys(change.legs)) call.legs.set(tag, copyOfLeg(change.legs[tag] as LegRecord))
  if (change.callee) call.callee = copyOfLeg(change.callee)
  if (change.exchange) call.exchange = { ...change.exchange }
  call.isEstablished = change.isEstablished ?? call.isEstablished
  if (change.event) call.timeline.push({ ...change.event })
  if (call.timeline.length > timelineLength) call.timeline.shift()
}

function recordOf (call: StoredCall): CallRecord {
  const { node, revision, createdAt, caller, legs, callee, exchange, isEstablished, timeline } = call
  const record: CallRecord = {
    node, revision, createdAt, legs: Object.create(null) as CallRecord['legs'], isEstablished,
    timeline: timeline.map((entry) => ({ ...entry })),
  }
  for (const [tag, leg] of legs) record.legs[tag] = copyOfLeg(leg)
  if (caller !== undefined) record.caller = caller
  if (callee) record.callee = copyOfLeg(callee)
  if (exchange) record.exchange = { ...exchange }
  return record
}

function copyOfLeg (leg: LegRecord): LegRecord {
  return leg.hidden ? { ...leg, hidden: leg.hidden.map((media) => ({ ...media })) } : { ...leg }
}
