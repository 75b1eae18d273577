import type { Calls } from '../../calls/calls.ts'
import { NgpilotError, asNgpilotError } from '../../errors.ts'
import { RawCommand } from '../../ng/raw.ts'
import type { NgDictionary, NgReply, NgValue } from '../../ng/types.ts'
import type { Admission } from '../admission.ts'
import { urgencyOfCommand } from '../urgency.ts'
import { Duplicates, type DuplicatesOptions } from './duplicates.ts'
import { replyOf } from './errors.ts'
import { type Incoming, readCommand, readMessage, writeReply } from './message.ts'
import { listAt, readRequest, textAt } from './request.ts'

/** What the ingress tells of what it was sent. */
export interface NgIngressObserver {
  /** A command was answered; `result` is ok or the error code. */
  answered (ingress: string, command: string, result: string, seconds: number): void
  /** A command came once more, and was not executed again. */
  repeated (): void
  /** Something came that gets no answer, and why: it has no cookie, or its sender is not allowed. */
  ignored (reason: 'no cookie' | 'not allowed'): void
}

export interface NgIngressLog {
  info (fields: object, message: string): void
  warn (fields: object, message: string): void
}

export interface HandlerOptions extends DuplicatesOptions {
  calls: Pick<Calls, 'relay' | 'wholeFleet'>
  admission: Pick<Admission, 'turn'>
  observer: NgIngressObserver
  log: NgIngressLog
  /** How many commands may be under way. Default: 5,000, what some nodes do in a second. */
  maxPending?: number
}

/** Takes one message from `peer` (address and port) and answers it through `send`: once, at once, or never. */
export type Handle = (bytes: Buffer, peer: string, send: (reply: Buffer) => void, maxBytes: number) => void

interface Done { reply: NgDictionary | Buffer, told?: object, error?: NgpilotError }

/** Commands by which metrics tell them apart; a client may make up any name. */
const commands = new Set([
  'offer', 'answer', 'delete', 'query', 'list', 'statistics', 'ping', 'publish', 'unsubscribe', 'connect', 'mesh', 'cli',
  'subscribe request', 'subscribe answer', 'start recording', 'stop recording', 'pause recording', 'start forwarding',
  'stop forwarding', 'block DTMF', 'unblock DTMF', 'block media', 'unblock media', 'silence media', 'unsilence media',
  'play media', 'stop media', 'play DTMF', 'transform', 'create', 'create answer', 'inject start', 'inject stop',
])
const pong: NgDictionary = { result: 'pong' }
const fault: NgDictionary = { 'error-reason': 'ngpilot failed', result: 'error' }

/**
 * Answers NG commands as an rtpengine would. Nothing throws past it, and each message is answered or counted: a client
 * that hears nothing puts this ngpilot out of use.
 */
export function createHandler (options: HandlerOptions): { handle: Handle, stop: () => Promise<void> } {
  const { calls, admission, observer, log, maxPending = 5000, ...kept } = options
  const duplicates = new Duplicates(kept)
  let isStopping = false
  let onIdle: () => void = () => undefined

  return {
    handle,
    /** Takes no new commands, so that clients ask another; resolves when those under way are answered. */
    async stop () {
      isStopping = true
      if (duplicates.pending > 0) await new Promise<void>((resolve) => { onIdle = resolve })
    },
  }

  function handle (bytes: Buffer, peer: string, send: (reply: Buffer) => void, maxBytes: number): void {
    const startedAt = performance.now()
    let incoming: Incoming
    try {
      incoming = readMessage(bytes, maxBytes)
    } catch {
      observer.ignored('no cookie')
      return
    }
    const key = `${peer} ${incoming.cookie}`
    const before = duplicates.begin(key)
    if (before !== undefined) {
      observer.repeated()
      // While it is under way, the answer to come is the answer to both.
      if (before !== 'pending') send(before)
      return
    }
    void answer(incoming, startedAt).catch(() => writeReply(incoming, fault)).then((reply) => {
      duplicates.end(key, reply)
      send(reply)
      if (duplicates.pending === 0) onIdle()
    })
  }

  async function answer (incoming: Incoming, startedAt: number): Promise<Buffer> {
    let message: NgDictionary = {}
    let done: Done
    try {
      message = readCommand(incoming.body)
      done = await execute(message, incoming.body)
    } catch (thrown) {
      const error = asNgpilotError(thrown)
      const isFirstOffer = message.command === 'offer' && textAt(message, 'to-tag') === undefined
      done = { reply: replyOf(error, { isFirstOffer, knowsLoadLimit: listAt(message, 'supports').includes('load limit') }), error }
    }
    tell(message, done, performance.now() - startedAt)
    return writeReply(incoming, done.reply)
  }

  async function execute (message: NgDictionary, body: Buffer): Promise<Done> {
    const command = textAt(message, 'command') ?? ''
    if (command === 'ping') return { reply: pong }
    if (isStopping) throw new NgpilotError('stopping', 'this ngpilot is going down; ask another')
    if (duplicates.pending > maxPending) throw new NgpilotError('overloaded', `${maxPending} commands are under way already`)
    const deadline = await admission.turn(urgencyOfCommand(command, textAt(message, 'to-tag')))
    const request = readRequest(message, body, deadline)
    if (!request) {
      const fleetReply = await calls.wholeFleet({ message, deadline, raw: new RawCommand(command, body) })
      return { reply: 'body' in fleetReply ? fleetReply.body : fleetReply.reply }
    }
    const { outcome: { sdp, ...told }, body: raw, reply } = await calls.relay(request)
    return { reply: raw ?? { ...(sdp && { sdp }), ...defined(reply), result: 'ok' }, told }
  }

  function tell (message: NgDictionary, { told, error }: Done, ms: number): void {
    const name = textAt(message, 'command') ?? 'none'
    const command = commands.has(name) ? name : 'other'
    observer.answered('ng', command, error?.code ?? 'ok', ms / 1000)
    if (command === 'ping') return
    const fields = { ingress: 'ng', command, callId: textAt(message, 'call-id'), ...told, ms: Math.round(ms * 100) / 100 }
    if (!error) log.info(fields, 'request answered')
    else log.warn({ ...fields, error: error.code, detail: error.message, ...(error.code === 'internal' && { err: error.cause }) }, 'request refused')
  }
}

/** What a node said, as a dictionary to be written; nothing of it is undefined then. */
function defined (reply: NgReply | undefined): NgDictionary {
  const entries = Object.entries(reply ?? {})
  return Object.fromEntries(entries.filter((entry): entry is [string, NgValue] => entry[1] !== undefined))
}
