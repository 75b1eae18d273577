import type { Sdp } from './sdp.ts'

/**
 * The SDP without the SSRCs that a phone announced. rtpengine sends what it transcodes with an SSRC of its own and (10.5)
 * leaves the phone's in the SDP: a browser then waits for that one and plays nothing. Without any, it plays what comes.
 */
export function withoutSsrc (sdp: Sdp): Sdp {
  const media = sdp.media.map((each) => ({ ...each, lines: each.lines.filter((line) => !/^a=ssrc(-group)?:/.test(line)) }))
  return { ...sdp, media }
}
