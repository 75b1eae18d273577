import { asNgpilotError } from '../errors.ts'
import { queryCommand } from '../ng/commands.ts'
import { mediaReportOf, type MediaReport } from '../ng/media-report.ts'
import type { NgClient } from '../ng/client.ts'
import type { MediaNode } from '../ng/types.ts'

export interface SamplerOptions {
  ng: Pick<NgClient, 'send'>
  /** The node that holds a call; undefined: not to be asked at present, as it is known to be down. */
  nodeOf: (id: string) => MediaNode | undefined
  /** NG commands a second at most, over all calls; 0: none. */
  perSecond: number
  /** What the node said of a call; undefined: it does not know it. Not called when the node was silent. */
  sampled: (callId: string, media: MediaReport | undefined) => void
  /** Seconds between the samples of a call that is up for a while. Default 20. */
  everySeconds?: number
}

interface Watched { callId: string, node: string, dueAt: number, step: number }

/** Seconds after the final answer: where the trouble of a call's beginning shows; then slowly. */
const firstSeconds = [2, 5.2]
const deadlineMs = 1000
const tickMs = 100

/**
 * Asks the nodes from time to time how the media of each call fares. Those that are young go first, and no more commands go
 * out than `perSecond` allows: with many calls each is just asked less often.
 */
export class Sampler {
  readonly #options: Required<SamplerOptions>
  readonly #calls = new Map<string, Watched>()
  /** One queue a step, each in the order of time, for a step's delay is the same for all. */
  readonly #queues: Watched[][] = [...firstSeconds, 0].map(() => [])
  readonly #timer: NodeJS.Timeout
  #allowance = 0

  constructor (options: SamplerOptions) {
    this.#options = { everySeconds: 20, ...options }
    this.#timer = setInterval(() => this.#tick(), tickMs).unref()
  }

  get size (): number {
    return this.#calls.size
  }

  /** Begins with a call that has just been answered, or begins anew: a re-INVITE may have broken what was sound. */
  watch (callId: string, node: string): void {
    if (this.#options.perSecond === 0) return
    const watched: Watched = { callId, node, dueAt: 0, step: 0 }
    this.#calls.set(callId, watched)
    this.#queue(watched)
  }

  forget (callId: string): void {
    this.#calls.delete(callId)
  }

  close (): void {
    clearInterval(this.#timer)
    this.#calls.clear()
  }

  #queue (watched: Watched): void {
    const seconds = firstSeconds[watched.step] ?? this.#options.everySeconds
    const before = watched.step > 0 ? firstSeconds[watched.step - 1] ?? 0 : 0
    watched.dueAt = performance.now() + (watched.step < firstSeconds.length ? seconds - before : seconds) * 1000
    this.#queues[Math.min(watched.step, firstSeconds.length)]?.push(watched)
  }

  #tick (): void {
    const { perSecond } = this.#options
    this.#allowance = Math.min(this.#allowance + perSecond * tickMs / 1000, perSecond)
    const now = performance.now()
    for (const queue of this.#queues) {
      let done = 0
      for (const watched of queue) {
        if (watched.dueAt > now) break
        if (this.#calls.get(watched.callId) === watched) {
          if (this.#allowance < 1) break
          this.#allowance--
          void this.#ask(watched)
        }
        done++
      }
      if (done > 0) queue.splice(0, done)
    }
  }

  async #ask (watched: Watched): Promise<void> {
    const { ng, nodeOf, sampled } = this.#options
    try {
      const node = nodeOf(watched.node)
      // No sample is worth a repeat to a node that has gone: its calls would send it some forty datagrams each.
      const options = { deadline: performance.now() + deadlineMs, whenRefused: 'fail', whenSilent: 'fail' } as const
      const reply = node && await ng.send(node, queryCommand({ callId: watched.callId }), options)
      if (this.#calls.get(watched.callId) !== watched) return
      if (reply) sampled(watched.callId, mediaReportOf(reply))
    } catch (error) {
      if (asNgpilotError(error).code === 'call_unknown' && this.#calls.get(watched.callId) === watched) {
        this.#calls.delete(watched.callId)
        sampled(watched.callId, undefined)
        return
      }
    }
    if (this.#calls.get(watched.callId) !== watched) return
    watched.step++
    this.#queue(watched)
  }
}
