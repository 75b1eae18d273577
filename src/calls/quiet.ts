import type { MediaReport } from '../ng/media-report.ts'

/**
 * When rtpengine's `timeout` is over for all streams of a call that are open, if nothing more comes, as rtpengine itself
 * would judge; Infinity where it would wait for longer. 10.5 and 12.5 do not judge so once a branch has been deleted: closed
 * streams count as those of a call on hold, for `silent-timeout` (an hour). 26.0 does.
 */
export function quietAt ({ createdAt, lastSignalAt, legs }: MediaReport, timeoutMs: number): number {
  const streams = legs.flatMap(({ tag, media }) => media.map((each) => ({ ...each, isRinging: tag === '' })))
  // What was deleted is listed still, with its ports closed.
  const open = streams.filter(({ rtp }) => rtp.port > 0)
  // A party that has not answered may ring for longer; one that is on hold may be silent for longer.
  const mayWait = open.some(({ maySend, isRinging }) => !maySend || isRinging)
  if (open.length === 0 || mayWait) return Infinity
  const packets = open.flatMap(({ rtp, rtcp }) => [rtp.lastPacketAt ?? 0, rtcp?.lastPacketAt ?? 0])
  return Math.max(createdAt, lastSignalAt, ...packets) + timeoutMs
}

/** All that came from all parties so far: what does not grow is not there, whatever the node's clock says. */
export function packetsOf ({ legs }: MediaReport): number {
  const streams = legs.flatMap(({ media }) => media).flatMap(({ rtp, rtcp }) => rtcp ? [rtp, rtcp] : [rtp])
  return streams.reduce((sum, { received }) => sum + received.packets, 0)
}
