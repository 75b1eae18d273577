/**
 * What can go wrong, as stable codes that clients, logs and metrics share, each with its meaning. Each ingress has a table
 * (`satisfies Record<ErrorCode, …>`) that says how it answers each of them; a new code does not compile without.
 */
export const errorCodes = {
  bad_request: 'The request cannot be understood.',
  unauthorized: 'No token, or a wrong one.',
  not_found: 'No such resource of the API.',
  too_large: 'A body, header or datagram over its limit.',
  unsupported_media_type: 'A Content-Type that is not read here.',
  sdp_invalid: 'The SDP breaks RFC 8866 in a way that no node can mend.',
  not_acceptable: 'The SDP is sound, but nothing in it suits the other leg.',
  rejected: 'A rule of the policy refuses the call, with the SIP reply that it names.',
  call_unknown: 'No such call, in the store or on the node.',
  call_ended: 'The call is over, and the request belongs to it.',
  call_lost: 'The node of the call is down, and its media with it; nothing but a new call helps.',
  out_of_order: 'An SDP that the offer/answer exchange has no place for: an answer without its offer, an old offer.',
  offer_pending: 'An offer while another one waits for its answer.',
  no_node: 'No rtpengine to send to, or it takes no more calls.',
  ng_timeout: 'The node stayed silent until the deadline.',
  ng_rejected: 'The node answered with an error.',
  not_supported: 'The call\'s node is too old for the command.',
  ng_malformed: 'Bytes that are not an NG message.',
  overloaded: 'More requests at a time than are taken.',
  store_unavailable: 'The call store does not answer.',
  policy_invalid: 'The policy files have problems.',
  config_invalid: 'The configuration has problems.',
  stopping: 'The process is going down.',
  internal: 'A fault of ngpilot\'s own.',
} as const

export type ErrorCode = keyof typeof errorCodes

/**
 * The one error class. `message` is for a person and names what is wrong, where, and what would be right; it never
 * holds SDP or keys. `cause` keeps what was caught.
 */
export class NgpilotError extends Error {
  readonly code: ErrorCode
  /** The SIP reply that a rule asks for (`rejected`): `403 No International Calls`. */
  readonly sip?: string

  constructor (code: ErrorCode, message: string, options: ErrorOptions & { sip?: string } = {}) {
    super(message, options)
    this.name = 'NgpilotError'
    this.code = code
    if (options.sip !== undefined) this.sip = options.sip
  }
}

/** Anything thrown, as an NgpilotError: a stranger becomes `internal` with the original as its cause. */
export function asNgpilotError (error: unknown): NgpilotError {
  if (error instanceof NgpilotError) return error
  return new NgpilotError('internal', error instanceof Error ? error.message : String(error), { cause: error })
}
