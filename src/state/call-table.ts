import { forgetOldest, roomier } from '../forget-oldest.ts'
import {
  type AnchorRecord, type BranchRecord, type CallChange, type CallPage, type CallRecord, type LegRecord, type LostRecord,
  type PageOptions, type TimelineEntry, recallMs,
} from './store.ts'

export interface CallTableOptions {
  ttlSeconds: number
  /** Entries of a call's timeline that are kept (default 32). */
  timelineLength?: number
  /** Calls that are kept at most; the one that nothing was heard of for longest goes first. Default: all. */
  maxCalls?: number
}

const sweepEveryMs = 1000

/** Calls in the memory of this process. No operation but `page` depends on how many there are. */
export class CallTable {
  readonly #ttlMs: number
  readonly #timelineLength: number
  readonly #maxCalls: number
  // In the order of their latest change, which is about that of expiry: what is due is in front.
  readonly #calls = new Map<string, StoredCall>()
  // Likewise.
  readonly #ended = new Map<string, StoredCall>()
  #nextNumber = 0
  #nextSweepAt = 0

  constructor ({ ttlSeconds, timelineLength = 32, maxCalls = Infinity }: CallTableOptions) {
    this.#ttlMs = ttlSeconds * 1000
    this.#timelineLength = timelineLength
    this.#maxCalls = maxCalls
  }

  /** How many calls there are that have not ended. */
  get size (): number {
    this.sweep()
    return this.#calls.size
  }

