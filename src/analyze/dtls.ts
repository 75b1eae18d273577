import type { Evidence, FindingKind } from '../finding.ts'
import type { TraceCall } from './calls.ts'
import { type Followed, Held } from './held.ts'
import type { Datagram } from './packet.ts'
import { isOfCertificate, nameOf, naming, type Place, placesOf, spanOf } from './places.ts'
import type { TraceCase } from './signalling.ts'

/** What one end has sent the other of their DTLS handshake. */
interface Flight extends Followed {
  from: string
  to: string
  hellos: number
  /** Its certificate in DER, and how many bytes of the message that has it came so far. */
  certificate?: { message: Buffer, received: number }
  /** It has sent with the new keys: its part of the handshake is done. */
  isKeyed: boolean
  /** The fatal alert that it ended the handshake with. */
  alert?: number
}

const mostCertificateBytes = 16_384
/** A flight is sent again after a second, then after two (RFC 6347 §4.2.4.1). */
const leastMs = 3000

export const dtlsKinds = {
  certificate: {
    id: 'DTLS-01', severity: 'error', leg: 'media', title: 'the certificate is not the one whose fingerprint was signalled',
    why: 'Whoever gets it ends the handshake, so that there are no keys and no audio.',
    fix: 'Something changed a=fingerprint on its way, or the SDP is of another page or rtpengine than the media: compare it hop by hop, '
      + 'and see that offer and answer go to the same rtpengine.',
    reference: 'RFC 8122 §6.2',
  },
  unfinished: {
    id: 'DTLS-02', severity: 'error', leg: 'media', title: 'the DTLS handshake does not end',
    why: 'The SRTP keys come out of it: until then nobody hears anything.',
    fix: 'After an alert look at the certificates (DTLS-01) and at who refused what. Without one the way back is blocked: ICE in one direction '
      + 'alone, a firewall, or packets of more than 1,200 bytes that do not get through; or both wait (a=setup).',
    reference: 'RFC 5763 §5',
  },
} as const satisfies Record<string, FindingKind>

/** Follows the DTLS handshakes of a capture, within bounds. Up to DTLS 1.2 certificates are sent in clear. */
export class DtlsHandshakes {
  readonly held = new Held<Flight>()

  seen ({ at, source, destination, payload }: Datagram): void {
    if ((payload[0] ?? 0) < 20 || (payload[0] ?? 0) > 63) return
    for (const { type, epoch, body } of recordsOf(payload)) {
      const [from, to] = [nameOf(source), nameOf(destination)]
      const flight = this.held.get(`${from} ${to}`, () => ({ from, to, first: at, last: at, hellos: 0, isKeyed: false }))
      if (!flight) return
      // Once it is keyed what follows is of no interest, and may be long after.
      if (!flight.isKeyed) flight.last = at
      if (epoch > 0) flight.isKeyed = true
      else if (type === 21 && body[0] === 2) flight.alert ??= body[1] ?? 0
      else if (type === 22) readHandshake(flight, body)
    }
  }

  findings (call: TraceCall): (TraceCase & { kind: FindingKind })[] {
    const places = placesOf(call)
    const { begin, end } = spanOf(call)
    const own = this.held.judge(({ from, to, first, last }) =>
      (places.has(from) || places.has(to)) && last >= begin && first <= end)
    const wrong = own.flatMap((flight) => wrongCertificate(flight, places))
    return [...wrong, ...own.flatMap((flight) => {
      const back = own.find(({ from, to }) => from === flight.to && to === flight.from)
      return isFirst(flight, back) ? unfinished(flight, back, places) : []
    })]
  }
}

function isFirst (flight: Flight, back: Flight | undefined): boolean {
  return !back || flight.first < back.first || (flight.first === back.first && flight.from < back.from)
}

/** The certificate of an end against the fingerprints beside its address in every SDP that names that. */
function wrongCertificate (
  { from, to, certificate }: Flight, places: ReadonlyMap<string, Place>,
): (TraceCase & { kind: FindingKind })[] {
  const der = certificate && derOf(certificate)
  if (!der) return []
  const wrong = places.get(from)?.named.filter(({ fingerprints }) => isOfCertificate(fingerprints, der) === false) ?? []
  const [one] = wrong
  if (!one) return []
  return [{
    kind: dtlsKinds.certificate, leg: from, messages: wrong.map(({ number }) => number),
    evidence: [{ field: 'a=fingerprint', value: one.fingerprints.join(', ') }, { field: 'certificate', value: `another one (${from} → ${to})` }],
  }]
}

