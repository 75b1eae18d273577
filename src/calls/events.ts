/**
 * What happens to a call without anybody asking for it. `at`: milliseconds since the epoch; `node`: the rtpengine that holds
 * or held the media; `tags`: the SIP tags of the legs that are known, first the two that the dialog is found by.
 *
 * Nothing in it is a secret: it goes to log, webhook and Kamailio as it is.
 */
export type CallEvent = CallStranded | MediaTimeout | DtmfEvent | CallReport

interface AboutCall { callId: string, node: string, tags: string[], at: number }

/** The node of the call is lost, and its media with it. A re-INVITE builds it anew where the policy says so. */
export interface CallStranded extends AboutCall {
  event: 'stranded'
  /** Why, for a person: `rtpengine n1 is down: …`. */
  reason: string
  /** Whether a re-INVITE moves the call to another node (`on-node-loss: re-anchor`); else it can only be ended. */
  canReanchor: boolean
  cseq?: CseqOfRinging
}

/** The node has ended the call, for no media came for as long as its `timeout` says. */
export interface MediaTimeout extends AboutCall { event: 'media-timeout', cseq?: CseqOfRinging }

/** Of a call that nobody has accepted yet: the CSeq number of its INVITE, by which that can be cancelled. */
type CseqOfRinging = number

/** A digit that somebody pressed (RFC 4733), when it is over. */
export interface DtmfEvent extends AboutCall {
  event: 'dtmf'
  /** Tag of the leg that pressed it. */
  tag: string
  digit: string
  durationMs: number
  /** In dBm0, without its minus sign. */
  volume?: number
}

/** What is known of a call that has ended. */
export interface CallReport extends AboutCall { event: 'report', report: Readonly<Record<string, unknown>> }

export type CallEventName = CallEvent['event']
export type CallEventSink = (event: CallEvent) => void

export interface CallEventsObserver {
  happened (event: CallEvent): void
  /** A subscriber threw; the others have been told all the same. */
  failed (error: unknown): void
}

/** Whoever learns of something emits it; each subscriber is told, in the order of subscription. */
export class CallEvents {
  readonly #sinks = new Set<CallEventSink>()
  readonly #observer: CallEventsObserver

  constructor (observer: CallEventsObserver) {
    this.#observer = observer
  }

  emit (event: CallEvent): void {
    this.#observer.happened(event)
    for (const sink of this.#sinks) {
      try {
        sink(event)
      } catch (error) {
        this.#observer.failed(error)
      }
    }
  }

  /** @returns what ends the subscription. A sink must not wait: what takes time it queues, within bounds. */
  subscribe (sink: CallEventSink): () => void {
    const own: CallEventSink = (event) => sink(event)
    this.#sinks.add(own)
    return () => { this.#sinks.delete(own) }
  }
}
