import { STATUS_CODES } from 'node:http'
import type { ErrorCode, NgpilotError } from '../../errors.ts'

interface HttpAnswer { http: number, sip: string }

const badGateway = { http: 502, sip: '503 Service Unavailable' }
const unavailable = { http: 503, sip: '503 Service Unavailable' }
const fault = { http: 500, sip: '500 Server Internal Error' }

/** How each error is answered over HTTP, and which SIP reply fits where Kamailio has to send one. */
export const answers = {
  bad_request: { http: 400, sip: '400 Bad Request' },
  unauthorized: { http: 401, sip: '500 Server Internal Error' },
  not_found: { http: 404, sip: '500 Server Internal Error' },
  too_large: { http: 413, sip: '513 Message Too Large' },
  unsupported_media_type: { http: 415, sip: '415 Unsupported Media Type' },
  sdp_invalid: { http: 422, sip: '488 Not Acceptable Here' },
  not_acceptable: { http: 422, sip: '488 Not Acceptable Here' },
  call_unknown: { http: 404, sip: '481 Call/Transaction Does Not Exist' },
  out_of_order: { http: 409, sip: '500 Server Internal Error' },
  no_node: unavailable,
  ng_timeout: { http: 504, sip: '503 Service Unavailable' },
  ng_rejected: badGateway,
  ng_malformed: badGateway,
  store_unavailable: unavailable,
  stopping: unavailable,
  config_invalid: fault,
  policy_invalid: fault,
  internal: fault,
} satisfies Record<ErrorCode, HttpAnswer>

/** The header that says which SIP reply fits; its name is no SIP header's, for Kamailio reads the reply as a SIP message. */
export const sipStatusHeader = 'Ngpilot-Sip-Status'

/** The error as a problem document (RFC 9457). A fault of ngpilot's own shows no more than that it is one. */
export function problemOf (error: NgpilotError) {
  const { http, sip } = answers[error.code]
  return {
    status: http,
    sip,
    document: {
      type: `urn:ngpilot:error:${error.code}`,
      title: STATUS_CODES[http] ?? 'Error',
      status: http,
      code: error.code,
      detail: error.code === 'internal' ? 'ngpilot failed; its log says how' : error.message,
    },
  }
}
