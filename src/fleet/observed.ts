import type { NgClient } from '../ng/client.ts'
import type { LiveFleet } from './live.ts'
import { outcomeOf } from './outcome.ts'

/** The NG client for calls: the fleet learns from each command how its node fares. The fleet's own pings go past it. */
export function observedNg (ng: Pick<NgClient, 'send'>, fleet: Pick<LiveFleet, 'begin'>): Pick<NgClient, 'send'> {
  return {
    async send (node, command, options) {
      const end = fleet.begin(node)
      let isSent = false
      let sentAt = performance.now()
      const onSent = () => {
        isSent = true
        sentAt = performance.now()
        options.onSent?.()
      }
      try {
        const reply = await ng.send(node, command, { ...options, onSent })
        end({ kind: 'reply', roundTripMs: performance.now() - sentAt })
        return reply
      } catch (error) {
        end(outcomeOf(error, { isSent, waitedMs: performance.now() - sentAt, allowedMs: options.deadline - sentAt }))
        throw error
      }
    },
  }
}
