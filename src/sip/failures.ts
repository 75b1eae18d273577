import type { ErrorCode } from '../errors.ts'

const unavailable = '503 Service Unavailable'
const fault = '500 Server Internal Error'

/** Which SIP reply fits an error, where the proxy has to send one. */
export const sipFailures = {
  bad_request: '400 Bad Request',
  unauthorized: fault,
  not_found: fault,
  too_large: '513 Message Too Large',
  unsupported_media_type: '415 Unsupported Media Type',
  sdp_invalid: '488 Not Acceptable Here',
  not_acceptable: '488 Not Acceptable Here',
  rejected: '403 Forbidden',
  call_unknown: '481 Call/Transaction Does Not Exist',
  call_ended: '481 Call/Transaction Does Not Exist',
  call_lost: '500 Media Server Lost',
  out_of_order: fault,
  offer_pending: '491 Request Pending',
  no_node: unavailable,
  ng_timeout: unavailable,
  ng_rejected: unavailable,
  not_supported: '501 Not Implemented',
  ng_malformed: unavailable,
  overloaded: unavailable,
  store_unavailable: unavailable,
  stopping: unavailable,
  config_invalid: fault,
  policy_invalid: fault,
  internal: fault,
} satisfies Record<ErrorCode, string>
