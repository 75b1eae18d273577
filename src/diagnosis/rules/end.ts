import type { DiagnosedCall } from '../call.ts'
import type { DiagnosisRule } from '../rule.ts'
import { reasonForStopAt } from './flow.ts'

/** 64 × T1: how long a 200 waits for its ACK. */
const ackSeconds = 32
/** Of ten calls. */
const fewPorts = 40

/** How a call ended, or could not begin (interop §7.2, §7.4). */
export const endRules: readonly DiagnosisRule[] = [
  {
    id: 'DX-15', severity: 'error', leg: 'both legs', title: 'rtpengine gave the call up: no media from any side',
    why: 'After `timeout` (60 s) without a packet from anywhere the node forgets a call, and tells nobody.',
    fix: 'Find out why both sides fell silent: the findings before this one. Phones that are muted need comfort noise or '
      + 'RTCP, or a larger `timeout` of rtpengine.',
    find: ({ call }) => {
      if (call.lostAt === undefined || isOnHold(call)) return []
      const up = call.answeredAt === undefined ? undefined : Math.round((call.lostAt - call.answeredAt) / 1000)
      return [{
        ...up !== undefined && { detail: `the node knew it no more ${up} s after the answer; ${reasonForStopAt(up)}` },
        evidence: [{ field: 'query', value: 'Unknown call-id' }],
      }]
    },
  },
  {
    id: 'DX-16', severity: 'warning', leg: 'both legs', title: 'rtpengine gave the call up while it was on hold',
    why: 'A call whose sides may not send has a timeout of its own, `silent-timeout` (3600 s).',
    fix: 'Raise `silent-timeout` of rtpengine, or end such calls in the proxy.',
    find: ({ call }) => call.lostAt !== undefined && isOnHold(call) ? [{ evidence: [{ field: 'query', value: 'Unknown call-id' }] }] : [],
  },
  {
    id: 'DX-18', severity: 'error', leg: 'callee', title: 'the callee answered 488, and the offer has what it cannot take',
    why: 'The conformance rules name what stood in the SDP that it got.',
    fix: 'Mend what the rules name; each says how.',
    reference: 'RFC 3261 §21.4.26',
    find: ({ call }) => {
      const findings = call.legs.find(({ role }) => role === 'callee')?.findings?.filter(({ severity }) => severity !== 'note') ?? []
      if (call.refusal?.status !== 488 || findings.length === 0) return []
      return [{
        leg: 'callee', detail: findings.map(({ id, title }) => `${id}: ${title}`).join('; '),
        evidence: findings.flatMap(({ evidence }) => evidence).slice(0, 8),
      }]
    },
  },
  {
    id: 'DX-19', severity: 'error', leg: 'callee', title: 'the callee answered 488, and the offer breaks no rule',
    why: 'It is the callee\'s own choice of codecs or encryption, then. Its Warning header may say which (304 media type, '
      + '305 format, 306 attribute, 307 other).',
    fix: 'Try another profile for it: fewer codecs, `sip-sdes` instead of `sip` or the other way round.',
    reference: 'RFC 3261 §20.43',
    find: ({ call }) => {
      const findings = call.legs.find(({ role }) => role === 'callee')?.findings?.filter(({ severity }) => severity !== 'note') ?? []
      if (call.refusal?.status !== 488 || findings.length > 0) return []
      return [{ leg: 'callee', confidence: 'low', evidence: [{ field: 'status', value: `488 ${call.refusal.reason ?? ''}`.trim() }] }]
    },
  },
  {
    id: 'DX-31', severity: 'error', leg: 'callee', title: 'the callee hung up 32 s after its answer: no ACK had reached it',
    why: 'Who answers with 200 repeats it until the ACK comes, and gives up after 64 × T1 = 32 s, although both hear each other '
      + 'till then. Mostly the ACK went astray: it goes where Contact and Record-Route of the 200 say.',
    fix: 'Look at the ACK in a trace (`ngpilot analyze`): the proxy must record-route on both sides, and Contact and Via of a '
      + 'client behind NAT or WebSocket must lead back to its connection (add_contact_alias, force_rport).',
    reference: 'RFC 3261 §13.3.1.4',
    find: ({ call: { hangUp } }) => hangUp?.role === 'callee' && hangUp.seconds >= ackSeconds - 0.5 && hangUp.seconds < ackSeconds + 2
      ? [{
          leg: 'callee', confidence: 'medium',
          evidence: [{ field: 'BYE from the callee', value: `${hangUp.seconds.toFixed(1)} s after its answer` }],
        }]
      : [],
  },
  {
    id: 'DX-23', severity: 'warning', leg: 'node', title: 'the node has hardly any ports left',
    why: 'A call takes four; without them new calls are refused, and a re-INVITE that needs more ends a call that stands.',
    fix: 'Widen `port-min` to `port-max` of rtpengine, or add a node.',
    find: ({ call: { freePorts } }) => freePorts !== undefined && freePorts < fewPorts
      ? [{ evidence: [{ field: 'node.ports.free', value: String(freePorts) }] }] : [],
  },
]

function isOnHold (call: DiagnosedCall): boolean {
  const legs = call.samples.at(-1)?.media.legs ?? []
  const media = legs.flatMap((leg) => leg.media)
  return media.length > 0 && media.every(({ maySend }) => !maySend)
}
