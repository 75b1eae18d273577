import { isLive, midOf } from './mline.ts'
import type { Sdp } from './sdp.ts'

/** Whether the SDP offers or accepts BUNDLE (RFC 9143). */
export function hasBundle ({ session }: Sdp): boolean {
  return session.some((line) => line.startsWith('a=group:BUNDLE'))
}

/**
 * Says BUNDLE for the only live m-line, where nothing says it yet: for an offer to a browser, and for an answer to one whose
 * offer had it (RFC 9143 §7.3; a group that was not offered makes the answer invalid).
 *
 * rtpengine drops the group, and a browser with the policy `max-bundle` refuses offer and answer without it, even for one
 * m-line (Chromium: "Answer cannot remove m= section with mid='0' from already-established BUNDLE group"). With two live
 * m-lines it would be untrue: rtpengine gives each its own port.
 */
export function withBundle (sdp: Sdp): Sdp {
  const live = sdp.media.filter(isLive)
  const [mid] = live.length === 1 ? live.map(midOf) : []
  if (mid === undefined || hasBundle(sdp)) return sdp
  return { session: [...sdp.session, `a=group:BUNDLE ${mid}`], media: sdp.media }
}