function unfinished (
  flight: Flight, back: Flight | undefined, places: ReadonlyMap<string, Place>,
): (TraceCase & { kind: FindingKind })[] {
  const both = [flight, ...back ? [back] : []]
  const refused = both.find(({ alert }) => alert !== undefined)
  const lasted = Math.max(...both.map(({ last }) => last)) - flight.first
  if (both.length === 2 && both.every(({ isKeyed }) => isKeyed)) return []
  if (!refused && lasted < leastMs) return []
  const [alert, hellos] = [refused?.alert, flight.hellos]
  const evidence: Evidence[] = [
    ...refused && alert !== undefined ? [{ field: 'alert', value: `${alerts.get(alert) ?? String(alert)}, from ${refused.from}` }] : [],
    ...hellos > 0 ? [{ field: 'ClientHello', value: `${hellos} × (${flight.from} → ${flight.to})` }] : [],
    ...!back ? [{ field: 'answer', value: `nothing from ${flight.to}` }] : [],
    ...!refused ? [{ field: 'lasted', value: `${(lasted / 1000).toFixed(1)} s` }] : [],
  ]
  const messages = naming(places, [flight.from, flight.to])
  return [{ kind: dtlsKinds.unfinished, leg: refused?.from ?? flight.to, evidence, messages }]
}

/** Records (RFC 6347 §4.1): type, version, epoch, sequence number, length. */
function* recordsOf (payload: Buffer): Generator<{ type: number, epoch: number, body: Buffer }> {
  for (let at = 0; at + 13 <= payload.length;) {
    const type = payload[at] ?? 0
    if (type < 20 || type > 63 || payload[at + 1] !== 0xfe) return
    const end = at + 13 + payload.readUInt16BE(at + 11)
    yield { type, epoch: payload.readUInt16BE(at + 3), body: payload.subarray(at + 13, end) }
    at = end
  }
}

/** Messages of the handshake, whole or in fragments (RFC 6347 §4.2.2). */
function readHandshake (flight: Flight, body: Buffer): void {
  for (let at = 0; at + 12 <= body.length;) {
    const [type, length] = [body[at], body.readUIntBE(at + 1, 3)]
    const [offset, size] = [body.readUIntBE(at + 6, 3), body.readUIntBE(at + 9, 3)]
    const part = body.subarray(at + 12, at + 12 + size)
    at += 12 + size
    if (type === 1) flight.hellos++
    if (type !== 11 || length > mostCertificateBytes || offset + part.length > length) continue
    flight.certificate ??= { message: Buffer.alloc(length), received: 0 }
    const { certificate } = flight
    // Fragments come in order but where the network turned them round; a repeat begins anew.
    if (certificate.message.length !== length || certificate.received >= length) continue
    part.copy(certificate.message, offset)
    certificate.received = offset === 0 ? part.length : certificate.received + part.length
  }
}

/** The first of its certificates, once it is whole (RFC 5246 §7.4.2). */
function derOf ({ message, received }: { message: Buffer, received: number }): Buffer | undefined {
  if (received < message.length || message.length < 6) return undefined
  const length = message.readUIntBE(3, 3)
  return length > 0 && 6 + length <= message.length ? message.subarray(6, 6 + length) : undefined
}

/** RFC 8446 §6, RFC 5246 §7.2. */
const alerts = new Map([
  [10, 'unexpected_message'], [20, 'bad_record_mac'], [40, 'handshake_failure'], [42, 'bad_certificate'], [43, 'unsupported_certificate'],
  [46, 'certificate_unknown'], [47, 'illegal_parameter'], [48, 'unknown_ca'], [50, 'decode_error'], [51, 'decrypt_error'],
  [70, 'protocol_version'], [71, 'insufficient_security'], [80, 'internal_error'], [86, 'inappropriate_fallback'],
])
