import { type Evidence, type FindingKind, type FoundCase, masked } from '../../finding.ts'
import type { Sdp } from '../sdp.ts'
import type { Attribute, MediaView, NetAddress, SdpView, Section } from '../view.ts'

/** How a leg is keyed and whether it speaks WebRTC: what decides which SDP it can take. */
export type LegKind = 'web' | 'plain' | 'sdes' | 'dtls' | 'osrtp'

/** All but browsers. */
export const sipKinds: readonly LegKind[] = ['plain', 'sdes', 'dtls', 'osrtp']

/** The protocols of an m-line that a leg of a kind takes. */
export const protocols: Record<LegKind, readonly string[]> = {
  plain: ['RTP/AVP', 'RTP/AVPF'],
  osrtp: ['RTP/AVP', 'RTP/AVPF'],
  sdes: ['RTP/SAVP', 'RTP/SAVPF'],
  dtls: ['UDP/TLS/RTP/SAVP', 'UDP/TLS/RTP/SAVPF'],
  web: ['UDP/TLS/RTP/SAVPF', 'RTP/SAVPF'],
}

/** The endpoint that an SDP comes from or goes to, as far as it is known. */
export interface Leg {
  /** Of the profile, or the address: how a person knows the leg. */
  name: string
  kind: LegKind
  /** Kinds of m-lines that it takes; undefined: any. */
  media?: readonly string[]
  /** Names of its codecs; undefined: any. */
  codecs?: readonly string[]
  /** A phone that takes a=rtcp-mux. */
  takesMux?: boolean
  /** A phone that takes ICE. */
  takesIce?: boolean
  /** Takes an MKI or a lifetime in a=crypto. */
  takesKeyParameters?: boolean
  /** `IP4` or `IP6`, where one was asked for. */
  family?: string
}

/** What is known beside the SDP itself. A rule that needs what is absent finds nothing. */
export interface RuleFacts {
  /** `in`: an endpoint sent it; `out`: an endpoint gets it. */
  direction: 'in' | 'out'
  role: 'offer' | 'answer'
  leg: Leg
  /** Of the signalling hop to the endpoint. */
  transport?: string
  /** Whether the endpoint is out in the Internet, so that internal addresses are of no use to it. */
  isPublic?: boolean
  /** Not the first SDP of this dialog in this direction. */
  isAgain?: boolean
  /** Bytes of the whole SIP message. */
  messageBytes?: number
  /** The offer that an answer answers, as it was on this leg. */
  offer?: SdpView
  /** The latest SDP of an earlier exchange in the same direction on this leg. */
  previous?: SdpView
  /** What the other end of this leg had sent before `offer`. */
  previousOfPeer?: SdpView
  /** Another answer to the same offer, from another fork. */
  otherAnswer?: SdpView
  /** What came in on the other leg and became this SDP. */
  across?: SdpView
  /** Whether the node was asked to transcode between the legs; undefined: not known. */
  isTranscoding?: boolean
}

/** A conformance rule: pure, and quick enough to run for every SDP. */
export interface Rule extends FindingKind {
  /** `in`: SDP from endpoints; `out`: SDP to endpoints. */
  at: 'in' | 'out' | 'each'
  /** Only for legs of these kinds. */
  kinds?: readonly LegKind[]
  role?: 'offer' | 'answer'
  /** It finds something only in an SDP that has one of these attributes. */
  mentions?: readonly string[]
  check: (sdp: SdpView, facts: RuleFacts) => FoundCase | undefined
  /** The SDP without what was found, where taking it out is safe. */
  repair?: (sdp: Sdp, facts: RuleFacts) => Sdp
  /** Repaired unless the policy says otherwise: what rtpengine leaves behind as a matter of course. */
  isRepairedByDefault?: boolean
}

const mostEvidence = 6
const longestValue = 160
/** What may not be shown as it is. */
const unfit = /[\0-\x1f\x7f-\x9f]|inline:/i

/** A case, when there is something to show for it. */
export function found (evidence: readonly Evidence[], rest: Omit<FoundCase, 'evidence'> = {}): FoundCase | undefined {
  if (evidence.length === 0) return undefined
  return { ...rest, evidence: evidence.length > mostEvidence ? evidence.slice(0, mostEvidence) : evidence as Evidence[] }
}

/** As `flatMap`, which takes longer than most rules. */
export function gather<Each, Found> (all: readonly Each[], of: (each: Each) => readonly Found[]): Found[] {
  const gathered: Found[] = []
  for (const each of all) for (const one of of(each)) gathered.push(one)
  return gathered
}

/** The attributes of the given names in these sections, as many as are shown. */
export function ofNames (sections: readonly Section[], names: readonly string[]): Evidence[] {
  const evidence: Evidence[] = []
  for (const { attributes } of sections) {
    for (const name of names) {
      for (const attribute of attributes.get(name) ?? []) {
        if (evidence.length === mostEvidence) return evidence
        const { line, value } = attribute
        evidence.push(value === '' ? { line, field: `a=${name}` } : { line, field: `a=${name}`, value: name === 'ice-pwd' ? '[masked]' : shown(value) })
      }
    }
  }
  return evidence
}

export function ofAttributes (attributes: readonly Attribute[]): Evidence[] {
  return attributes.slice(0, mostEvidence).map(ofAttribute)
}

export function ofAttribute ({ line, name, value }: Attribute): Evidence {
  const field = `a=${shown(name)}`
  if (value === '') return { line, field }
  return { line, field, value: name === 'ice-pwd' ? '[masked]' : shown(value) }
}

export function ofMedia (media: MediaView): Evidence {
  return { line: media.firstLine, field: `m=${shown(media.kind)}`, value: shown((media.lines[0] ?? '').replace(/^m=\S+ */, '')) }
}

export function ofAddress (field: string, { line, family, address }: NetAddress): Evidence {
  return { line, field, value: shown(`IN ${family} ${address}`) }
}

/** Foreign text for a terminal or a page: no key, no control characters, no end of it out of sight. */
export function shown (foreign: string): string {
  if (foreign.length <= longestValue && !unfit.test(foreign)) return foreign
  const text = /inline:/i.test(foreign) ? masked(foreign) : foreign
  const clean = text.replace(/[\0-\x1f\x7f-\x9f]/g, '?')
  return clean.length > longestValue ? `${clean.slice(0, longestValue)}…` : clean
}

/** Without the attributes of the given names, in the session and every m-line. */
export function withoutAttributes (names: ReadonlySet<string>): (sdp: Sdp) => Sdp {
  return (sdp) => withoutLines(sdp, (line) => line.startsWith('a=') && names.has(nameOf(line)))
}

export function withoutLines ({ session, media }: Sdp, isUnwanted: (line: string) => boolean): Sdp {
  const kept = (line: string) => !isUnwanted(line)
  return { session: session.filter(kept), media: media.map((part) => ({ ...part, lines: part.lines.filter(kept) })) }
}

/** Without keys in the SDP. */
export function withoutCrypto (sdp: Sdp): Sdp {
  return withoutLines(sdp, (line) => line.startsWith('a=crypto:'))
}

function nameOf (line: string): string {
  const colon = line.indexOf(':')
  return colon < 0 ? line.slice(2) : line.slice(2, colon)
}
