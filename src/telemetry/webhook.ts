import { setTimeout as sleep } from 'node:timers/promises'

export interface WebhookOptions {
  url: string
  /** Sent as `Authorization: Bearer TOKEN`. */
  token?: string
  /** How long one POST may take. Default 5000. */
  timeoutMs?: number
  /** How many events wait at most; the oldest goes first. Default 1000. */
  maxQueued?: number
  /** For how long one event is tried. Default 300,000. */
  keptMs?: number
  /** Before the second try; doubles up to 32 times as much. Default 500. */
  retryAfterMs?: number
  observer: WebhookObserver
}

export interface WebhookObserver {
  /** `rejected`: the receiver will never take it (4xx). `expired` and `too many`: it was given up. */
  sent (result: 'ok' | 'rejected' | 'expired' | 'too many'): void
  queued (count: number): void
}

export interface Webhook {
  send (event: object): void
  /** Goes on as long as the receiver takes them, for `timeoutMs` at most; the rest is lost. */
  close (): Promise<void>
}

/**
 * Posts events as JSON, one a request, in their order, one at a time. What fails (no answer, 5xx, 408, 429) is tried again
 * with pauses that grow; what the receiver refuses (other 4xx) is not.
 */
export function createWebhook (options: WebhookOptions): Webhook {
  const { url, token, timeoutMs = 5000, maxQueued = 1000, keptMs = 300_000, retryAfterMs = 500, observer } = options
  const headers = { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) }
  const queue: { body: string, expiresAt: number }[] = []
  const closing = new AbortController()
  let running: Promise<void> | undefined

  async function run (): Promise<void> {
    let pauseMs = retryAfterMs
    for (let first = queue[0]; first; first = queue[0]) {
      const result = resultOf(await post(first.body), first.expiresAt)
      if (queue[0] !== first) continue // it had to make room meanwhile
      if (result !== undefined) {
        queue.shift()
        observer.sent(result)
        observer.queued(queue.length)
        pauseMs = retryAfterMs
        continue
      }
      if (closing.signal.aborted) break
      const varied = pauseMs * (0.8 + 0.4 * Math.random())
      await sleep(varied, undefined, { signal: closing.signal, ref: false }).catch(() => undefined)
      pauseMs = Math.min(pauseMs * 2, retryAfterMs * 32)
    }
    running = undefined
  }

  /** The status, 0 for none. */
  async function post (body: string): Promise<number> {
    try {
      const signal = AbortSignal.timeout(timeoutMs)
      const reply = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
      await reply.body?.cancel()
      return reply.status
    } catch {
      return 0
    }
  }

  return {
    send (event) {
      if (closing.signal.aborted) return
      if (queue.length >= maxQueued) {
        queue.shift()
        observer.sent('too many')
      }
      queue.push({ body: JSON.stringify(event), expiresAt: performance.now() + keptMs })
      observer.queued(queue.length)
      running ??= run()
    },
    async close () {
      closing.abort()
      await Promise.race([running, sleep(timeoutMs, undefined, { ref: false })])
    },
  }
}

/** Undefined: it is worth another try. */
function resultOf (status: number, expiresAt: number): 'ok' | 'rejected' | 'expired' | undefined {
  if (status >= 200 && status < 300) return 'ok'
  if (status >= 400 && status < 500 && status !== 408 && status !== 429) return 'rejected'
  return performance.now() >= expiresAt ? 'expired' : undefined
}
