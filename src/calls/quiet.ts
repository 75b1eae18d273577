import type { MediaReport, StreamReport } from '../ng/media-report.ts'

/**
 * Whether rtpengine's `timeout` is over for all streams of a call that are open, as rtpengine itself would judge. 10.5 and
 * 12.5 do not once a branch has been deleted: closed streams count as those of a call on hold, for `silent-timeout` (an
 * hour). 26.0 does.
 */
export function isQuiet ({ createdAt, lastSignalAt, legs }: MediaReport, now: number, timeoutMs: number): boolean {
  const streams = legs.flatMap(({ tag, media }) => media.map((each) => ({ ...each, isRinging: tag === '' })))
  // What was deleted is listed still, with its ports closed.
  const open = streams.filter(({ rtp }) => rtp.port > 0)
  // A party that has not answered may ring for longer; one that is on hold may be silent for longer.
  const mayWait = open.some(({ maySend, isRinging }) => !maySend || isRinging)
  const begunAt = Math.max(createdAt, lastSignalAt)
  const isOver = ({ lastPacketAt = 0 }: StreamReport) => Math.max(begunAt, lastPacketAt) + timeoutMs < now
  return open.length > 0 && !mayWait && open.every(({ rtp, rtcp }) => isOver(rtp) && (rtcp === undefined || isOver(rtcp)))
}

/** All that came from all parties so far: what does not grow is not there, whatever the node's clock says. */
export function packetsOf ({ legs }: MediaReport): number {
  const streams = legs.flatMap(({ media }) => media).flatMap(({ rtp, rtcp }) => rtcp ? [rtp, rtcp] : [rtp])
  return streams.reduce((sum, { received }) => sum + received.packets, 0)
}
