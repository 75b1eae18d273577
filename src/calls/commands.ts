import { NgpilotError, asNgpilotError } from '../errors.ts'
import { commandSince } from '../ng/capabilities.ts'
import { isForbiddenKey, maxDepth } from '../ng/check.ts'
import { sendToFirst } from '../ng/failover.ts'
import { reasonOf } from '../ng/reply.ts'
import { checkNgDictionary } from '../ng/vocabulary.ts'
import type { MediaNode, NgCommand, NgDictionary, NgReply, NgValue } from '../ng/types.ts'
import type { CallRecord } from '../state/store.ts'
import type { CallDeps } from './deps.ts'
import { locate } from './locate.ts'
import { ownLabel } from './own-branch.ts'
import type { Hold } from './serial.ts'

/** A command about a running call, as NG spells it; `call-id` is filled in. `deadline`: of `performance.now()`, in ms. */
export interface CallCommand { callId: string, command: NgCommand, deadline: number }

/** What the call's node answered. */
export interface CallCommandReply { node: string, reply: NgReply }

/**
 * Sends any NG command to the node that has the call. One that the store does not know is looked for on all nodes; a
 * `publish` (`create`, `transform`) begins a call where there is none.
 *
 * @throws NgpilotError `call_unknown` when nobody knows the call, `not_supported` when its node is too old for the command,
 *   else what the NG client throws.
 */
export function createCallCommand ({ policy, fleet, ng, store, deletes }: CommandDeps) {
  return async function command (request: CallCommand, call: CallRecord | undefined, hold: Hold): Promise<CallCommandReply> {
    const { callId, deadline } = request
    const node = call ? fleet.pinned(call.node) : (await locate({ fleet, ng }, callId, deadline))?.node
    if (!node && openers.has(request.command.command)) return begin(request, hold)
    if (!node) throw new NgpilotError('call_unknown', `neither the store nor any node knows the call ${callId}`)
    const reply = await ng.send(node, { ...request.command, 'call-id': callId }, { deadline }).catch((error: unknown) => {
      throw reasonOf(error) === 'Unrecognized command' ? notSupported(node, request.command.command) : asNgpilotError(error)
    })
    const event = timelineWords.get(request.command.command)
    // The call goes on whatever becomes of the note.
    if (call && event !== undefined) void store.save(callId, { event: { at: Date.now(), event } }).catch(() => undefined)
    return { node: node.id, reply }
  }

  /** The first of several parties who publish, and subscribe to each other. */
  async function begin ({ callId, command, deadline }: CallCommand, hold: Hold): Promise<CallCommandReply> {
    const nodes = fleet.candidates()
    const onAbandoned = (node: MediaNode) => hold(deletes.owe(node, callId))
    const marked = { label: ownLabel, ...command, 'call-id': callId }
    const { node, reply } = await sendToFirst(ng, nodes, () => marked, { deadline, onAbandoned })
    const now = Date.now()
    await store.save(callId, {
      node: node.id, revision: policy(callId).revision, createdAt: now,
      event: { at: now, event: timelineWords.get(command.command) ?? command.command },
    })
    return { node: node.id, reply }
  }
}

type CommandDeps = Pick<CallDeps, 'policy' | 'fleet' | 'ng' | 'store' | 'deletes'>

/** Commands that may be a call's first, beside an offer. */
export const openers = new Set(['publish', 'create', 'transform'])

/** Commands that change nothing are not noted. */
const timelineWords = new Map(Object.entries({
  'start recording': 'recording started', 'stop recording': 'recording stopped', 'pause recording': 'recording paused',
  'start forwarding': 'forwarding started', 'stop forwarding': 'forwarding stopped',
  'block DTMF': 'DTMF blocked', 'unblock DTMF': 'DTMF unblocked',
  'block media': 'media blocked', 'unblock media': 'media unblocked',
  'silence media': 'media silenced', 'unsilence media': 'media unsilenced',
  'play media': 'media played', 'stop media': 'media stopped', 'play DTMF': 'DTMF played',
  'subscribe request': 'subscription offered', 'subscribe answer': 'subscription answered', unsubscribe: 'subscription ended',
  publish: 'media published',
}))

