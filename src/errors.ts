/**
 * What can go wrong, as stable codes that clients, logs and metrics share. Each ingress has a table
 * (`satisfies Record<ErrorCode, …>`) that says how it answers each of them; a new code does not compile without.
 */
export type ErrorCode =
  | 'bad_request' // the request cannot be understood
  | 'unauthorized' // no token, or a wrong one
  | 'not_found' // no such resource of the API
  | 'too_large' // body, header or datagram over its limit
  | 'unsupported_media_type' // a Content-Type that this place does not read
  | 'sdp_invalid' // the SDP breaks RFC 8866 in a way that no node can mend
  | 'not_acceptable' // the SDP is sound, but nothing in it suits the other leg
  | 'call_unknown' // no such call, in the store or on the node
  | 'out_of_order' // an answer without an offer
  | 'no_node' // no rtpengine to send to
  | 'ng_timeout' // the node stayed silent until the deadline
  | 'ng_rejected' // the node answered with an error
  | 'ng_malformed' // bytes that are not an NG message
  | 'store_unavailable' // the call store does not answer
  | 'stopping' // the process is going down
  | 'internal' // a fault of ngpilot's own

/**
 * The one error class. `message` is for a person and names what is wrong, where, and what would be right; it never
 * holds SDP or keys. `cause` keeps what was caught.
 */
export class NgpilotError extends Error {
  readonly code: ErrorCode

  constructor (code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'NgpilotError'
    this.code = code
  }
}

/** Anything thrown, as an NgpilotError: a stranger becomes `internal` with the original as its cause. */
export function asNgpilotError (error: unknown): NgpilotError {
  if (error instanceof NgpilotError) return error
  return new NgpilotError('internal', error instanceof Error ? error.message : String(error), { cause: error })
}
