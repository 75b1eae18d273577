import type { NgClient } from '../ng/client.ts'
import { type Capabilities, capabilitiesOf } from '../ng/capabilities.ts'
import type { Release } from '../ng/release.ts'
import { SmoothedMs } from '../ng/round-trip.ts'
import type { MediaNode, NgCommand, NgReply } from '../ng/types.ts'
import { askVersion, leastReleaseOf } from '../ng/version.ts'
import { afterCommand, afterPing, type Health, isBusy, slowStart, unknownHealth } from './health.ts'
import { isSameAddress, type NodeSettings, type NodeState, type NodeView, urlOf } from './node.ts'
import { conditionEvent, type FleetObserver, stateEvent } from './observer.ts'
import type { Outcome } from './outcome.ts'
import type { FleetRules } from './rules.ts'
import { nextPingMs } from './schedule.ts'
import type { Candidate } from './select.ts'
import { type Capacity, capacityOf, isFull, unknownCapacity } from './statistics.ts'
import { NodeWatch, type Watched } from './watch.ts'

export interface MemberDeps {
  ng: Pick<NgClient, 'send'>
  observer: FleetObserver
  rules: FleetRules
  /** The node has been asked how it fares, and has answered or not. */
  onAsked: () => void
}

/** What the operator wants of a node. */
export type Will = 'enabled' | 'draining' | 'disabled'

const defaultSets = ['default']

/** One node of the fleet: what the operator wants of it, how it fares, what room it has. It is asked until `close`. */
export class Member implements Watched {
  readonly #rules: FleetRules
  readonly #observer: FleetObserver
  readonly #onAsked: () => void
  readonly #watch: NodeWatch
  #settings: NodeSettings
  #isListed = true
  #will: Will = 'enabled'
  /** When the list or the operator last changed the state. */
  #willedAt = 0
  #health: Health
  #capacity: Capacity = unknownCapacity
  /** When it last said so, and when it was last asked. */
  #measuredAt = -Infinity
  #statisticsAskedAt = -Infinity
  #roundTrip = new SmoothedMs()
  /** As the node says, or at least what it can do. */
  #version: string | undefined
  #leastRelease: Release | undefined
  #askingVersion: AbortController | undefined
  #inFlight = 0

  constructor (settings: NodeSettings, { ng, observer, rules, onAsked }: MemberDeps) {
    this.#settings = settings
    this.#rules = rules
    this.#observer = observer
    this.#onAsked = onAsked
    this.#health = unknownHealth('it has not answered yet', performance.now())
    this.#watch = new NodeWatch(this, ng)
    this.#watch.hurry()
  }

