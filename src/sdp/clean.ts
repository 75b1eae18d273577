import { withOneConnection } from './connection.ts'
import type { Sdp } from './sdp.ts'

/** What WebRTC needs and a SIP phone must not see: ICE, DTLS, BUNDLE, JSEP's naming of tracks, AVPF, header extensions. */
const leftovers = new Set([
  'candidate', 'end-of-candidates', 'remote-candidates', 'ice-ufrag', 'ice-pwd', 'ice-options', 'ice-lite', 'ice-mismatch',
  'ice-pacing', 'fingerprint', 'setup', 'connection', 'tls-id', 'group', 'bundle-only', 'mid', 'msid', 'msid-semantic',
  'ssrc', 'ssrc-group', 'rid', 'simulcast', 'extmap', 'extmap-allow-mixed', 'rtcp-fb', 'rtcp-rsize', 'rtcp-xr',
  'rtcp-mux', 'rtcp-mux-only',
])

/**
 * The SDP as a SIP leg may see it: without the attributes that rtpengine leaves in when it turns WebRTC into plain RTP or
 * SDES, with one plain c=. a=crypto stays. m-lines keep their number and order.
 *
 * @param role An answer keeps a=rtcp-mux: it has one only where the SIP side offered it, and rtpengine counts on it.
 */
export function cleanForSip ({ session, media }: Sdp, role: 'offer' | 'answer' = 'offer'): Sdp {
  const stays = (line: string) => !isLeftover(line) || (role === 'answer' && line === 'a=rtcp-mux')
  return withOneConnection({
    session: session.filter(stays),
    media: media.map((part) => ({ ...part, lines: part.lines.filter(stays) })),
  })
}

function isLeftover (line: string): boolean {
  if (!line.startsWith('a=')) return false
  const colon = line.indexOf(':')
  const name = colon < 0 ? line.slice(2) : line.slice(2, colon)
  // Browsers write `a=rtcp:9 IN IP4 0.0.0.0` as a placeholder (RFC 9429 §5.2.1).
  return leftovers.has(name) || (name === 'rtcp' && /^[09](?: |$)/.test(line.slice(colon + 1)))
}
