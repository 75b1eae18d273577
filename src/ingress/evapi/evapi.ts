import type { Calls } from '../../calls/calls.ts'
import type { CallEvent, CallEvents } from '../../calls/events.ts'
import { NgpilotError, asNgpilotError } from '../../errors.ts'
import { mostHeaderBytes } from '../../sip/message.ts'
import type { Admission } from '../admission.ts'
import { type Urgency, urgencyOfCommand, urgencyOfSip } from '../urgency.ts'
import type { ReplyFrame, RequestFrame } from './frames.ts'
import { type KamailioAddress, Link, type LinkTimes } from './link.ts'
import type { EvapiObserver } from './observer.ts'
import { refusal } from './replies.ts'
import { askedBy, checkFrame, idOf, parseFrame } from './requests.ts'
import { mostFrameBytes } from './window.ts'

export interface EvapiOptions {
  kamailios: readonly KamailioAddress[]
  /** This process among all that are connected to the same Kamailio. */
  instanceId: string
  observer: EvapiObserver & { answered (ingress: string, command: string, result: string, seconds: number): void }
  log: { info (fields: object, message: string): void, warn (fields: object, message: string): void }
  times?: Partial<LinkTimes>
}

export interface EvapiDeps { admission: Pick<Admission, 'turn'>, calls: Calls, events: Pick<CallEvents, 'subscribe'> }

export interface Evapi {
  /** No Kamailio is told of an event from now on, requests in flight are answered, and the connections end. */
  close (): Promise<void>
}

/** What the log gets of a request. */
interface Line { command: string, error?: string, [field: string]: unknown }

/** Requests of one Kamailio that are under way at a time. With a deadline of 400 ms it is more than it can ever ask. */
const mostInFlight = 4000

/**
 * Connects to the evapi module of each Kamailio, does what their scripts ask, and tells them what happens to calls. Every
 * Kamailio is told of every event: which of them holds the dialog, its dialog module knows best.
 */
export function startEvapi (options: EvapiOptions, { admission, calls, events }: EvapiDeps): Evapi {
  const { kamailios, instanceId, observer, log, times = {} } = options
  const underWay = new Set<Promise<void>>()
  let isStopping = false

  const links = kamailios.map((kamailio) => {
    const inFlight = { count: 0 }
    const link: Link = new Link({
      kamailio, name: instanceId, observer, times,
      onPayload (payload) {
        const done = serve(link, payload, inFlight)
        underWay.add(done)
        void done.finally(() => underWay.delete(done))
      },
    })
    return link
  })
  const unsubscribe = events.subscribe((event) => {
    if (isForKamailio(event)) for (const link of links) tell(link, event)
  })

  return {
    async close () {
      isStopping = true
      unsubscribe()
      await Promise.all(underWay)
      for (const link of links) link.close()
    },
  }

  /** Answers one frame, whatever is in it. */
  async function serve (link: Link, payload: Buffer, inFlight: { count: number }): Promise<void> {
    const started = performance.now()
    const line: Line = { ingress: 'evapi', kamailio: link.kamailio.id, command: 'unknown' }
    let id: string | undefined
    inFlight.count++
    try {
      const parsed = parseFrame(payload)
      id = idOf(parsed)
      const frame = checkFrame(parsed)
      if (frame.verb === 'pong') {
        link.pong(frame.id ?? '')
        return
      }
      line.command = frame.verb
      if (isStopping) throw new NgpilotError('stopping', 'this ngpilot is going down; ask another')
      if (inFlight.count > mostInFlight) throw new NgpilotError('overloaded', `${mostInFlight} requests of this Kamailio are under way`)
      answer(link, await replyTo(frame, await admission.turn(urgencyOf(frame)), line))
    } catch (thrown) {
      const error = asNgpilotError(thrown)
      Object.assign(line, { error: error.code, detail: error.message, ...(error.code === 'internal' && { err: error.cause }) })
      if (id !== undefined) link.send(JSON.stringify(refusal(id, error)))
    } finally {
      inFlight.count--
    }
    const ms = performance.now() - started
    observer.answered('evapi', line.command, line.error ?? 'ok', ms / 1000)
    line.ms = Math.round(ms * 100) / 100
    if (line.error === undefined) log.info(line, 'request answered')
    else log.warn(line, 'request refused')
  }

  async function replyTo (frame: RequestFrame, deadline: number, line: Line): Promise<ReplyFrame | undefined> {
    const { callId, run } = askedBy(frame, calls, deadline)
    line.callId = callId
    const { told, answer } = await run()
    Object.assign(line, told)
    return frame.id === undefined ? undefined : { id: frame.id, ...answer }
  }

  /** @throws NgpilotError `too_large` when no frame holds it. */
  function answer (link: Link, reply: ReplyFrame | undefined): void {
    if (!reply || link.send(JSON.stringify(reply))) return
    observer.lost(link.kamailio.id, 'too_large')
    throw new NgpilotError('too_large',
      `the answer has ${JSON.stringify(reply).length} bytes; it must fit into the ${mostFrameBytes} bytes that `
      + 'Kamailio\'s evapi takes. The same request over HTTP gets it')
  }

  function tell (link: Link, event: CallEvent): void {
    if (!link.isUp) observer.lost(link.kamailio.id, 'disconnected')
    else if (!link.send(JSON.stringify(event))) observer.lost(link.kamailio.id, 'too_large')
  }
}

function urgencyOf ({ verb, toTag, message, message64 }: RequestFrame): Urgency {
  if (verb !== 'manage') return urgencyOfCommand(verb, toTag)
  // The head is enough: a message may have 128 KB.
  if (message64 !== undefined) return urgencyOfSip(Buffer.from(message64.slice(0, 2 * mostHeaderBytes), 'base64'))
  return urgencyOfSip(Buffer.from((message ?? '').slice(0, mostHeaderBytes)))
}

/** A report is for people. */
function isForKamailio ({ event }: CallEvent): boolean {
  return event !== 'report'
}
