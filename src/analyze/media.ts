import type { Finding } from '../finding.ts'
import { check, type RuleFacts } from '../sdp/conformance.ts'
import { scopeOf } from '../sdp/scope.ts'
import type { SdpView } from '../sdp/view.ts'
import type { TraceCall, Transaction } from './calls.ts'
import { type LegHints, legAt, type TraceLeg } from './legs.ts'
import type { TraceMessage } from './trace.ts'

/** A finding and the messages of the trace that show it. */
export interface TraceFinding extends Finding { messages: number[] }

export type SdpRole = 'offer' | 'answer'

/** An SDP of a call with its part in RFC 3264. */
export interface Exchanged { message: TraceMessage, sdp: SdpView, role: SdpRole, offer?: Exchanged }

/** Holds every SDP of a call against the endpoint that sent it and the one that gets it, and the legs against each other. */
export function mediaFindings (call: TraceCall, hints: LegHints): { findings: TraceFinding[], legs: TraceLeg[] } {
  const legs = new Map<string, TraceLeg>()
  const legFor = (place: string): TraceLeg | undefined => {
    if (call.middle.has(place)) return undefined
    const known = legs.get(place) ?? legAt(place, call, hints)
    legs.set(place, known)
    return known
  }
  const found = new Map<string, TraceFinding>()
  const exchanged = exchangesOf(call)
  for (const each of exchanged) {
    const { message, sdp } = each
    const [sender, receiver] = [legFor(message.source), legFor(message.destination)]
    const keep = (findings: Finding[], leg: string) => {
      for (const finding of findings) {
        const key = `${finding.id} ${leg} ${each.role}`
        const before = found.get(key)
        if (before) before.messages.push(message.number)
        else found.set(key, { ...finding, messages: [message.number] })
      }
    }
    const facts = factsOf(each, exchanged, call)
    if (sender) keep(check(sdp, { ...facts, direction: 'in', leg: sender }), sender.name)
    if (receiver) {
      const fromOther = acrossOf(each, exchanged, call)
      keep(check(sdp, { ...facts, ...fromOther, direction: 'out', leg: receiver }), receiver.name)
    }
  }
  return { findings: [...found.values()], legs: [...legs.values()] }
}

/** Every SDP in order, an answer with its offer; repeats are left out. */
export function exchangesOf ({ transactions }: TraceCall): Exchanged[] {
  return transactions.flatMap((transaction) => {
    const { requests, replies, acks } = transaction
    const offered = requests.find(({ sdp }) => sdp)
    const offer = offered && exchangedOf(offered, 'offer')
    const inReplies = firsts(replies.filter(({ sip, sdp }) => sdp && (sip.status ?? 0) < 300))
    if (offer) return [offer, ...inReplies.flatMap((reply) => exchangedOf(reply, 'answer', offer) ?? [])]
    if (requests.length === 0 && isOfferedElsewhere(transaction, transactions)) {
      return inReplies.flatMap((reply) => exchangedOf(reply, 'answer') ?? [])
    }
    const late = inReplies[0] && exchangedOf(inReplies[0], 'offer')
    const answered = acks.find(({ sdp }) => sdp)
    return late ? [late, ...answered ? [exchangedOf(answered, 'answer', late)].flatMap((each) => each ?? []) : []] : []
  }).sort((one, other) => one.message.number - other.message.number)
}

/** Of a hop whose request the trace has not: whether it has it of another hop, with an offer. */
function isOfferedElsewhere ({ method, replies: [reply] }: Transaction, all: readonly Transaction[]): boolean {
  const isSame = ({ sip }: TraceMessage) => sip.callId === reply?.sip.callId
    && sip.cseq.number === reply.sip.cseq.number && sip.fromTag === reply.sip.fromTag
  return all.some((other) => other.method === method && other.requests.some((request) => request.sdp && isSame(request)))
}

function exchangedOf (message: TraceMessage, role: SdpRole, offer?: Exchanged): Exchanged | undefined {
  return message.sdp && { message, sdp: message.sdp, role, ...offer && { offer } }
}

/** Without those that say the same again: retransmissions. */
function firsts (replies: TraceMessage[]): TraceMessage[] {
  const seen = new Set<string>()
  return replies.filter(({ sip }) => {
    const key = `${sip.status ?? ''} ${sip.toTag ?? ''} ${sip.body.toString('latin1')}`
    const isNew = !seen.has(key)
    seen.add(key)
    return isNew
  })
}

function factsOf (
  { message, role, offer }: Exchanged, all: readonly Exchanged[], call: TraceCall,
): Omit<RuleFacts, 'leg' | 'direction'> {
  const { source, destination, destinationAddress, transport, number, bytes, sip } = message
  const before = all.filter(({ message: other }) => other.source === source && other.destination === destination
    && other.number < number && other.sip.cseq.number !== sip.cseq.number && other.sip.callId === sip.callId)
  const previous = before.at(-1)?.sdp
  const previousOfPeer = offer && all.findLast(({ message: other }) =>
    other.source === destination && other.destination === source
    && other.number < offer.message.number && other.sip.callId === sip.callId)?.sdp
  const isFirst = sip.toTag === undefined || message === call.messages[0] || before.length === 0
  return {
    role,
    ...transport !== undefined && { transport },
    ...destinationAddress !== undefined && { isPublic: scopeOf(destinationAddress) === 'public' },
    isAgain: !isFirst,
    messageBytes: bytes,
    ...offer && { offer: offer.sdp },
    ...previous && { previous },
    ...previousOfPeer && { previousOfPeer },
  }
}

/** What came in on the other side of a proxy and became this SDP: the latest one of the same role before it. */
function acrossOf (
  { message, sdp, role }: Exchanged, all: readonly Exchanged[], { middle }: TraceCall,
): Pick<RuleFacts, 'across' | 'isTranscoding'> {
  if (!middle.has(message.source)) return {}
  const across = all.findLast((other) => other.role === role && other.message.number < message.number
    && other.message.source !== message.destination && middle.has(other.message.destination)
    && (other.message.sip.callId !== message.sip.callId || other.message.sip.cseq.number === message.sip.cseq.number))
  if (!across) return {}
  // The same media address on both sides: no media relay, so that nothing can transcode.
  const end = (view: SdpView) => `${view.audio?.connection?.address ?? ''} ${view.audio?.port ?? ''}`
  return end(across.sdp) === end(sdp) ? { isTranscoding: false } : { across: across.sdp }
}
