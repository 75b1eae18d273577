import type { MediaRequest, Peer } from '../../calls/request.ts'
import type { NgRequest } from '../../calls/relay.ts'
import { NgpilotError } from '../../errors.ts'
import { isNgKey } from '../../ng/keys.ts'
import { RawCommand } from '../../ng/raw.ts'
import type { NgDictionary, NgValue } from '../../ng/types.ts'
import { readHop } from '../../sip/hop.ts'
import { hasFlagsString, hintsIn, withFlagsRead, withFlagsSpelledOut, without } from './hints.ts'

/** What says which call and message it is; ngpilot writes these keys anew where it makes the command itself. */
const identity = new Set(['command', 'call-id', 'from-tag', 'to-tag', 'via-branch', 'sdp', 'supports'])
/** Hints with a meaning of their own; the rest are for the policy to give them one. */
const hopHints = ['source', 'destination', 'source-vars', 'destination-vars'] as const
const transports = ['udp', 'tcp', 'tls', 'sctp', 'ws', 'wss'] as const

/** Undefined where the command names no call. @throws NgpilotError `bad_request` for a hint that cannot be read. */
export function readRequest (received: NgDictionary, body: Buffer, deadline: number): NgRequest | undefined {
  const message = withFlagsRead(received)
  const command = textAt(message, 'command') ?? ''
  const callId = textAt(message, 'call-id') ?? firstOfCalls(message)
  if (callId === undefined) return undefined
  if (command !== 'offer' && command !== 'answer') {
    const raw = new RawCommand(command, body)
    return { callId, deadline, raw, ...spelledOut(received, raw, body), ...(command === 'delete' && { ending: endingOf(message) }) }
  }
  const hints = hintsIn(message)
  const names = Object.keys(hints)
  const raw = new RawCommand(command, names.length > 0 ? without(new Set(names), body) : body)
  const media = mediaRequest(message, { command, callId, hints, deadline })
  return { callId, deadline, raw, ...spelledOut(received, raw, body, names), ...(media && { media }) }
}

function spelledOut (
  received: NgDictionary, { command }: RawCommand, body: Buffer, hints: readonly string[] = [],
): Pick<NgRequest, 'spelledOut'> {
  if (!hasFlagsString(received)) return {}
  return { spelledOut: () => new RawCommand(command, withFlagsSpelledOut(received, body, hints)) }
}

/** `mesh` (from 26.1) names its calls in a list; all of them must be on one node. */
function firstOfCalls ({ calls }: NgDictionary): string | undefined {
  const [first] = Array.isArray(calls) ? calls : []
  return typeof first === 'string' ? first : undefined
}

/** Undefined where something is missing: then it is rtpengine that says so. */
function mediaRequest (
  message: NgDictionary,
  { command, callId, hints, deadline }: { command: string, callId: string, hints: Record<string, string>, deadline: number },
): NgRequest['media'] {
  const fromTag = textAt(message, 'from-tag')
  const toTag = textAt(message, 'to-tag')
  const viaBranch = textAt(message, 'via-branch')
  const { sdp } = message
  if (fromTag === undefined || !Buffer.isBuffer(sdp) || sdp.length === 0) return undefined
  if (command === 'answer' && toTag === undefined) return undefined
  // A piece of trickle ICE, not a whole SDP.
  if (listAt(message, 'flags').includes('fragment')) return undefined
  return {
    callId,
    fromTag,
    ...(toTag !== undefined && { toTag }),
    ...(viaBranch !== undefined && { viaBranch }),
    sdp,
    ...hopOf(message, hints),
    ng: clientFlags(message),
    deadline,
  }
}

function endingOf (message: NgDictionary): NonNullable<NgRequest['ending']> {
  const viaBranch = textAt(message, 'via-branch')
  return { ...(viaBranch !== undefined && { viaBranch }), more: clientFlags(message) }
}

function hopOf (message: NgDictionary, hints: Record<string, string>): Pick<MediaRequest, 'source' | 'destination' | 'vars'> {
  const [source, destination, sourceVars, destinationVars] = hopHints.map((name) => hints[name])
  const hop = readHop({ source, destination, sourceVars, destinationVars }, (key) => `hint ${key.replace('Vars', '-vars')}`)
  const vars = Object.fromEntries(Object.entries(hints).filter(([name]) => !(hopHints as readonly string[]).includes(name)))
  const heard = { ...transportOf(hints), ...addressOf(message) }
  const isHeard = Object.keys(heard).length > 0 || hop.source
  return { ...hop, vars, ...(isHeard && { source: { ...heard, ...hop.source } }) }
}

/** Kamailio's module does not tell the transport; a script may: `proto=$proto`. */
function transportOf ({ proto, transport = proto }: Record<string, string>): Peer {
  if (transport === undefined) return {}
  const known = transports.find((name) => name === transport.toLowerCase())
  if (!known) throw new NgpilotError('bad_request', `hint transport: "${transport}" is none of ${transports.join(', ')}`)
  return { transport: known }
}

/** Where Kamailio had the SIP message from: `[IP4, 198.51.100.7]`, from 13.0 on also the bare address. */
function addressOf (message: NgDictionary): Peer {
  const from = message['received-from']
  const address = Array.isArray(from) ? from[1] : from
  return typeof address === 'string' && address !== '' ? { address } : {}
}

/** What the client asks of rtpengine itself. */
function clientFlags (message: NgDictionary): NgDictionary {
  const flags: NgDictionary = {}
  for (const key of Object.keys(message)) {
    const value = message[key]
    if (value !== undefined && !identity.has(key) && (isNgKey(key) || typeof value !== 'string')) flags[key] = value
  }
  return flags
}

/** The text of a key in whichever spelling: `call-id`, `call-ID`, `call id`. */
export function textAt (message: NgDictionary, name: string): string | undefined {
  const value = message[name] ?? otherwiseSpelt(message, name)
  return typeof value === 'string' ? value : undefined
}

export function listAt (message: NgDictionary, name: string): NgValue[] {
  const value = message[name]
  if (Array.isArray(value)) return value
  return typeof value === 'string' ? value.split(',') : []
}

function otherwiseSpelt (message: NgDictionary, name: string): NgValue | undefined {
  for (const key in message) {
    if (key.length === name.length && key !== name && key.toLowerCase().replace(/[ _]/g, '-') === name) return message[key]
  }
  return undefined
}
