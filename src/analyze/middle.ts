import { valuesOf } from '../sip/headers.ts'
import type { TraceMessage } from './trace.ts'

/**
 * The places of a call that pass it on: proxies, by the Via headers that they add to requests and take from replies (RFC
 * 3261 §16.6, §16.7), and B2BUAs, by an INVITE that comes and one that goes. One machine may have several places, an inner
 * and an outer address for instance, and a trace may show one side of it alone.
 */
export function middleOf (messages: readonly TraceMessage[]): Set<string> {
  const invites = messages.filter(({ method }) => method === 'INVITE')
  return new Set([...proxiesOf(invites), ...passedOn(invites.filter(({ sip }) => sip.status === undefined))])
}

function proxiesOf (messages: readonly TraceMessage[]): string[] {
  const withVias = messages.map((message) => ({ message, isReply: message.sip.status !== undefined, vias: viasOf(message) }))
  /** By what a proxy has beside its own Via, the place that it adds it at or takes it away. */
  const inner = new Map(withVias.filter(({ vias }) => vias.length > 1).map(({ message, isReply, vias }) =>
    [keyOf(message, isReply, vias.slice(1)), isReply ? message.destination : message.source]))
  return withVias.flatMap(({ message, isReply, vias }) => {
    const behind = inner.get(keyOf(message, isReply, vias))
    const [near, far] = isReply ? [message.source, message.destination] : [message.destination, message.source]
    return [...behind === undefined || behind === near ? [] : [near], ...vias.length > 1 ? [far] : []]
  })
}

function keyOf ({ sip }: TraceMessage, isReply: boolean, vias: readonly string[]): string {
  return `${isReply ? 'reply' : 'request'} ${sip.callId} ${sip.fromTag} ${sip.cseq.number} ${vias.join(' ')}`
}

/** Each by its sender and branch; what a proxy adds to it (received, rport) is left out. */
function viasOf ({ sip }: TraceMessage): string[] {
  return valuesOf(sip, 'Via').flatMap((value) => value.split(',')).map((via) => {
    const [sentBy = ''] = via.trim().split(';', 1)
    return `${sentBy.trim()} ${/;\s*branch\s*=\s*([^;\s]+)/i.exec(via)?.[1] ?? ''}`
  })
}

/** A place that an INVITE came to and that sent it on: the same one, or one of another dialog. */
function passedOn (invites: readonly TraceMessage[]): Set<string> {
  const arrivals: TraceMessage[] = []
  const middle = new Set<string>()
  for (const message of invites) {
    for (const before of arrivals) {
      const isSame = before.sip.callId === message.sip.callId
      if (before.source === message.destination || (isSame && before.sip.fromTag !== message.sip.fromTag)) continue
      // TCP goes out from a port of its own; one machine that plays all parts is told apart by ports alone.
      const isByAddress = message.sourceAddress !== undefined && message.sourceAddress === before.destinationAddress
        && message.sourceAddress !== message.destinationAddress
      if (before.destination === message.source || isByAddress) middle.add(before.destination).add(message.source)
    }
    if (arrivals.length < 64) arrivals.push(message)
  }
  return middle
}
