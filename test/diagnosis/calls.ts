import { readFileSync } from 'node:fs'
import type { DiagnosedCall } from '../../src/diagnosis/call.ts'
import { mediaReportOf, type MediaReport } from '../../src/ng/media-report.ts'
import type { NgReply } from '../../src/ng/types.ts'

/** A real reply of rtpengine's to `query`, of a call that was healthy or broken on purpose as the file's name says. */
export function queryReply (name: string): MediaReport {
  const file = new URL(`../data/query/${name}.json`, import.meta.url)
  return mediaReportOf(JSON.parse(readFileSync(file, 'utf8')) as NgReply)
}

/** A call of the legs A (caller) and B, answered when it was created and sampled when the last packet of all came. */
export function callOf (media: MediaReport, more: Partial<DiagnosedCall> = {}): DiagnosedCall {
  const packetTimes = media.legs.flatMap((leg) => leg.media.map(({ rtp }) => rtp.lastPacketAt ?? 0))
  const last = Math.max(media.createdAt + 6000, ...packetTimes)
  return {
    legs: [{ tag: 'A', role: 'caller', profile: 'browser' }, { tag: 'B', role: 'callee', profile: 'phone' }],
    answeredAt: media.createdAt,
    samples: [{ at: last, media }],
    ...more,
  }
}
