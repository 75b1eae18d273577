import { type BranchRecord, type CallChange, type CallRecord, type CallStore, type LegRecord, type TimelineEntry, recallMs } from './store.ts'

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
  // Likewise.
  const ended = new Map<string, StoredCall>()
  const sweeper = setInterval(sweep, Math.min(Math.max(ttlMs, 10), 30_000)).unref()

  function sweep (): void {
    sweepOf(calls)
    sweepOf(ended)
  }

  return {
    find: (callId) => Promise.resolve(recordIn(calls, callId)),
    recall: (callId) => Promise.resolve(recordIn(calls, callId) ?? recordIn(ended, callId)),
    save (callId, change) {
      sweep()
      const call = calls.get(callId) ?? newCall(change)
      if (call) {
        apply(call, change, timelineLength)
        call.expiresAt = performance.now() + ttlMs
        calls.delete(callId)
        calls.set(callId, call)
        ended.delete(callId)
      }
      return Promise.resolve()
    },
    end (callId) {
      sweep()
      const call = calls.get(callId)
      if (call) {
        calls.delete(callId)
        ended.set(callId, { ...call, endedAt: Date.now(), expiresAt: performance.now() + recallMs })
      }
      return Promise.resolve()
    },
    remove (callId) {
      calls.delete(callId)
      ended.delete(callId)
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
      ended.clear()
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
  branches: Map<string, BranchRecord>
  isEstablished: boolean
  endedAt?: number
  timeline: TimelineEntry[]
}

function newCall ({ node, revision, createdAt }: CallChange): StoredCall | undefined {
  if (node === undefined || revision === undefined || createdAt === undefined) return undefined
  const empty = { caller: undefined, legs: new Map(), branches: new Map(), isEstablished: false, timeline: [] }
  return { expiresAt: 0, node, revision, createdAt, ...empty }
}

function apply (call: StoredCall, change: CallChange, timelineLength: number): void {
  call.node = change.node ?? call.node
  call.revision = change.revision ?? call.revision
  call.createdAt = change.createdAt ?? call.createdAt
  call.caller = change.caller ?? call.caller
  for (const [tag, leg] of Object.entries(change.legs ?? {})) call.legs.set(tag, copyOfLeg(leg))
  for (const [key, branch] of Object.entries(change.branches ?? {})) call.branches.set(key, copyOfBranch(branch))
  call.isEstablished = change.isEstablished ?? call.isEstablished
  if (change.event) call.timeline.push({ ...change.event })
  if (call.timeline.length > timelineLength) call.timeline.shift()
}

function sweepOf (calls: Map<string, StoredCall>): void {
  const now = performance.now()
  for (const [callId, { expiresAt }] of calls) {
    if (expiresAt > now) return
    calls.delete(callId)
  }
}

function recordIn (calls: Map<string, StoredCall>, callId: string): CallRecord | undefined {
  const call = calls.get(callId)
  return call && call.expiresAt > performance.now() ? recordOf(call) : undefined
}

function recordOf (call: StoredCall): CallRecord {
  const { node, revision, createdAt, caller, legs, branches, isEstablished, endedAt, timeline } = call
  const record: CallRecord = {
    node, revision, createdAt, isEstablished,
    ...(caller !== undefined && { caller }),
    legs: Object.create(null) as CallRecord['legs'],
    branches: Object.create(null) as CallRecord['branches'],
    ...(endedAt !== undefined && { endedAt }),
    timeline: timeline.map((entry) => ({ ...entry })),
  }
  for (const [tag, leg] of legs) record.legs[tag] = copyOfLeg(leg)
  for (const [key, branch] of branches) record.branches[key] = copyOfBranch(branch)
  return record
}

function copyOfLeg (leg: LegRecord): LegRecord {
  return leg.hidden ? { ...leg, hidden: leg.hidden.map((media) => ({ ...media })) } : { ...leg }
}

function copyOfBranch ({ callee, hidden, invite, exchange, ...rest }: BranchRecord): BranchRecord {
  return {
    ...rest,
    callee: copyOfLeg(callee),
    ...(hidden && { hidden: hidden.map((media) => ({ ...media })) }),
    ...(invite && { invite: { ...invite } }),
    ...(exchange && { exchange: { ...exchange } }),
  }
}
