import { setTimeout as sleep } from 'node:timers/promises'
import { asNgpilotError } from '../errors.ts'
import { listCommand, mostListed, queryCommand, statisticsCommand } from '../ng/commands.ts'
import { mediaReportOf } from '../ng/media-report.ts'
import type { MediaNode, NgReply } from '../ng/types.ts'
import type { CallRecord, LostRecord } from '../state/store.ts'
import type { CallDeps } from './deps.ts'
import { packetsOf, quietAt } from './quiet.ts'

export interface LossesOptions extends Pick<CallDeps, 'fleet' | 'ng' | 'store' | 'deletes' | 'tellLost'> {
  /** How often the calls are compared with what their nodes have, at most. Default 5000. */
  everyMs?: number
  /** rtpengine's own `timeout`. */
  timeoutMs: number
  /** Calls that are asked for one by one in each round, where a node has too many to list. Default 200. */
  queriesPerRound?: number
}

const pageSize = 500
/** A call that has changed a moment ago may be on its way to its node. */
const settleMs = 2000
/** After so long a call whose media never came back is forgotten. */
const keptMs = 600_000
const queryMs = 300
const nodesMs = 250
/** rtpengine tells of a timeout a moment before it has ended the call. */
const hintTries = 10
const hintPauseMs = 300
const mostHints = 100

/**
 * Finds the calls whose media are lost, and tells: their node is gone, was started anew, or has ended them because no media
 * came, of which it says nothing to those who speak NG with it. One instance does it for all.
 */
export class Losses {
  readonly #options: Required<LossesOptions>
  #timer: NodeJS.Timeout | undefined
  readonly #looking: NodeJS.Timeout
  #down = new Set<string>()
  #isRunning = false
  #isHurried = false
  #isClosed = false
  #hints = 0
  /** Where the asking one by one goes on, by node. */
  readonly #asked = new Map<string, number>()
  /** The pruned calls: when each may be quiet next, and of one that is what had come from its parties when that was seen. */
  readonly #pruned = new Map<string, { lookAt: number, packets?: number }>()

  constructor (options: LossesOptions) {
    this.#options = { everyMs: 5000, queriesPerRound: 200, ...options }
    this.#later(this.#options.everyMs)
    this.#looking = setInterval(() => this.#lookAtNodes(), nodesMs).unref()
  }

