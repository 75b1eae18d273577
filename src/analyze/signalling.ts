import type { Evidence, FindingKind, FoundCase } from '../finding.ts'
import { isInternal, scopeOf } from '../sdp/scope.ts'
import { valuesOf } from '../sip/headers.ts'
import { shown } from '../sdp/rules/rule.ts'
import type { TraceCall, Transaction } from './calls.ts'
import { type Exchanged, exchangesOf } from './media.ts'
import type { TraceMessage } from './trace.ts'

/** A case in a trace, with the messages that show it. */
export type TraceCase = FoundCase & { messages: number[] }

/** What SIP itself says of why a call failed. Pure. */
export interface SignallingRule extends FindingKind {
  find (call: TraceCall): TraceCase[]
}

/** 64 × T1: a callee repeats its 200 for so long, then gives up (RFC 3261 §13.3.1.4). */
const ackWaitMs = { from: 28_000, to: 40_000 }

export const signallingRules: readonly SignallingRule[] = [
  {
    id: 'SIG-01',
    severity: 'error',
    leg: 'signalling',
    title: 'the 200 gets no ACK, and the call ends after 32 seconds',
    why: 'The callee repeats its 200 for 32 s (64 × T1) and then hangs up: audio stops after about 30 seconds.',
    fix: 'Look at Contact and Record-Route of the 200: the ACK goes there. WebSocket clients need an alias or outbound, and a proxy between two transports records two routes.',
    reference: 'RFC 3261 §13.3.1.4',
    find: ({ transactions, messages }) => invites(transactions).flatMap(({ replies, acks }) => {
      const [first, ...others] = replies.filter(({ sip }) => isSuccess(sip.status))
      if (!first || acks.length > 0) return []
      const bye = messages.find((message) => message.sip.method === 'BYE' && message.at > first.at)
      const waited = bye ? bye.at - first.at : 0
      const isGivenUp = bye !== undefined && waited >= ackWaitMs.from && waited <= ackWaitMs.to
      if (!isGivenUp && others.length < 3) return []
      const evidence: Evidence[] = [{ field: '200', value: `sent ${times(others.length + 1)}, no ACK from ${first.destination}` }]
      if (bye && isGivenUp) evidence.push({ field: 'BYE', value: `${seconds(waited)} after the 200` })
      return [{ leg: first.source, evidence, messages: numbers([first, ...others, ...bye ? [bye] : []]) }]
    }),
  },
  {
    id: 'SIG-02',
    severity: 'error',
    leg: 'signalling',
    title: 'the peer refuses the SDP',
    why: 'It finds nothing in the offer that it can speak, or does not understand it.',
    fix: 'Mend what is found in the offer that it got; where nothing is, the Warning header says what (304 media type, 305 format, 306 attribute, 307 parameter).',
    reference: 'RFC 3261 §21.4.26',
    find: ({ transactions, middle }) => transactions.flatMap(({ requests, replies }) => replies
      .filter(({ sip, source }) => [415, 488, 606].includes(sip.status ?? 0) && !middle.has(source)).slice(0, 1)
      .map((reply) => {
        const warnings = valuesOf(reply.sip, 'Warning').map((value) => ({ field: 'Warning', value: shown(value) }))
        const messages = numbers([...requests.slice(0, 1), reply])
        return { leg: reply.source, evidence: [statusOf(reply), ...warnings], messages }
      })),
  },
  {
    id: 'SIG-03',
    severity: 'error',
    leg: 'signalling',
    title: 'an INVITE that nobody answers',
    why: 'The request or the reply does not arrive: a wrong address, a firewall, or a message too big for UDP.',
    fix: 'Look at the next hop and its transport; over 1300 bytes use TCP or TLS, or offer fewer codecs.',
    reference: 'RFC 3261 §17.1.1.2',
    find: ({ transactions }) => invites(transactions).flatMap(({ requests, replies }) => {
      const [first] = requests
      const timeout = replies.find(({ sip }) => sip.status === 408)
      const isSilent = requests.length >= 3 && replies.length === 0
      if (!first || (!isSilent && !timeout)) return []
      const evidence = timeout && replies.length > 0 ? [statusOf(timeout)] : []
      return [{
        leg: first.destination,
        evidence: [...evidence, { field: 'INVITE', value: `sent ${times(requests.length)}, ${first.bytes} bytes` }],
        messages: numbers([...requests, ...timeout ? [timeout] : []]),
      }]
    }),
  },
  {
    id: 'SIG-04',
    severity: 'warning',
    leg: 'signalling',
    title: 'audio was agreed in one direction only',
    why: 'One side is not to be heard from the first answer on: no hold, but a camera or microphone that is off, or a wrong flag.',
    fix: 'Look at what the endpoint says of its direction (a browser without microphone: recvonly); take original-sendrecv out of ng.',
    reference: 'RFC 3264 §6.1',
    find: (call) => firstAnswers(call).flatMap(({ message, sdp }) => {
      const { audio } = sdp
      if (!audio || audio.direction === 'sendrecv') return []
      return [{ leg: message.source, evidence: [{ line: audio.firstLine, field: 'direction', value: audio.direction }], messages: [message.number] }]
    }),
  },
  {
    id: 'SIG-05',
    severity: 'error',
    leg: 'signalling',
    title: 'the session timer ended the call',
    why: 'The refresh was refused or never came, so one side hangs up when the session expires.',
    fix: 'Let re-INVITE and UPDATE through in both directions (record_route, NAT of the Contact); look at what refused the refresh.',
    reference: 'RFC 4028 §10',
    find: ({ transactions, messages }) => {
      const refused = transactions.filter(({ requests, replies }) => isRefresh(requests[0])
        && replies.some(({ sip }) => (sip.status ?? 0) >= 400 && ![401, 407, 491, 500].includes(sip.status ?? 0)))
      const bye = messages.find(({ sip }) => sip.method === 'BYE')
      // Without an interval a refused re-INVITE changes nothing.
      if (!bye || !messages.some(({ sip }) => expiresOf(sip) > 0)) return []
      const [failed] = refused.filter(({ replies }) => bye.at - (replies.at(-1)?.at ?? 0) < ackWaitMs.to)
      const failure = failed?.replies.find(({ sip }) => (sip.status ?? 0) >= 400)
      if (failed && failure) {
        const evidence = [{ field: failed.method, value: 'the refresh' }, statusOf(failure)]
        return [{ leg: failure.source, evidence, messages: numbers([...failed.requests.slice(0, 1), failure, bye]) }]
      }
      const agreed = messages.findLast(({ sip, at }) => isSuccess(sip.status) && at <= bye.at && expiresOf(sip) > 0)
      if (!agreed) return []
      const waited = (bye.at - agreed.at) / 1000
      // The side that does not refresh hangs up a third of the interval, or 32 s, before its end.
      const expires = expiresOf(agreed.sip)
      if (waited < expires - Math.min(32, expires / 3) - 2 || waited > expires * 1.1) return []
      return [{
        leg: bye.source,
        evidence: [{ field: 'Session-Expires', value: `${expires} s` }, { field: 'BYE', value: `${Math.round(waited)} s after the last refresh` }],
        messages: numbers([agreed, bye]),
      }]
    },
  },
  {
    id: 'SIG-06',
    severity: 'warning',
    leg: 'signalling',
    title: 'an endpoint behind NAT that names its inner address',
    why: 'Media and in-dialog requests sent there are lost, unless the other side goes by where packets come from.',
    fix: 'fix_nated_contact or add_contact_alias in kamailio.cfg; rtpengine learns the media address from the packets, unless asymmetric is set.',
    reference: 'RFC 5626 §1, RFC 7362',
    find: ({ messages, middle }) => {
      const seen = new Set<string>()
      return messages.flatMap(({ number, source, sourceAddress, sip, sdp, method }) => {
        if (sourceAddress === undefined || scopeOf(sourceAddress) !== 'public' || middle.has(source) || seen.has(source)) return []
        const media = sdp?.audio?.attributes.has('candidate') === false ? sdp.audio.connection?.address : undefined
        const contact = method === 'INVITE' ? /sips?:(?:[^@>;]*@)?\[?([0-9a-fA-F.:]+?)\]?(?::\d+)?[;>]/.exec((valuesOf(sip, 'Contact')[0] ?? '').slice(0, 512))?.[1] : undefined
        const evidence = [
          ...media !== undefined && isInternal(media) ? [{ field: 'c=', value: media }] : [],
          ...contact !== undefined && isInternal(contact) ? [{ field: 'Contact', value: contact }] : [],
        ]
        if (evidence.length === 0) return []
        seen.add(source)
        return [{ leg: source, evidence: [...evidence, { field: 'source', value: sourceAddress }], messages: [number] }]
      })
    },
  },
  {
    id: 'SIG-07',
    severity: 'warning',
    leg: 'signalling',
    title: 'messages are sent again and again',
    why: 'Packets or their replies are lost or late on this hop, so that calls are slow to set up, or fail.',
    fix: 'Look at the network of the hop, at the load of the peer and at workers that wait (children in kamailio.cfg).',
    reference: 'RFC 3261 §17.1.1.2',
    find: ({ transactions }) => transactions.flatMap(({ method, requests, replies }) => {
      const [first] = requests
      if (!first || requests.length < 3 || replies.length === 0) return []
      const lastMs = (requests.at(-1)?.at ?? first.at) - first.at
      return [{ leg: first.destination, evidence: [{ field: method, value: `sent ${requests.length} times in ${seconds(lastMs)}` }], messages: numbers(requests) }]
    }),
  },
  {
    id: 'SIG-08',
    severity: 'note',
    leg: 'signalling',
    title: 'the call was refused',
    why: 'The peer does not take the call; media has no part in it.',
    fix: 'The reply and its Reason header say why.',
    reference: 'RFC 3261 §21',
    find: ({ transactions, middle }) => invites(transactions).flatMap(({ replies }) => {
      const refusal = replies.find(({ sip, source }) => (sip.status ?? 0) >= 400 && !middle.has(source))
      if (!refusal || [401, 407, 408, 415, 487, 488, 491, 606].includes(refusal.sip.status ?? 0)) return []
      return [{ leg: refusal.source, evidence: [statusOf(refusal), ...reasonsOf(refusal)], messages: [refusal.number] }]
    }),
  },
  {
    id: 'SIG-09',
    severity: 'error',
    leg: 'signalling',
    title: 'a 200 without SDP to an offer that nothing has answered',
    why: 'The caller never learns where to send media, or takes an early answer for final that was not reliable.',
    fix: 'Look at what took the body out on the way; ngpilot answers 204 only where there is nothing to rewrite.',
    reference: 'RFC 3261 §13.2.1',
    find: ({ transactions }) => invites(transactions).flatMap(({ requests, replies }) => {
      const [first] = requests
      const success = replies.find(({ sip }) => isSuccess(sip.status))
      // An answer in a reliable 18x is enough (RFC 3262 §5).
      const isAnswered = replies.some(({ sip, sdp }) => sdp && (isSuccess(sip.status) || valuesOf(sip, 'RSeq').length > 0))
      if (!first?.sdp || !success || isAnswered) return []
      return [{ leg: success.source, evidence: [statusOf(success)], messages: numbers([first, success]) }]
    }),
  },
  {
    id: 'SIG-10',
    severity: 'note',
    leg: 'signalling',
    title: 'the BYE says why the call ended',
    why: 'A Reason of its own is the endpoint\'s or the gateway\'s word, RTP timeouts among them.',
    fix: 'Go by the reason.',
    reference: 'RFC 3326 §2',
    find: ({ messages }) => messages.filter(({ sip }) => sip.method === 'BYE' && reasonsOf({ sip }).length > 0).slice(0, 1)
      .map((bye) => ({ leg: bye.source, evidence: reasonsOf(bye), messages: [bye.number] })),
  },
]

