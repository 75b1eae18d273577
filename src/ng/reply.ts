import { NgpilotError, type ErrorCode } from '../errors.ts'
import { keepBody } from './raw.ts'
import type { MediaNode, NgDictionary, NgReply } from './types.ts'

const results = new Set<unknown>(['ok', 'pong', 'error', 'load limit'])
const texts = ['error-reason', 'message', 'warning']

/**
 * Takes a decoded message for a reply.
 * @throws NgpilotError `ng_malformed` when it has no known `result`, or the type of a field is not what `NgReply` says.
 */
export function replyOf (message: NgDictionary): NgReply {
  if (!isReply(message)) {
    throw new NgpilotError('ng_malformed', 'the message is not a reply: no known result, or a field of a wrong type')
  }
  return message
}

/** The same of the reply to a raw command, which may be one that only the client understands: then it counts as `ok`. */
export function rawReplyOf (message: NgDictionary, body: Buffer): NgReply {
  const reply: NgReply = isReply(message) ? message : { result: 'ok' }
  keepBody(reply, body)
  return reply
}

function isReply (message: NgDictionary): message is NgDictionary & NgReply {
  return results.has(message.result)
    && (message.sdp === undefined || Buffer.isBuffer(message.sdp))
    && texts.every((key) => message[key] === undefined || typeof message[key] === 'string')
}

const outOfPorts = 'Ran out of ports'

/** rtpengine's reasons that mean more than `ng_rejected`. */
const codes = new Map<string, ErrorCode>([
  ['Unknown call-id', 'call_unknown'],
  ['Unknown call-ID', 'call_unknown'],
  ['Parallel session limit reached', 'no_node'],
  [outOfPorts, 'no_node'],
])

/**
 * The error that a node's refusal is, undefined for a reply that is none. Its `cause` is the reply itself.
 *
 * `call_unknown`: the node does not know the call. `no_node`: it takes no more calls (`load limit`, out of ports), which
 * another node may. `ng_rejected`: any other reason. rtpengine's reasons hold no SDP, so they stand in the message.
 */
export function refusalOf (
  node: MediaNode, { command }: { command: string }, reply: NgReply,
): NgpilotError | undefined {
  if (reply.result === 'ok' || reply.result === 'pong') return undefined
  const reason = reasonIn(reply)
  const code = reply.result === 'load limit' ? 'no_node' : codes.get(reason) ?? 'ng_rejected'
  return new NgpilotError(code, `node ${node.id} refused the ${command}: ${reason}`, { cause: reply })
}

/** The node's own words for refusing a command (`Ran out of ports`); undefined when `error` is not a refusal. */
export function reasonOf (error: unknown): string | undefined {
  const cause = error instanceof NgpilotError ? error.cause : undefined
  return isRefusal(cause) ? reasonIn(cause) : undefined
}

/** Whether the node has ended the call with its refusal: where ports run out, rtpengine ends one that stands too. */
export function hasEndedCall (error: unknown): boolean {
  return reasonOf(error) === outOfPorts
}

/** Whether it is a reply that refuses. */
export function isRefusal (cause: unknown): cause is NgReply {
  return typeof cause === 'object' && cause !== null && 'result' in cause && (cause.result === 'error' || cause.result === 'load limit')
}

function reasonIn (reply: NgReply): string {
  return (reply.result === 'error' ? reply['error-reason'] : reply.message) ?? reply.result
}