  ids (): string[] {
    return [...this.#calls.keys()]
  }

  find (callId: string): CallRecord | undefined {
    return recordIn(this.#calls, callId)
  }

  /** As `find`, but gives a call that ended a moment ago too. */
  recall (callId: string): CallRecord | undefined {
    return recordIn(this.#calls, callId) ?? recordIn(this.#ended, callId)
  }

  save (callId: string, change: CallChange): void {
    this.#sweepSometimes()
    const call = this.#running(callId) ?? newCall(change)
    if (!call) return
    apply(call, change, this.#timelineLength)
    this.#keep(callId, call)
  }

  /** Takes the record for what is known of the call. */
  put (callId: string, { timeline, ...record }: CallRecord, expiresInMs: number): void {
    const before = this.#calls.get(callId)
    const call = newCall(record)
    if (!call) return
    apply(call, record, this.#timelineLength)
    call.timeline = timeline.map((entry) => ({ ...entry }))
    if (record.endedAt !== undefined) {
      this.remove(callId)
      this.#ended.set(callId, { ...call, endedAt: record.endedAt, expiresAt: performance.now() + expiresInMs })
    } else if (before) {
      this.#calls.set(callId, { ...call, number: before.number, expiresAt: performance.now() + expiresInMs })
    } else {
      this.#keep(callId, call, expiresInMs)
    }
  }

  /** In how long the call expires, in milliseconds; 0 for one that is not there. */
  expiresInMs (callId: string): number {
    return Math.max(0, (this.#calls.get(callId)?.expiresAt ?? 0) - performance.now())
  }

  /** Remembers that the media are lost. @returns whether that is news */
  markLost (callId: string, lost: LostRecord): boolean {
    const call = this.#running(callId)
    if (!call || call.lost) return false
    call.lost = { ...lost }
    return true
  }

  end (callId: string): void {
    this.#sweepSometimes()
    const call = this.#running(callId)
    if (!call) return
    this.#calls.delete(callId)
    this.#ended.set(callId, { ...call, endedAt: Date.now(), expiresAt: performance.now() + recallMs })
  }

  remove (callId: string): void {
    this.#calls.delete(callId)
    this.#ended.delete(callId)
  }

  /** The calls, the one that nothing was heard of for longest first. */
  page ({ after, limit }: PageOptions): CallPage {
    this.sweep()
    const calls: CallPage['calls'] = []
    let next = Number(after ?? -1)
    for (const [callId, { node, lost, isPruned, number }] of this.#calls) {
      if (number <= next) continue
      if (calls.length === limit) return { calls, next: String(next) }
      calls.push({ callId, node, ...(lost && { lost }), ...(isPruned && { isPruned }) })
      next = number
    }
    return { calls }
  }

  /** Forgets what is due. */
  sweep (): void {
    sweepOf(this.#calls)
    sweepOf(this.#ended)
  }

  /** Not each time: see `forgetOldest`. */
  #sweepSometimes (): void {
    const now = performance.now()
    if (now < this.#nextSweepAt) return
    this.#nextSweepAt = now + sweepEveryMs
    this.sweep()
  }

  clear (): void {
    this.#calls.clear()
    this.#ended.clear()
  }

  /** One that is due may stand behind others that are not. */
  #running (callId: string): StoredCall | undefined {
    const call = this.#calls.get(callId)
    return call && call.expiresAt > performance.now() ? call : undefined
  }

  #keep (callId: string, call: StoredCall, expiresInMs = this.#ttlMs): void {
    call.expiresAt = performance.now() + expiresInMs
    call.number = this.#nextNumber++
    this.#calls.delete(callId)
    this.#calls.set(callId, call)
    if (this.#calls.size > this.#maxCalls) forgetOldest(this.#calls, () => this.#calls.size <= roomier(this.#maxCalls))
    this.#ended.delete(callId)
  }
}

/** A call as it is kept: changed in place, never handed out. `expiresAt` by the clock of `performance.now()`. */
interface StoredCall {
  expiresAt: number
  /** Grows with each change of any call. */
  number: number
  node: string
  revision: string
  createdAt: number
  caller: string | undefined
  passedTags?: string[]
  legs: Map<string, LegRecord>
  branches: Map<string, BranchRecord>
  isEstablished: boolean
  isPruned?: true
  anchor?: AnchorRecord
  lost?: LostRecord
  endedAt?: number
  timeline: TimelineEntry[]
}

function newCall ({ node, revision, createdAt }: CallChange): StoredCall | undefined {
  if (node === undefined || revision === undefined || createdAt === undefined) return undefined
  const empty = { caller: undefined, legs: new Map(), branches: new Map(), isEstablished: false, timeline: [] }
  return { expiresAt: 0, number: 0, node, revision, createdAt, ...empty }
}

function apply (call: StoredCall, change: CallChange, timelineLength: number): void {
  call.node = change.node ?? call.node
  call.revision = change.revision ?? call.revision
  call.createdAt = change.createdAt ?? call.createdAt
  call.caller = change.caller ?? call.caller
  if (change.passedTags) call.passedTags = [...change.passedTags]
  for (const [tag, leg] of Object.entries(change.legs ?? {})) call.legs.set(tag, copyOfLeg(leg))
  for (const [key, branch] of Object.entries(change.branches ?? {})) call.branches.set(key, copyOfBranch(branch))
  call.isEstablished = change.isEstablished ?? call.isEstablished
  if (change.isPruned) call.isPruned = true
  if (change.anchor) call.anchor = { ...change.anchor }
  if (change.lost === null) delete call.lost
  else if (change.lost) call.lost = { ...change.lost }
  if (change.event) call.timeline.push({ ...change.event })
  if (call.timeline.length > timelineLength) call.timeline.shift()
}

function sweepOf (calls: Map<string, StoredCall>): void {
  const now = performance.now()
  forgetOldest(calls, ({ expiresAt }) => expiresAt > now)
}

function recordIn (calls: Map<string, StoredCall>, callId: string): CallRecord | undefined {
  const call = calls.get(callId)
  return call && call.expiresAt > performance.now() ? recordOf(call) : undefined
}

function recordOf (call: StoredCall): CallRecord {
  const { node, revision, createdAt, caller, passedTags, legs, branches, isEstablished, isPruned } = call
  const { anchor, lost, endedAt, timeline } = call
  const record: CallRecord = {
    node, revision, createdAt, isEstablished,
    ...(caller !== undefined && { caller }),
    ...(passedTags && { passedTags: [...passedTags] }),
    legs: Object.create(null) as CallRecord['legs'],
    branches: Object.create(null) as CallRecord['branches'],
    ...(isPruned && { isPruned }),
    ...(anchor && { anchor: { ...anchor } }),
    ...(lost && { lost: { ...lost } }),
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