function invites (transactions: readonly Transaction[]): Transaction[] {
  return transactions.filter(({ method }) => method === 'INVITE')
}

/** A 2xx. */
export function isSuccess (status = 0): boolean {
  return status >= 200 && status < 300
}

function isRefresh (request: TraceMessage | undefined): boolean {
  return request?.sip.toTag !== undefined && (request.method === 'INVITE' || request.method === 'UPDATE')
}

/** The answers that endpoints gave to first offers; later ones may mean a hold. */
function firstAnswers (call: TraceCall): Exchanged[] {
  const answers = exchangesOf(call).filter(({ role, offer, message }) =>
    role === 'answer' && offer?.message.sip.toTag === undefined && !call.middle.has(message.source))
  const isFirst = ({ message: { source } }: Exchanged, index: number) =>
    answers.findIndex(({ message }) => message.source === source) === index
  return answers.filter(isFirst)
}

function expiresOf (sip: TraceMessage['sip']): number {
  return Number(/^\d+/.exec(valuesOf(sip, 'Session-Expires')[0] ?? '')?.[0] ?? 0)
}

function statusOf ({ sip }: TraceMessage): Evidence {
  return { field: 'reply', value: shown(`${sip.status ?? ''} ${sip.reason ?? ''}`) }
}

function reasonsOf ({ sip }: Pick<TraceMessage, 'sip'>): Evidence[] {
  return valuesOf(sip, 'Reason').map((value) => ({ field: 'Reason', value: shown(value) }))
}

function times (count: number): string {
  return count === 1 ? 'once' : `${count} times`
}

function seconds (ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function numbers (messages: readonly TraceMessage[]): number[] {
  return [...new Set(messages.map(({ number }) => number))].sort((one, other) => one - other).slice(0, 12)
}
