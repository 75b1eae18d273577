import type { Counters, MediaReport, Quality } from '../ng/media-report.ts'
import { audioOf } from './call.ts'
import { legsOf, type CallHistory } from './history.ts'

/** What is known of a call that has ended: for the log, the webhook and the histograms. */
export interface CallReport {
  callId: string
  node?: string
  revision?: string
  /** From the final answer to the end; 0 for a call that nobody answered. */
  durationSeconds: number
  caller: LegReport
  callee: LegReport
  /** What was found while it was up, by rule. */
  findings: { id: string, severity: string, leg?: string, afterSeconds: number }[]
}

/** `received`: by the node, so what the leg sent. `heard`: what the leg says it got. */
export interface LegReport {
  profile: string
  codec?: string
  received?: Counters
  sent?: Counters
  heard?: Quality
  /** What cannot be told, and why: never a zero in its place. */
  notAvailable: Record<string, string>
}

const noReply = 'the node gave no figures at the end of the call, nor was it asked before'
const noReports = 'the endpoint or its peer sent no RTCP report that loss and round trip can be told from'
const ingressOnly = 'this version of rtpengine counts only what it receives'

/** @param final what the node said when the call was deleted; without it the last sample serves. */
export function reportOf (history: CallHistory, final: MediaReport | undefined): CallReport {
  const { callId, node, revision, startedAt, answeredAt, endedAt } = history
  const media = final && final.legs.length > 0 ? final : history.samples.at(-1)?.media
  const [caller, callee] = legsOf(history)
  const end = endedAt ?? startedAt
  return {
    callId,
    ...node !== undefined && { node },
    ...revision !== undefined && { revision },
    durationSeconds: answeredAt === undefined ? 0 : Math.max(0, secondsBetween(answeredAt, end)),
    caller: legReport(caller, media),
    callee: legReport(callee, media),
    findings: history.findings.map(({ finding: { id, severity, leg }, firstAt }) =>
      ({ id, severity, ...leg !== undefined && { leg }, afterSeconds: secondsBetween(answeredAt ?? startedAt, firstAt) })),
  }
}

const secondsBetween = (from: number, to: number): number => Math.round((to - from) / 100) / 10

export function legReport (
  leg: { tag: string, profile: string } | undefined, media: MediaReport | undefined,
): LegReport {
  const audio = media && leg && audioOf(media, leg.tag)
  const profile = leg?.profile ?? 'unknown'
  if (!audio) return { profile, notAvailable: { media: noReply } }
  const { codec, rtp: { received, sent, heard } } = audio
  return {
    profile,
    received,
    ...codec !== undefined && { codec },
    ...sent && { sent },
    ...heard && { heard },
    notAvailable: {
      ...codec === undefined && { codec: 'nothing came from this leg' },
      ...!sent && { sent: ingressOnly },
      ...!heard && { heard: noReports },
    },
  }
}
