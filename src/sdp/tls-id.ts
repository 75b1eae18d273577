import { createHash } from 'node:crypto'
import type { Sdp } from './sdp.ts'

/** RFC 8842 §4: 20 to 255 letters, digits, +, /, - and _. */
const prefix = 'a=tls-id:ngpilot-'

/**
 * Names the DTLS association of an SDP (RFC 8842 §4) where its sender does not, as no browser does. rtpengine from 11.3 on
 * takes new ICE credentials without a tls-id for a new association and ends the one that runs, which a browser that only
 * restarted ICE never begins anew: the call goes silent.
 *
 * A peer connection has one session id (RFC 9429 §5.2.1) and one fingerprint in all its offers and answers, so the name
 * made of them is the same as long as it is the same connection, on whichever instance, and another for a new one.
 */
export function withTlsId (sdp: Sdp): Sdp {
  const { session, media } = sdp
  const lines = [...session, ...media.flatMap((part) => part.lines)]
  const fingerprint = lines.find((line) => line.startsWith('a=fingerprint:'))
  if (fingerprint === undefined || lines.some((line) => line.startsWith('a=tls-id:'))) return sdp
  const [user, sessionId] = session.find((line) => line.startsWith('o='))?.split(' ') ?? []
  const id = createHash('sha256').update([user, sessionId, fingerprint.toLowerCase()].join(' ')).digest('base64url')
  return { session: [...session, `${prefix}${id}`], media }
}

/** Takes that name out of what the node wrote: rtpengine 10.5 hands it on, though the association is another. */
export function withoutTlsId ({ session, media }: Sdp): Sdp {
  const isOther = (line: string) => !line.startsWith(prefix)
  return {
    session: session.filter(isOther),
    media: media.map((part) => ({ ...part, lines: part.lines.filter(isOther) })),
  }
}
