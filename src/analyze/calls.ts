import { randomUUID } from 'node:crypto'
import { middleOf } from './middle.ts'
import type { TraceMessage } from './trace.ts'

/** The messages between two places, in order. `caller` is the place that sent the first request on it. */
export interface Hop { key: string, caller: string, callee: string, messages: TraceMessage[] }

/** A request with all that belongs to it on one hop: repeats, replies, and the ACK of an INVITE. */
export interface Transaction {
  hop: Hop
  method: string
  requests: TraceMessage[]
  replies: TraceMessage[]
  acks: TraceMessage[]
}

/** One call: a dialog over all its hops, and the dialogs that a B2BUA made of it. */
export interface TraceCall {
  callIds: string[]
  messages: TraceMessage[]
  hops: Hop[]
  transactions: Transaction[]
  /** Places that pass calls on: proxies and B2BUAs. */
  middle: ReadonlySet<string>
}

/** A B2BUA passes an INVITE on within this time. */
const bridgeMs = 2000
/** Its dialogs begin within this time of one another, forks that ring one after the other among them. */
const sessionMs = 60_000

/**
 * The calls of a trace, in the order of their first messages; of some it may have the middle or the end alone. What is no
 * call (REGISTER, OPTIONS) is left out.
 */
export function callsOf (messages: readonly TraceMessage[]): TraceCall[] {
  const dialogs = new Map<string, TraceMessage[]>()
  for (const message of messages) {
    const same = dialogs.get(message.sip.callId)
    if (same) same.push(message)
    else dialogs.set(message.sip.callId, [message])
  }
  return joined([...dialogs].filter(([, all]) => all.some(isOfCall))).map(callOf)
}

/** Whether a message belongs to a call, not to a registration or a subscription. */
export function isOfCall ({ method, sip }: TraceMessage): boolean {
  return ofCalls.has(method) || (method === 'INFO' && sip.toTag !== undefined)
}

const ofCalls = new Set(['INVITE', 'ACK', 'BYE', 'CANCEL', 'PRACK', 'UPDATE'])

function callOf (dialogs: [string, TraceMessage[]][]): TraceCall {
  const messages = dialogs.flatMap(([, all]) => all).sort((one, other) => one.number - other.number)
  const hops = hopsOf(messages)
  const callIds = dialogs.map(([callId]) => callId)
  return { callIds, messages, hops, transactions: hops.flatMap(transactionsOf), middle: middleOf(messages) }
}

type Dialog = [callId: string, messages: TraceMessage[]]

/** Dialogs of one call share the session in o=, or one INVITE follows the other out of the place it went to. */
function joined (dialogs: Dialog[]): Dialog[][] {
  const groups: Dialog[][] = []
  const bySession = new Map<string, { at: number, group: Dialog[] }>()
  const arrivals: { at: number, address: string, user: string, group: Dialog[] }[] = []
  for (const dialog of dialogs) {
    const [, messages] = dialog
    const invite = messages.find(({ sip }) => sip.method === 'INVITE')
    const sessions = messages.flatMap(({ sdp }) => sdp?.origin ? sessionOf(sdp.origin) : [])
    const user = userOf(invite?.sip.toUri)
    const followed = invite && arrivals.findLast((arrival) => arrival.address === invite.sourceAddress
      && arrival.user === user && invite.at - arrival.at >= 0 && invite.at - arrival.at <= bridgeMs)
    const at = messages[0]?.at ?? 0
    // Some endpoints use one session id for ever.
    const same = sessions.map((session) => bySession.get(session)).find((known) => known && at - known.at <= sessionMs)
    const group = same?.group ?? followed?.group ?? []
    if (group.length === 0) groups.push(group)
    group.push(dialog)
    for (const session of sessions) bySession.set(session, { at, group })
    const address = invite?.destinationAddress
    if (invite && address !== undefined) arrivals.push({ at: invite.at, address, user, group })
    if (arrivals.length > 1000) arrivals.shift()
  }
  return groups
}

/** Short ids come again in other calls. */
function sessionOf ({ user, sessionId }: { user: string, sessionId: string }): string[] {
  return sessionId.length >= 6 ? [`${user} ${sessionId}`] : []
}

function userOf (uri: string | undefined): string {
  // Without a user nothing can be told apart, so nothing is like it.
  return /^(?:sips?|tel):([^@;]+)/i.exec(uri ?? '')?.[1] ?? randomUUID()
}

function hopsOf (messages: readonly TraceMessage[]): Hop[] {
  const hops = new Map<string, Hop>()
  for (const message of messages) {
    const { source, destination, sip } = message
    const key = `${sip.callId} ${[source, destination].sort().join(' ')}`
    const hop = hops.get(key)
    if (hop) {
      hop.messages.push(message)
      continue
    }
    const [caller, callee] = sip.status === undefined ? [source, destination] : [destination, source]
    hops.set(key, { key, caller, callee, messages: [message] })
  }
  return [...hops.values()]
}

function transactionsOf (hop: Hop): Transaction[] {
  const found = new Map<string, Transaction>()
  for (const message of hop.messages) {
    const { sip, method } = message
    const isAck = method === 'ACK'
    if (method === 'CANCEL') continue
    const key = `${sip.cseq.number} ${isAck ? 'INVITE' : method} ${sip.fromTag}`
    const transaction = found.get(key) ?? { hop, method: isAck ? 'INVITE' : method, requests: [], replies: [], acks: [] }
    found.set(key, transaction)
    if (isAck) transaction.acks.push(message)
    else if (sip.status === undefined) transaction.requests.push(message)
    else transaction.replies.push(message)
  }
  return [...found.values()].filter(({ requests, replies }) => requests.length + replies.length > 0)
}
