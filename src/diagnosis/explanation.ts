import type { MediaReport } from '../ng/media-report.ts'
import type { Finding } from '../finding.ts'
import { legsOf, type CallHistory, type Exchange } from './history.ts'
import { legReport, type CallReport, type LegReport } from './report.ts'

/** All that is known of one call, for a person who has ten minutes. Times: milliseconds since the epoch. */
export interface CallExplanation {
  callId: string
  state: 'up' | 'ringing' | 'ended'
  node?: string
  revision?: string
  startedAt: number
  answeredAt?: number
  endedAt?: number
  legs: { role: string, tag: string, profile: string, agreedCodec?: string }[]
  /** Of the first offer; absent where the instance that decided does not remember. */
  decision?: FirstDecision
  /** Gravest first. */
  findings: (Finding & { firstAt: number, lastAt: number })[]
  timeline: TimelineLine[]
  /** By leg, in the order of `legs`. */
  media: MediaLine[]
  exchanges: Exchange[]
  report?: CallReport
}

/** Why a leg has its profile, or that a rule matched. `place`: file, line and column in the policy. */
export interface DecisionReason { name: string, why: string, place?: string }

/** What the policy made of the first offer, and why. `asked`: of rtpengine, in words. */
export interface FirstDecision { caller: DecisionReason, callee: DecisionReason, rules: DecisionReason[], asked: string }

export interface TimelineLine { at: number, event: string, detail?: string }
export interface MediaLine extends LegReport { role: string, endpoint?: string }

/** @param timeline what the call's record has of its own, where the store still knows it. */
export function explanationOf (history: CallHistory, timeline: readonly TimelineLine[] = []): CallExplanation {
  const { callId, node, revision, startedAt, answeredAt, endedAt, exchanges, report, decision } = history
  const media = history.samples.at(-1)?.media
  const legs = legsOf(history)
  return {
    callId,
    state: endedAt !== undefined ? 'ended' : answeredAt !== undefined ? 'up' : 'ringing',
    ...node !== undefined && { node },
    ...revision !== undefined && { revision },
    startedAt,
    ...answeredAt !== undefined && { answeredAt },
    ...endedAt !== undefined && { endedAt },
    legs: legs.map(({ role, tag, profile, agreedCodec }) =>
      ({ role, tag, profile, ...agreedCodec !== undefined && { agreedCodec } })),
    ...decision && { decision },
    findings: history.findings.map(({ finding, firstAt, lastAt }) => ({ ...finding, firstAt, lastAt })),
    timeline: timelineOf(history, timeline),
    media: legs.map((leg) => mediaLine(leg, report?.[leg.role], media)),
    exchanges,
    ...report && { report },
  }
}

function timelineOf (history: CallHistory, recorded: readonly TimelineLine[]): TimelineLine[] {
  const { exchanges, findings, endedAt, lostAt, refusal } = history
  const lines: TimelineLine[] = [
    ...exchanges.map(({ at, command, sip, from, to, rules = [] }) => ({
      at, event: command,
      detail: `${from.profile} → ${to.profile}${sip === undefined ? '' : `, in ${sip}`}${rules.length > 0 ? `, by ${rules.join(', ')}` : ''}`,
    })),
    ...findings.map(({ finding: { id, title, leg }, firstAt }) =>
      ({ at: firstAt, event: id, detail: leg === undefined ? title : `${title}, ${leg}` })),
    ...lostAt === undefined ? [] : [{ at: lostAt, event: 'lost', detail: 'the node does not know the call any more' }],
    ...endedAt === undefined ? [] : [{ at: endedAt, event: 'end', ...refusal && { detail: `refused with ${refusal.status}` } }],
  ]
  // The record has the exchanges too, and what other instances did.
  const isKnown = ({ event, at }: TimelineLine) =>
    lines.some((line) => line.event === event && Math.abs(line.at - at) < 1000)
  return [...lines, ...recorded.filter((line) => !isKnown(line))].sort((one, other) => one.at - other.at)
}

function mediaLine (
  leg: ReturnType<typeof legsOf>[number], reported: LegReport | undefined, media: MediaReport | undefined,
): MediaLine {
  const endpoint = media?.legs.find(({ tag }) => tag === leg.tag)?.media[0]?.rtp.endpoint
  return { role: leg.role, ...reported ?? legReport(leg, media), ...endpoint && { endpoint: `${endpoint.address}:${endpoint.port}` } }
}