function notSupported (node: MediaNode, command: string): NgpilotError {
  const since = commandSince(command)
  return new NgpilotError('not_supported', `node ${node.id} ${since === undefined
    ? `knows no "${command}"`
    : `is too old for "${command}", which came with rtpengine ${since}`}`)
}

/** What a command may carry besides the call-id: for each of its keys the one on the wire. */
export interface CommandShape {
  command: string
  /** What it does, for the API page. */
  summary: string
  keys: Readonly<Record<string, string>>
  /** Keys without which it makes no sense. */
  required?: readonly string[]
  /** Flags, by their names in the API; each is true or absent. */
  flags?: Readonly<Record<string, string>>
  /** Selecting a party means its direction alone, which from 12.4 on has to be said. */
  isDirectional?: true
  /** It takes whatever rtpengine may know. */
  isOpen?: true
}

const party = { fromTag: 'from-tag', label: 'label', address: 'address' } as const
const parties = { ...party, toTag: 'to-tag' } as const
const dtmf = {
  mode: 'DTMF-security', trigger: 'trigger', triggerEnd: 'trigger-end', triggerEndTime: 'trigger-end-time',
  triggerEndDigits: 'trigger-end-digits', delayBuffer: 'delay-buffer', delay: 'DTMF-delay',
} as const
const recording = {
  metadata: 'metadata', outputDestination: 'output-destination', recordingFile: 'recording-file',
  recordingDir: 'recording-dir', recordingPattern: 'recording-pattern',
} as const

/** The commands on a running call, by the names that the API has for them. */
export const callCommands = {
  query: { command: 'query', summary: 'State and counters of the call on its node', keys: { fromTag: 'from-tag', toTag: 'to-tag' } },
  'start-recording': { command: 'start recording', summary: 'Record the call', keys: recording },
  'stop-recording': { command: 'stop recording', summary: 'End recording', keys: {} },
  'pause-recording': { command: 'pause recording', summary: 'Halt recording; start-recording goes on', keys: {} },
  'start-forwarding': { command: 'start forwarding', summary: 'Forward the media as its node is set up to', keys: { ...party, metadata: 'metadata' }, isDirectional: true },
  'stop-forwarding': { command: 'stop forwarding', summary: 'End forwarding', keys: party, isDirectional: true },
  'block-dtmf': { command: 'block DTMF', summary: 'Keep DTMF from the other party', keys: { ...party, ...dtmf }, isDirectional: true },
  'unblock-dtmf': { command: 'unblock DTMF', summary: 'Let DTMF through again', keys: party, isDirectional: true },
  'block-media': { command: 'block media', summary: 'Keep the media of a party, or of all, from the others', keys: parties, isDirectional: true },
  'unblock-media': { command: 'unblock media', summary: 'Let media through again', keys: parties, isDirectional: true },
  'silence-media': { command: 'silence media', summary: 'Replace the audio of a party, or of all, by silence', keys: parties, isDirectional: true },
  'unsilence-media': { command: 'unsilence media', summary: 'End the silence', keys: parties, isDirectional: true },
  'play-media': {
    command: 'play media', summary: 'Play audio to a party, or to all',
    keys: { ...party, file: 'file', blob: 'blob', dbId: 'db-id', repeatTimes: 'repeat-times', repeatDuration: 'repeat-duration', startPos: 'start-pos' },
    flags: { all: 'all' },
  },
  'stop-media': { command: 'stop media', summary: 'End what is played', keys: party, flags: { all: 'all' } },
  'play-dtmf': {
    command: 'play DTMF', summary: 'Send a digit to the other party', required: ['code'],
    keys: { ...party, code: 'code', duration: 'duration', pause: 'pause', volume: 'volume' },
  },
  'subscribe-request': {
    command: 'subscribe request', summary: 'Offer the media of one or more parties to somebody else',
    keys: { ...party, toTag: 'to-tag', fromTags: 'from-tags', setLabel: 'set-label' }, flags: { all: 'all', siprec: 'SIPREC' },
  },
  'subscribe-answer': { command: 'subscribe answer', summary: 'The answer to that offer', keys: { toTag: 'to-tag', sdp: 'sdp' }, required: ['toTag', 'sdp'] },
  unsubscribe: { command: 'unsubscribe', summary: 'End a subscription', keys: { toTag: 'to-tag' }, required: ['toTag'] },
  publish: { command: 'publish', summary: 'Bring media of somebody else into the call', keys: { fromTag: 'from-tag', sdp: 'sdp' }, required: ['fromTag', 'sdp'] },
  ng: { command: 'ng', summary: 'Any other command, by the name and with the keys that rtpengine has for it', keys: { command: 'command' }, required: ['command'], isOpen: true },
} as const satisfies Record<string, CommandShape>

