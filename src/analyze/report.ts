import type { Analysis, AnalyzedCall } from './analyze.ts'
import type { TraceFinding } from './media.ts'
import { outcomeOf } from './outcome.ts'
import { shown } from '../sdp/rules/rule.ts'

/** An analysis as JSON: what is secret is masked, and no SDP is in it. */
export function reportOf ({ kind, messages, methods, calls, sdps, problems }: Analysis) {
  return {
    kind,
    messages,
    methods,
    calls: calls.map(callReport),
    ...sdps && { sdps: { legs: sdps.legs.map(({ kind: leg, by }) => ({ kind: leg, by })), findings: sdps.findings } },
    problems,
  }
}

export type Report = ReturnType<typeof reportOf>

function callReport ({ call, legs, findings }: AnalyzedCall) {
  return {
    callIds: call.callIds.map(shown),
    outcome: outcomeOf(call),
    legs: legs.map(({ name, kind, by }) => ({ name, kind, by })),
    /** Places that pass the call on: proxies and B2BUAs. */
    middle: [...call.middle],
    messages: call.messages.map(({ number, at, source, destination, sip, sdp, transport }) => ({
      number,
      at: new Date(at).toISOString(),
      source,
      destination,
      ...transport !== undefined && { transport },
      text: shown(sip.status === undefined ? sip.method ?? '' : `${sip.status} ${sip.reason ?? ''}`.trim()),
      hasSdp: sdp !== undefined,
      ...sip.contentType?.toLowerCase().startsWith('application/trickle-ice-sdpfrag') === true && { isTrickle: true },
    })),
    findings: findings satisfies TraceFinding[],
  }
}
