import { STATUS_CODES } from 'node:http'
import type { ErrorCode, NgpilotError } from '../../errors.ts'
import { sipFailures } from '../../sip/failures.ts'

/** How each error is answered over HTTP. */
export const statuses = {
  bad_request: 400,
  unauthorized: 401,
  not_found: 404,
  too_large: 413,
  unsupported_media_type: 415,
  sdp_invalid: 422,
  not_acceptable: 422,
  rejected: 403,
  call_unknown: 404,
  call_ended: 410,
  call_lost: 410,
  out_of_order: 409,
  offer_pending: 409,
  no_node: 503,
  ng_timeout: 504,
  ng_rejected: 502,
  not_supported: 501,
  ng_malformed: 502,
  overloaded: 503,
  store_unavailable: 503,
  stopping: 503,
  config_invalid: 500,
  policy_invalid: 500,
  internal: 500,
} satisfies Record<ErrorCode, number>

/** The header that says which SIP reply fits; its name is no SIP header's, for Kamailio reads the reply as a SIP message. */
export const sipStatusHeader = 'Ngpilot-Sip-Status'

/** The error as a problem document (RFC 9457). A fault of ngpilot's own shows no more than that it is one. */
export function problemOf (error: NgpilotError) {
  const http = statuses[error.code]
  return {
    status: http,
    sip: error.sip ?? sipFailures[error.code],
    document: {
      type: `urn:ngpilot:error:${error.code}`,
      title: STATUS_CODES[http] ?? 'Error',
      status: http,
      code: error.code,
      detail: error.code === 'internal' ? 'ngpilot failed; its log says how' : error.message,
    },
  }
}
