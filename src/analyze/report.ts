import type { Analysis } from './analyze.ts'
import type { TraceCall } from './calls.ts'
import type { TraceLeg } from './legs.ts'
import type { TraceFinding } from './media.ts'
import { outcomeOf } from './outcome.ts'
import { shown } from '../sdp/rules/rule.ts'

/** An analysis as JSON: what is secret is masked, and no SDP is in it. */
export function reportOf ({ kind, messages, methods, summary, calls, sdps, problems }: Analysis) {
  return {
    kind,
    messages,
    methods,
    summary,
    calls,
    ...sdps && { sdps: { legs: sdps.legs.map(({ kind: leg, by }) => ({ kind: leg, by })), findings: sdps.findings } },
    problems,
  }
}

export type Report = ReturnType<typeof reportOf>

/** One call of a trace, its ladder and what is wrong with it, gravest first. */
export type CallReport = ReturnType<typeof callReport>

export function callReport ({ call, legs, findings }: { call: TraceCall, legs: TraceLeg[], findings: TraceFinding[] }) {
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
