import { masked, type Finding } from '../finding.ts'
import type { DiagnosedCall, DiagnosedLeg, Sample } from './call.ts'
import { diagnose } from './diagnose.ts'
import type { FirstDecision } from './explanation.ts'
import type { CallReport } from './report.ts'

/** What one instance remembers of a call to explain it: every exchange with its SDP (masked), the samples, the findings. */
export interface CallHistory {
  callId: string
  /** Milliseconds since the epoch, like every time here. */
  startedAt: number
  earlyAnswerAt?: number
  answeredAt?: number
  endedAt?: number
  lostAt?: number
  node?: string
  revision?: string
  refusal?: { status: number, reason?: string }
  /** The tag of who has hung up. */
  byeFrom?: string
  exchanges: Exchange[]
  samples: Sample[]
  findings: SeenFinding[]
  report?: CallReport
  /** Put in where a call is explained. */
  decision?: FirstDecision
}

/** One SDP on its way from a leg to the other. */
export interface Exchange {
  at: number
  command: 'offer' | 'answer'
  /** `INVITE`, `200 INVITE`; absent where the request did not come as SIP. */
  sip?: string
  /** Tag and profile of the leg that it came from, and of the one that it went to. */
  from: { tag: string, profile: string }
  to: { tag?: string, profile: string }
  /** The policy rules that matched, by name. */
  rules?: readonly string[]
  /** As it came and as it went on; keys are masked, and what is very long is cut. */
  sdpIn: string
  sdpOut: string
  /** The first speech codec of what came and of what went on, and whether what came had SRTP keys or a fingerprint. */
  codecIn?: string
  codec?: string
  isEncrypted: boolean
  wantsTranscoding: boolean
  /** The conformance rules that the SDP breaks as it came; absent where it breaks none. */
  findingsIn?: readonly Finding[]
  /** The conformance rules that the SDP breaks as it went on, and the ids of those that ngpilot mended in it. */
  findings: readonly Finding[]
  repaired?: readonly string[]
}

export interface SeenFinding { finding: Finding, firstAt: number, lastAt: number }

export const mostExchanges = 12
const mostSdpLength = 8192
/** The first one is kept: it is what later ones are compared with. */
export const mostSamples = 8

export function beginHistory (callId: string, startedAt: number): CallHistory {
  return { callId, startedAt, exchanges: [], samples: [], findings: [] }
}

/** As history keeps an SDP: without keys and passwords. A fingerprint is none (RFC 8122 §5). */
export function keptSdp (sdp: Buffer): string {
  return masked(sdp.toString('latin1').slice(0, mostSdpLength))
}

export function addExchange (history: CallHistory, exchange: Exchange): void {
  history.exchanges.push(exchange)
  // The first offer and answer say what the call was meant to be.
  if (history.exchanges.length > mostExchanges) history.exchanges.splice(2, 1)
}

export function addSample (history: CallHistory, sample: Sample): void {
  history.samples.push(sample)
  if (history.samples.length > mostSamples) history.samples.splice(1, 1)
}

/** Judges the call as it stands. @returns the findings that are new. */
export function judgeHistory (history: CallHistory, at: number, freePorts?: number): Finding[] {
  const fresh: Finding[] = []
  for (const finding of diagnose(diagnosedCall(history, freePorts))) {
    const known = history.findings.find(({ finding: other }) => other.id === finding.id && other.leg === finding.leg)
    if (known) Object.assign(known, { finding, lastAt: at })
    else {
      history.findings.push({ finding, firstAt: at, lastAt: at })
      fresh.push(finding)
    }
  }
  return fresh
}

export function diagnosedCall (history: CallHistory, freePorts?: number): DiagnosedCall {
  const { startedAt, earlyAnswerAt, answeredAt, endedAt, byeFrom, lostAt, refusal, samples, exchanges } = history
  const legs = legsOf(history)
  const quitter = legs.find(({ tag }) => tag === byeFrom)
  const again = exchanges.findLast(({ command, at }) => command === 'offer' && answeredAt !== undefined && at > answeredAt)
  const lastAnswerAt = exchanges.findLast(({ command }) => command === 'answer')?.at
  return {
    legs,
    samples,
    wantsTranscoding: exchanges.findLast(({ command }) => command === 'offer')?.wantsTranscoding ?? false,
    ...earlyAnswerAt !== undefined && { earlyAnswerAt },
    ...answeredAt !== undefined && { answeredAt },
    ...lostAt !== undefined && { lostAt },
    ...refusal && { refusal },
    ...quitter && lastAnswerAt !== undefined && endedAt !== undefined && {
      hangUp: { role: quitter.role, seconds: (endedAt - lastAnswerAt) / 1000 },
    },
    ...again && { renegotiatedAfter: (again.at - startedAt) / 1000 },
    ...freePorts !== undefined && { freePorts },
  }
}

/** A late offer is the callee's, in its 200, and the answer to it the caller's, in its ACK or PRACK. */
function isSentByCaller ({ command, sip = '' }: Exchange): boolean {
  return command === 'offer' ? !/^\d/.test(sip) : /^(?:PR)?ACK/.test(sip)
}

/** The caller, who made the first offer, and the callee: of several the one that answered last. */
export function legsOf ({ exchanges }: CallHistory): DiagnosedLeg[] {
  const [first] = exchanges
  if (!first) return []
  const isOfCaller = isSentByCaller(first)
  const caller = (isOfCaller ? first.from.tag : first.to.tag) ?? ''
  const tagsOf = ({ from, to }: Exchange) => [from.tag, to.tag]
  const callee = exchanges.flatMap(tagsOf).findLast((tag) => tag !== undefined && tag !== caller)
  const leg = (tag: string | undefined, role: DiagnosedLeg['role'], profile: string): DiagnosedLeg => {
    const sent = exchanges.findLast((each) => each.from.tag === tag)
    const got = exchanges.findLast((each) => each.to.tag === tag || (role === 'callee' && each.to.tag === undefined))
    const answer = exchanges.findLast((each) => each.command === 'answer' && (each.to.tag === tag || each.from.tag === tag))
    const agreedCodec = answer?.from.tag === tag ? answer?.codecIn : answer?.codec
    return {
      tag: tag ?? '',
      role,
      profile: sent?.from.profile ?? got?.to.profile ?? profile,
      ...agreedCodec !== undefined && { agreedCodec },
      ...sent && { isEncrypted: sent.isEncrypted },
      ...got && { findings: got.findings },
    }
  }
  const [callerProfile, calleeProfile] = isOfCaller
    ? [first.from.profile, first.to.profile]
    : [first.to.profile, first.from.profile]
  return [leg(caller, 'caller', callerProfile), leg(callee, 'callee', calleeProfile)]
}