/** What travels as bytes, and how the API writes it. */
const encodings: ReadonlyMap<string, BufferEncoding> = new Map([['sdp', 'utf8'], ['blob', 'base64']])

export type CallCommandName = keyof typeof callCommands

/**
 * The NG command for what a client asked for, its keys as the API names them. Further NG keys, by their own names, stand in
 * `ng`; they never replace what else is given.
 *
 * @throws NgpilotError `bad_request` for a key of `ng` that rtpengine would ignore, or when nothing says what to play.
 */
export function callCommandOf (name: CallCommandName, given: Readonly<Record<string, unknown>>): NgCommand {
  if (name === 'ng') return anyCommand(given)
  const more = checked(given.ng ?? {})
  if (name === 'play-media' && ['file', 'blob', 'dbId'].every((key) => given[key] === undefined)) {
    throw new NgpilotError('bad_request', 'play-media needs one of file, blob and dbId')
  }
  const { command, keys, flags: flagNames = {}, isDirectional }: CommandShape = callCommands[name]
  const values: NgDictionary = {}
  const flags = Array.isArray(more.flags) ? [...more.flags] : []
  for (const [key, value] of Object.entries(given)) {
    const wire = Object.hasOwn(keys, key) ? keys[key] : undefined
    const encoding = encodings.get(key)
    if (wire !== undefined) values[wire] = encoding ? Buffer.from(String(value), encoding) : value as NgValue
    else if (value === true && Object.hasOwn(flagNames, key)) flags.push(flagNames[key] ?? '')
  }
  if (isDirectional && Object.keys(party).some((key) => given[key] !== undefined)) flags.push('directional')
  return { ...more, ...values, ...(flags.length > 0 && { flags }), command }
}

/** Commands with ways of their own, which know what becomes of the call. */
const verbs = new Set(['offer', 'answer', 'delete'])

function anyCommand (given: Readonly<Record<string, unknown>>): NgCommand {
  const { command } = given
  if (typeof command !== 'string' || verbs.has(command)) {
    throw new NgpilotError('bad_request', 'command: offer, answer and delete are verbs of their own')
  }
  return { ...ngDictionary(given), command }
}

function ngDictionary (given: object, path = '', depth = 1): NgDictionary {
  const forbidden = Object.keys(given).find(isForbiddenKey)
  if (forbidden !== undefined) throw new NgpilotError('bad_request', `${`${path}${forbidden}`.slice(0, 80)}: no key may have this name`)
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, ngValue(value, `${path}${key}`, depth)]))
}

/** @throws NgpilotError `bad_request` for what NG has no way to say, or is nested deeper than it may be */
function ngValue (value: unknown, path: string, depth: number): NgValue {
  if (typeof value === 'string' || Number.isSafeInteger(value)) return value as string | number
  if (typeof value === 'object' && value !== null) {
    if (depth >= maxDepth) throw new NgpilotError('bad_request', `${path.slice(0, 80)}: nested deeper than ${maxDepth} levels`)
    if (Array.isArray(value)) return value.map((each, index) => ngValue(each, `${path}[${index}]`, depth + 1))
    return ngDictionary(value, `${path}.`, depth + 1)
  }
  throw new NgpilotError('bad_request', `${path.slice(0, 80)}: NG knows texts, whole numbers, lists and maps alone`)
}

function checked (ng: object): NgDictionary {
  const [problem] = checkNgDictionary(ng as Record<string, unknown>)
  if (!problem) return ng as NgDictionary
  const hint = problem.nearest === undefined ? '' : `; did you mean "${problem.nearest}"?`
  throw new NgpilotError('bad_request', `ng.${problem.path.join('.')}: ${problem.message}${hint}`)
}
