import type { Leg, LegKind } from '../sdp/conformance.ts'
import { effective, type MediaView, type SdpView } from '../sdp/view.ts'
import { valuesOf } from '../sip/headers.ts'
import type { TraceCall } from './calls.ts'
import type { TraceMessage } from './trace.ts'

/** What a person said about legs: one kind for an address, or for all that cannot be recognised. */
export interface LegHints { byAddress: ReadonlyMap<string, LegKind>, otherwise?: LegKind }

/** An endpoint of a call, and by what its kind was recognised. */
export interface TraceLeg extends Leg { by: string }

/** The kind of endpoint at a place: as told, or by its transport, by the SDP that it sent, by its name. */
export function legAt (place: string, call: TraceCall, hints: LegHints): TraceLeg {
  const address = place.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
  const told = hints.byAddress.get(place) ?? hints.byAddress.get(address)
  if (told) return leg(place, told, 'as told')
  const sent = call.messages.filter(({ source }) => source === place)
  const met = [...sent, ...call.messages.filter(({ destination }) => destination === place)]
  if (met.some(({ transport }) => transport === 'ws' || transport === 'wss')) return leg(place, 'web', 'by its WebSocket')
  const own = sent.flatMap(({ sdp }) => sdp ? ownLeg(sdp) ?? [] : [])[0]
  if (own) return { ...leg(place, own.kind, 'by the SDP that it sent'), ...own }
  const names = sent.flatMap(({ sip }) => [...valuesOf(sip, 'User-Agent'), ...valuesOf(sip, 'Server')])
  if (names.some((name) => /jssip|sip\.js|sipml|webrtc|chrome|firefox|safari/i.test(name))) return leg(place, 'web', 'by its name')
  if (hints.otherwise) return leg(place, hints.otherwise, 'as told')
  return leg(place, met.some(isSdesOverTls) ? 'sdes' : 'plain', 'by guess')
}

function leg (name: string, kind: LegKind, by: string): TraceLeg {
  return { name, kind, by }
}

/** What an endpoint is that writes such an SDP, and takes: what it offers itself it knows. Undefined: no audio or video. */
export function ownLeg (sdp: SdpView): Pick<Leg, 'kind' | 'takesIce' | 'takesMux'> | undefined {
  const kind = kindOf(sdp.live)
  const has = (name: string) => sdp.live.some((media) => effective(sdp, media, name) !== undefined)
  return kind && { kind, ...has('ice-ufrag') && { takesIce: true }, ...has('rtcp-mux') && { takesMux: true } }
}

/** The kind of endpoint that writes such m-lines; undefined for none. */
export function kindOf (live: readonly MediaView[]): LegKind | undefined {
  const [first] = live.filter(({ kind }) => kind === 'audio' || kind === 'video')
  if (!first) return undefined
  const { protocol, attributes } = first
  const hasKeys = attributes.has('crypto')
  if (protocol.startsWith('UDP/TLS/') || (protocol === 'RTP/SAVPF' && !hasKeys)) {
    // JSEP names each m-line (RFC 9429 §5.2.1); phones with DTLS do not.
    return protocol.endsWith('F') && (attributes.has('rtcp-mux') || attributes.has('mid')) ? 'web' : 'dtls'
  }
  if (protocol.startsWith('RTP/SAVP')) return 'sdes'
  return hasKeys ? 'osrtp' : 'plain'
}

function isSdesOverTls ({ transport, sdp }: TraceMessage): boolean {
  return transport === 'tls' && sdp?.live.some((media) => media.protocol.startsWith('RTP/SAVP') && media.attributes.has('crypto')) === true
}
