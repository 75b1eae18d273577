import Type, { type Static } from 'typebox'
import type { SdpFacts } from '../sdp/facts.ts'
import { canonicalCodec } from './codec-names.ts'
import type { CallFacts, SipFacts, UriFacts } from './facts.ts'
import { uriFacts } from './uri.ts'

const optional = Type.Optional
const closed = { additionalProperties: false }
const Vars = Type.Record(Type.String(), Type.String())
const UriParts = Type.Object({ text: Type.String(), user: Type.String(), host: Type.String() }, closed)
const Uri = Type.Union([Type.String(), UriParts])
const Codec = Type.Union([Type.String(), Type.Object({ name: Type.String(), clockRate: Type.Number() })])

const Leg = Type.Object({
  transport: optional(Type.String()), address: optional(Type.String()), port: optional(Type.Integer()),
  uri: optional(Type.String()), profile: optional(Type.String()), vars: optional(Vars),
}, closed)

/**
 * The facts of a message as a person writes them, or as ngpilot records them. All but what matters may be left out: it is
 * then an offer of the caller with nothing in it. A codec is `opus/48000`, or `PCMU` (8000).
 */
export const FactsEntry = Type.Object({
  command: optional(Type.Enum(['offer', 'answer'])),
  callId: optional(Type.String()),
  at: optional(Type.Union([Type.Number(), Type.String()])),
  caller: optional(Type.Enum(['sender', 'receiver'])),
  sender: optional(Leg),
  receiver: optional(Leg),
  vars: optional(Vars),
  sip: optional(Type.Object({
    method: optional(Type.String()), status: optional(Type.Integer()), requestUri: optional(Uri), from: optional(Uri),
    to: optional(Uri), userAgent: optional(Type.String()), headers: optional(Vars),
  }, closed)),
  sdp: optional(Type.Object({
    codecs: optional(Type.Array(Codec)), media: optional(Type.Array(Type.String())), protocol: optional(Type.String()),
    ptime: optional(Type.Number()), family: optional(Type.Enum(['IP4', 'IP6'])), address: optional(Type.String()),
    hasIce: optional(Type.Boolean()), hasDtls: optional(Type.Boolean()), hasSdes: optional(Type.Boolean()),
    isPrivate: optional(Type.Boolean()),
  }, closed)),
}, closed)

export type FactsEntry = Static<typeof FactsEntry>

/** The facts that an entry stands for; `at` is the time for those that do not say it. */
export function factsFrom (entry: FactsEntry, at = Date.UTC(2026, 0, 5, 12)): CallFacts {
  const { command = 'offer', callId = 'call-1', sender = {}, receiver = {}, vars = {} } = entry
  return {
    command, callId, vars,
    at: entry.at === undefined ? at : new Date(entry.at).getTime(),
    caller: entry.caller ?? (command === 'offer' ? 'sender' : 'receiver'),
    sender: sender,
    receiver: receiver,
    ...entry.sip && { sip: sipOf(entry.sip) },
    ...entry.sdp && { sdp: sdpOf(entry.sdp) },
  }
}

function sipOf ({ method = 'INVITE', requestUri, from, to, headers, ...rest }: NonNullable<FactsEntry['sip']>): SipFacts {
  const uris = Object.entries({ requestUri, from, to }).flatMap(([name, uri]): [string, UriFacts][] => {
    return uri === undefined ? [] : [[name, typeof uri === 'string' ? uriFacts(uri) : uri]]
  })
  const lower = headers && Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  return { method, ...rest, ...Object.fromEntries(uris), ...lower && { headers: lower } }
}

function sdpOf ({ codecs = [], ...rest }: NonNullable<FactsEntry['sdp']>): SdpFacts {
  return {
    media: ['audio'], hasIce: false, hasDtls: false, hasSdes: false, isPrivate: false, ...rest,
    codecs: codecs.map((codec) => typeof codec === 'string' ? codecOf(codec) : codec),
  }
}

function codecOf (text: string): { name: string, clockRate: number } {
  const [name = '', rate] = text.split('/')
  return { name: canonicalCodec(name) ?? name, clockRate: rate === undefined ? name.toLowerCase() === 'opus' ? 48_000 : 8000 : Number(rate) }
}
