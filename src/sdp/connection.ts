import type { Sdp } from './sdp.ts'

/**
 * One plain c= for the session where all live m-lines have the same one, as SIP phones write it themselves; each m-line
 * its own where they differ (RFC 8866 §5.7). rtpengine writes c= into the m-lines, and beside it keeps that of the session.
 */
export function withOneConnection (sdp: Sdp): Sdp {
  const ofSession = sdp.session.find(isConnection)
  const ofMedia = sdp.media.map(({ lines }) => lines.find(isConnection) ?? ofSession)
  const live = new Set(ofMedia.filter((_, index) => sdp.media[index]?.port !== 0))
  const [shared] = live.size === 1 ? live : []
  const session = sdp.session.filter((line) => !isConnection(line))
  if (shared !== undefined) session.splice(connectionPlace(session), 0, shared)
  const media = sdp.media.map((part, index) => {
    const own = shared === undefined ? ofMedia[index] : undefined
    const lines = part.lines.filter((line) => !isConnection(line))
    if (own !== undefined) lines.splice(connectionPlace(lines), 0, own)
    return { ...part, lines }
  })
  return { session, media }
}

function isConnection (line: string): boolean {
  return line.startsWith('c=')
}

/** After v, o, s, i, u, e and p or after m and i: before the first line of another kind (RFC 8866 §9). */
function connectionPlace (lines: string[]): number {
  const next = lines.findIndex((line) => !'vosiuepm'.includes(line.charAt(0)))
  return next < 0 ? lines.length : next
}