  /** A node that is down is no matter for the next round: its calls are told of now. */
  #lookAtNodes (): void {
    const down = new Set(this.#options.fleet.nodes().filter(({ state }) => state === 'down').map(({ id }) => id))
    const isNews = [...down].some((id) => !this.#down.has(id))
    this.#down = down
    if (!isNews) return
    if (this.#isRunning) this.#isHurried = true
    else this.#later(0)
  }

  /**
   * Somebody says that a node has ended a call, or, without a call-id, some call. Only the node itself is believed.
   * @returns false when too many such hints are looked into already
   */
  hint (callId: string | undefined): boolean {
    if (this.#hints >= mostHints) return false
    this.#hints++
    void this.#follow(callId).catch(() => undefined).finally(() => { this.#hints-- })
    return true
  }

  close (): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    clearInterval(this.#looking)
  }

  #later (ms: number): void {
    clearTimeout(this.#timer)
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#run(), ms).unref()
  }

  async #run (): Promise<void> {
    this.#isRunning = true
    const { store, everyMs } = this.#options
    const started = performance.now()
    if (await store.takeDuty('losses', 3 * everyMs).catch(() => false)) await this.#round().catch(() => undefined)
    this.#isRunning = false
    const isHurried = this.#isHurried
    this.#isHurried = false
    // A round over many calls is followed by a pause that is as long.
    this.#later(isHurried ? 0 : Math.max(everyMs, performance.now() - started))
  }

  async #round (): Promise<void> {
    const { fleet, store } = this.#options
    const onNode = new Map<string, string[]>()
    const pruned: string[] = []
    const states = new Map(fleet.nodes().map(({ id, state, reason }) => [id, { state, reason }]))
    for (let after: string | undefined, isMore = true; isMore && !this.#isClosed;) {
      const page = await store.page({ limit: pageSize, ...(after !== undefined && { after }) })
      for (const { callId, node, lost, isPruned } of page.calls) {
        const known = states.get(node)
        if (lost?.why === 'node-lost' && known?.state === 'up') await this.#recover(callId, node)
        else if (lost) await this.#forgetOld(callId, lost)
        else if (!known) await this.#strand(callId, `rtpengine ${node} is not configured any more`)
        else if (known.state === 'down') await this.#strand(callId, `rtpengine ${node} is down: ${known.reason}`)
        else if (known.state !== 'disabled') {
          onNode.set(node, [...onNode.get(node) ?? [], callId])
          if (isPruned) pruned.push(callId)
        }
      }
      after = page.next
      isMore = after !== undefined
    }
    await Promise.all([...onNode].map(([id, callIds]) => this.#compare(id, callIds).catch(() => undefined)))
    await this.#listen(pruned)
  }

  /** Asks a node for its calls; for those of ours that it does not have, or where it has too many to list, one by one. */
  async #compare (nodeId: string, callIds: readonly string[]): Promise<void> {
    const node = this.#options.fleet.pinned(nodeId)
    const most = mostListed(node)
    const listed = await this.#send(node, listCommand({ limit: most }))
    if (!listed) return
    const { calls } = listed
    if (Array.isArray(calls) && calls.length < most) {
      const there = new Set(calls)
      for (const callId of callIds) if (!there.has(callId)) await this.#confirm(callId)
      return
    }
    for (const callId of this.#someOf(callIds, nodeId)) await this.#confirm(callId)
  }

  /** As many as may be asked for in a round, in turn. */
  #someOf (callIds: readonly string[], turn: string): readonly string[] {
    const { queriesPerRound } = this.#options
    if (callIds.length <= queriesPerRound) return callIds
    const begin = this.#asked.get(turn) ?? 0
    this.#asked.set(turn, (begin + queriesPerRound) % callIds.length)
    return Array.from({ length: queriesPerRound }, (_, index) => callIds[(begin + index) % callIds.length] ?? '')
  }

  /**
   * Ends the pruned calls whose media have stopped, as their nodes do not. Twice in a row, and nothing came between: the
   * node's clock may be another.
   */
  async #listen (pruned: readonly string[]): Promise<void> {
    const { fleet, ng, store, deletes, tellLost, timeoutMs } = this.#options
    const known = new Set(pruned)
    for (const callId of this.#pruned.keys()) if (!known.has(callId)) this.#pruned.delete(callId)
    const due = pruned.filter((callId) => (this.#pruned.get(callId)?.lookAt ?? 0) <= Date.now())
    for (const callId of this.#someOf(due, '')) {
      const call = await store.find(callId)
      if (!call || call.lost) continue
      const settledAt = lastChangeOf(call) + timeoutMs
      if (settledAt > Date.now()) {
        this.#pruned.set(callId, { lookAt: settledAt })
        continue
      }
      const node = fleet.pinned(call.node)
      const report = await ng.send(node, queryCommand({ callId }), { deadline: performance.now() + queryMs })
        .then(mediaReportOf, () => undefined)
      const now = Date.now()
      // As long as packets come, it is asked once in that time.
      const at = report ? quietAt(report, timeoutMs) : now
      const packets = report && at < now ? packetsOf(report) : undefined
      const before = this.#pruned.get(callId)?.packets
      this.#pruned.set(callId, { lookAt: Math.min(at, now + timeoutMs), ...packets !== undefined && { packets } })
      if (packets === undefined || packets !== before || !await this.#isStill(callId, call)) continue
      await deletes.owe(node, callId)
      await tellLost(callId, call, 'media-timeout')
    }
  }

  /** Asks the node of a call whether it has it. @returns whether that is settled: it has not, or the call is none of ours */
  async #confirm (callId: string): Promise<boolean> {
    const { fleet, ng, store, tellLost } = this.#options
    const call = await store.find(callId)
    if (!call || call.lost || !hasMedia(call)) return true
    if (Date.now() - lastChangeOf(call) < settleMs) return false
    const node = fleet.pinned(call.node)
    const isThere = await ng.send(node, queryCommand({ callId }), { deadline: performance.now() + queryMs }).then(
      () => true, (error: unknown) => asNgpilotError(error).code !== 'call_unknown')
    if (isThere) return false
    if (!await this.#isStill(callId, call)) return true
    const startedAt = await this.#startOf(node)
    if (startedAt !== undefined && lastChangeOf(call) < startedAt) await this.#strand(callId, `rtpengine ${node.id} was started anew`)
    else await tellLost(callId, call, 'media-timeout')
    return true
  }

  /** Nothing has happened to the call while its node was asked. */
  async #isStill (callId: string, call: CallRecord): Promise<boolean> {
    const now = await this.#options.store.find(callId)
    return now?.node === call.node && lastChangeOf(now) === lastChangeOf(call)
  }

  async #follow (callId: string | undefined): Promise<void> {
    for (let tries = 0; tries < hintTries && !this.#isClosed; tries++) {
      if (callId === undefined) {
        // It is not said which call: all are looked at, by whichever instance is told.
        await this.#round()
        if (tries === 2) return
      } else if (await this.#confirm(callId)) {
        return
      }
      await sleep(hintPauseMs, undefined, { ref: false })
    }
  }

  /** When a node was started, in milliseconds since the epoch, by what it says of its uptime. */
  async #startOf (node: MediaNode): Promise<number | undefined> {
    const reply = await this.#send(node, statisticsCommand())
    const { totalstatistics } = (reply?.statistics ?? {}) as { totalstatistics?: { uptime?: string | number } }
    const uptime = Number(totalstatistics?.uptime)
    // It counts in whole seconds.
    return Number.isFinite(uptime) ? Date.now() - (uptime + 1) * 1000 : undefined
  }

  async #send (node: MediaNode, command: ReturnType<typeof listCommand>): Promise<NgReply | undefined> {
    const options = { deadline: performance.now() + queryMs, isReplyLong: true }
    return this.#options.ng.send(node, command, options).catch(() => undefined)
  }

  /** A node that was silent goes on: what it still has is not lost. */
  async #recover (callId: string, nodeId: string): Promise<void> {
    const { fleet, ng, store } = this.#options
    const deadline = performance.now() + queryMs
    const isThere = await ng.send(fleet.pinned(nodeId), queryCommand({ callId }), { deadline }).then(() => true, () => false)
    if (isThere) await store.save(callId, { lost: null, event: { at: Date.now(), event: 'node back' } })
  }

  async #strand (callId: string, reason: string): Promise<void> {
    const call = await this.#options.store.find(callId)
    if (call && hasMedia(call)) await this.#options.tellLost(callId, call, 'node-lost', reason)
  }

  async #forgetOld (callId: string, { at, why }: LostRecord): Promise<void> {
    if (why === 'media-timeout' && Date.now() - at > keptMs) await this.#options.store.end(callId)
  }
}

/** Its node has been told of it: an INVITE without offer has no media yet; what was published or passed on has no branch. */
function hasMedia (call: CallRecord): boolean {
  const branches = Object.values(call.branches)
  return branches.length === 0 || branches.some(({ exchange }) => exchange !== undefined)
}

function lastChangeOf ({ createdAt, timeline }: CallRecord): number {
  return timeline.at(-1)?.at ?? createdAt
}
