import { asNgpilotError } from '../errors.ts'
import { reasonOf } from '../ng/reply.ts'
import { problemOf } from '../ng/transport/problem.ts'

/**
 * What a command says of the node that it went to.
 *
 * `reply`: it answers, be it with an error: bad SDP or an unknown call is no fault of the node. `busy`: it answers, and
 * takes no more calls. `timeout`: it stayed silent for `waitedMs`. `refused`: it could not be reached, in all the
 * `waitedMs` since the sending; `isGone`: for nothing listens there. `local`: nothing, for the command failed on our side.
 */
export type Outcome =
  | { kind: 'reply', roundTripMs: number }
  | { kind: 'busy', reason: string }
  | { kind: 'timeout', waitedMs: number }
  | { kind: 'refused', reason: string, waitedMs: number, isGone?: boolean }
  | { kind: 'local' }

export interface Waiting {
  /** Whether the command has left. One that waited in vain for its turn says nothing of the node. */
  isSent: boolean
  /** From the sending to the error. */
  waitedMs: number
  /** From the sending to the deadline. */
  allowedMs: number
}

/** A shorter silence proves nothing: the command went out too late for an answer. */
const shortestSilenceMs = 20
/** An error so long after the deadline means that this process stood still, and the reply may lie there unread. */
const standstillMs = 100

/** What an error of `NgClient.send` says of the node. */
export function outcomeOf (thrown: unknown, { isSent, waitedMs, allowedMs }: Waiting): Outcome {
  const { code, cause } = asNgpilotError(thrown)
  const reason = reasonOf(thrown)
  if (reason !== undefined) return code === 'no_node' ? { kind: 'busy', reason } : { kind: 'reply', roundTripMs: waitedMs }
  if (waitedMs - allowedMs > standstillMs) return local
  if (code === 'ng_timeout') return isSent && waitedMs >= shortestSilenceMs ? { kind: 'timeout', waitedMs } : local
  if (code === 'no_node' && cause instanceof Error) return unreachable(cause, waitedMs)
  return local
}

const local: Outcome = { kind: 'local' }

/** What this host lacks: descriptors, memory, permission, an address or a network of its own. */
const localCodes = new Set([
  'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EPERM', 'EACCES', 'EADDRNOTAVAIL', 'EADDRINUSE', 'ENETDOWN', 'ENETUNREACH',
])

function unreachable (cause: Error, waitedMs: number): Outcome {
  const code = 'code' in cause ? cause.code : undefined
  if (typeof code === 'string' && localCodes.has(code)) return local
  const isGone = code === 'ECONNREFUSED'
  const reason = isGone ? 'nothing listens for NG at its address' : `it cannot be reached: ${problemOf(cause)}`
  return { kind: 'refused', reason, waitedMs, isGone }
}
