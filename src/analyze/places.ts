import { createHash } from 'node:crypto'
import { candidatesOf, type MediaView, type SdpView } from '../sdp/view.ts'
import type { TraceCall } from './calls.ts'
import type { End } from './packet.ts'

/** An address and port that an SDP of a call names for its media. */
export interface Place {
  /** The messages that name it, each with the fingerprints beside it: `sha-256 AB:CD:…`. */
  named: { number: number, fingerprints: readonly string[] }[]
}

/** From when to when a call was up, in milliseconds: its last BYE, Infinity where the trace has none. */
export interface Span { begin: number, end: number }

export function spanOf ({ messages }: TraceCall): Span {
  const byes = messages.filter(({ sip }) => sip.method === 'BYE')
  return { begin: messages[0]?.at ?? 0, end: byes.at(-1)?.at ?? Infinity }
}

/** Where media of a call may come from and go to, by m-line and candidates (RFC 8839). */
export function placesOf (call: TraceCall): Map<string, Place> {
  const places = new Map<string, Place>()
  for (const { number, sdp } of call.messages) {
    for (const media of sdp?.live ?? []) {
      const fingerprints = sdp ? fingerprintsOf(sdp, media) : []
      for (const name of new Set(namedBy(media))) {
        const place = places.get(name) ?? { named: [] }
        places.set(name, place)
        place.named.push({ number, fingerprints })
      }
    }
  }
  return places
}

function namedBy (media: MediaView): string[] {
  const { connection, port } = media
  const candidates = candidatesOf(media).filter(({ transport }) => transport === 'udp').map(({ address, attribute }) =>
    nameOf({ address, port: Number(attribute.value.split(' ', 6)[5]) }))
  // Port 9 stands for none (RFC 8839 §4.2.1.2).
  return [...connection && port > 9 ? [nameOf({ address: connection.address, port })] : [], ...candidates]
}

function fingerprintsOf (sdp: SdpView, media: MediaView): string[] {
  const own = media.attributes.get('fingerprint') ?? sdp.session.attributes.get('fingerprint') ?? []
  return own.map(({ value }) => value.trim())
}

/** The numbers of the messages that name one of these places, as many as are told. */
export function naming (places: ReadonlyMap<string, Place>, names: readonly string[]): number[] {
  const numbers = names.flatMap((name) => places.get(name)?.named.map(({ number }) => number) ?? [])
  return [...new Set(numbers)].sort((one, other) => one - other).slice(0, 12)
}

/** Whether one of the fingerprints (RFC 8122 §5) is that of a certificate; undefined where none can be computed. */
export function isOfCertificate (fingerprints: readonly string[], certificate: Buffer): boolean | undefined {
  const known = fingerprints.flatMap((fingerprint) => {
    const [algorithm = '', value = ''] = fingerprint.split(' ', 2)
    const hash = hashes.get(algorithm.toLowerCase())
    return hash === undefined ? [] : [createHash(hash).update(certificate).digest('hex') === value.replaceAll(':', '').toLowerCase()]
  })
  return known.length === 0 ? undefined : known.some((isOwn) => isOwn)
}

const hashes = new Map([['sha-1', 'sha1'], ['sha-256', 'sha256'], ['sha-384', 'sha384'], ['sha-512', 'sha512']])

/** `192.0.2.1:5004`, `[2001:db8::1]:5004`. */
export function nameOf ({ address, port }: End): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