  get node (): MediaNode { return this.#settings }

  get state (): NodeState {
    if (!this.#isListed) return 'draining'
    return this.#will === 'enabled' ? this.#health.condition : this.#will
  }

  /** What it can do, by its version as far as that is known. */
  get capabilities (): Capabilities {
    return capabilitiesOf(this.#settings.version ?? this.#version ?? this.#leastRelease)
  }

  /** What a command of a call says of the node. */
  report (outcome: Outcome): void {
    const { condition } = this.#health
    this.#learn(afterCommand(this.#health, outcome, performance.now(), this.#rules), outcome)
    if (this.#health.condition === condition) return
    this.#watch.reschedule()
    if (this.#health.condition === 'suspect') this.#watch.hurry()
  }

  /** Counts a command as in flight, until the function that it returns is called. */
  begin (): () => void {
    this.#inFlight++
    return () => { this.#inFlight-- }
  }

  want (will: Will): void {
    if (this.state === 'disabled' && will !== 'disabled') this.#startAnew('it is enabled, and has not answered yet')
    this.#change(() => { this.#will = will })
    if (this.state === 'disabled') this.#forgetCapacity()
    this.#watch.reschedule()
    this.#watch.hurry()
  }

  /** The list of nodes has it, perhaps with other settings, perhaps again. */
  list (settings: NodeSettings): void {
    const hasMoved = !isSameAddress(settings, this.#settings)
    this.#settings = settings
    if (!this.#isListed) {
      this.#change(() => { this.#isListed = true })
      this.#observer.membership({ node: settings.id, change: 'added', text: `rtpengine ${settings.id} is in the list of nodes again` })
    }
    if (!hasMoved) return
    this.#observer.membership({ node: settings.id, change: 'moved', text: `rtpengine ${settings.id} has moved to ${urlOf(settings)}` })
    const { condition } = this.#health
    this.#startAnew(`it has moved to ${urlOf(settings)}, and has not answered yet`)
    this.#tell(condition)
    this.#watch.hurry()
  }

  /** The list of nodes has it no longer. It keeps its calls. */
  unlist (): void {
    if (!this.#isListed) return
    if (this.state === 'disabled') this.#startAnew('it is asked again, and has not answered yet')
    this.#change(() => { this.#isListed = false })
    const { id } = this.#settings
    this.#observer.membership({ node: id, change: 'removed', text: `rtpengine ${id} has left the list of nodes; the calls that it has stay` })
    this.#watch.hurry()
  }

  /** Not listed, and nothing is left to keep: it is empty, or has been down for so long that its calls are lost. */
  isDone (): boolean {
    if (this.#isListed) return false
    const { condition, since, isGone } = this.#health
    const downMs = condition === 'down' ? performance.now() - since : 0
    return this.isDrained || downMs > (isGone ? this.#rules.goneMs : this.#rules.silentMs)
  }

  /** It takes no new calls, and has none left. */
  get isDrained (): boolean {
    const isSettled = this.#measuredAt - this.#willedAt >= this.#rules.settleMs
    return this.state === 'draining' && isSettled && this.#capacity.calls === 0 && this.#inFlight === 0
  }

  candidate (now: number): Candidate & { node: MediaNode } {
    const { id, weight = 1, priority = 0, sets = defaultSets } = this.#settings
    return {
      id, weight, priority, sets,
      node: this.#settings,
      state: this.state,
      reason: this.#reason(now),
      isBusy: isBusy(this.#health, now) || isFull(this.#capacity),
      inFlight: this.#inFlight,
      freeShare: this.#capacity.freeShare,
      slowStart: slowStart(this.#health, now, this.#rules),
    }
  }

  view (): NodeView {
    const now = performance.now()
    const { id, state, reason, sets, priority, weight, isBusy, inFlight } = this.candidate(now)
    const { calls, freePorts } = this.#capacity
    const since = state === 'draining' || state === 'disabled' ? this.#willedAt : this.#health.since
    const { condition, isGone } = this.#health
    const epochOf = (time: number) => Math.round(Date.now() - (now - time))
    return {
      id, state, reason, sets, priority, weight, isBusy, inFlight, calls, freePorts,
      address: urlOf(this.#settings),
      version: this.#settings.version ?? this.#version ?? (this.#leastRelease && `${this.#leastRelease} or newer`),
      since: epochOf(since),
      ...condition === 'down' && state !== 'disabled' && { down: { since: epochOf(this.#health.since), isGone } },
      isDrained: this.isDrained,
      roundTripMs: this.#roundTrip.value,
    }
  }

  close (): void {
    this.#watch.close()
    this.#askingVersion?.abort()
  }

  get pingTimeoutMs (): number { return this.#rules.pingTimeoutMs }

  nextPingMs (): number | undefined {
    return this.state === 'disabled' ? undefined : nextPingMs(this.#health, performance.now(), this.#rules)
  }

  isStatisticsDue (): boolean {
    // In doubt only a ping will do: it waits for no turn behind the commands of a node that may be dead.
    if (this.#health.condition !== 'up') return false
    const intervalMs = this.state === 'draining' ? this.#rules.drainStatisticsMs : this.#rules.statisticsMs
    // A tenth early, or the ping that comes just before would put it off by another.
    return performance.now() - this.#statisticsAskedAt >= intervalMs * 0.9
  }

  asked ({ command }: NgCommand, outcome: Outcome, reply: NgReply | undefined): void {
    if (this.state === 'disabled') return
    const now = performance.now()
    if (command === 'ping' && outcome.kind === 'reply') this.#roundTrip.add(outcome.roundTripMs)
    if (command === 'statistics') this.#statisticsAskedAt = now
    if (command === 'statistics' && reply) {
      this.#capacity = capacityOf(reply)
      this.#leastRelease = leastReleaseOf(reply) ?? this.#leastRelease
      this.#measuredAt = now
    }
    const { condition } = this.#health
    this.#learn(afterPing(this.#health, outcome, now, this.#rules), outcome)
    if (condition !== 'up' && this.#health.condition === 'up') {
      this.#watch.hurry() // for its statistics
      void this.#askVersion()
    }
    this.#onAsked()
  }

  /** It may run another version each time that it has come back. Over UDP alone there is nobody to ask. */
  async #askVersion (): Promise<void> {
    const { transport = 'udp', stream } = this.#settings
    const endpoint = transport === 'udp' ? stream : this.#settings
    if (!endpoint || this.#askingVersion) return
    const asking = new AbortController()
    this.#askingVersion = asking
    const version = await askVersion(endpoint, asking.signal)
    if (this.#askingVersion !== asking) return
    this.#askingVersion = undefined
    this.#version = version ?? this.#version
  }

  /** Takes on a new health and tells what is new in it. */
  #learn (health: Health, outcome: Outcome): void {
    const before = this.#health
    this.#health = health
    if (outcome.kind === 'busy' && !isBusy(before, performance.now())) this.#observer.busy(this.#settings.id, outcome.reason)
    if (health.condition === 'down') this.#forgetCapacity()
    this.#tell(before.condition)
  }

  #tell (from: Health['condition']): void {
    const { condition, reason } = this.#health
    const { state } = this
    if (condition === from) return
    this.#observer.state(state === 'draining' || state === 'disabled'
      ? conditionEvent(this.#settings.id, state, from, condition, reason)
      : stateEvent(this.#settings.id, from, condition, reason))
  }

  #startAnew (reason: string): void {
    this.#health = unknownHealth(reason, performance.now())
    this.#forgetCapacity()
    this.#roundTrip = new SmoothedMs()
    this.#version = this.#leastRelease = undefined
    this.#askingVersion?.abort()
    this.#askingVersion = undefined
  }

  #forgetCapacity (): void {
    this.#capacity = unknownCapacity
    this.#statisticsAskedAt = -Infinity
  }

  /** Changes the will or the list, and tells the state where that is another then. */
  #change (change: () => void): void {
    const from = this.state
    change()
    const to = this.state
    if (from === to) return
    this.#willedAt = performance.now()
    this.#observer.state(stateEvent(this.#settings.id, from, to, this.#reason(this.#willedAt)))
  }

  #reason (now: number): string {
    const { condition, reason, busyReason } = this.#health
    if (this.state === 'disabled') return 'by the operator'
    if (this.state === 'draining') {
      const why = this.#isListed ? 'by the operator' : 'it is not in the list of nodes any more'
      return condition === 'down' ? `${why}; it is down: ${reason}` : why
    }
    if (condition === 'down') return reason
    if (isBusy(this.#health, now)) return `it is busy: ${busyReason}`
    return isFull(this.#capacity) ? 'it is busy: it has no ports left' : reason
  }
}
