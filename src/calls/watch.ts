import { addExchange, addSample, type CallHistory, type Exchange, judgeHistory, keptSdp } from '../diagnosis/history.ts'
import { type CallReport, reportOf } from '../diagnosis/report.ts'
import type { Finding } from '../finding.ts'
import type { MediaReport } from '../ng/media-report.ts'
import type { NgDictionary, NgValue } from '../ng/types.ts'
import type { Decision } from '../policy/types.ts'
import { audioCodecs } from '../sdp/codecs.ts'
import type { SdpFacts } from '../sdp/facts.ts'
import type { Sdp } from '../sdp/sdp.ts'
import type { Histories } from './histories.ts'
import type { MediaRequest } from './request.ts'
import type { Sampler } from './sampler.ts'

export interface WatchDeps {
  histories: Histories
  sampler: Pick<Sampler, 'watch' | 'forget'>
  /** How many ports a node has left; undefined: it has not said. */
  freePortsOf: (node: string) => number | undefined
  found: (finding: Finding, history: CallHistory) => void
  ended: (report: CallReport, history: CallHistory) => void
}

/** An SDP that has gone from one leg to the other. */
export interface Passed {
  /** Its tags follow the offer: in an answer the to-tag is the sender's. */
  request: Pick<MediaRequest, 'callId' | 'fromTag' | 'toTag' | 'sip'> & { sdp: Buffer }
  command: 'offer' | 'answer'
  decision: Decision
  /** What came says, and what went on. */
  came: SdpFacts | undefined
  went: { sdp: Sdp, bytes: Buffer }
  node: string
  /** What came has these, and what went on those. */
  findingsIn?: readonly Finding[]
  findings?: readonly Finding[]
  repaired?: readonly string[]
}

export type Watch = ReturnType<typeof createWatch>

/**
 * Follows each call from the outside: what went through the verbs, what the node says of its media, and what it was like in
 * the end. Nothing here may fail a request.
 */
export function createWatch ({ histories, sampler, freePortsOf, found, ended }: WatchDeps) {
  function judge (history: CallHistory): void {
    const freePorts = history.node === undefined ? undefined : freePortsOf(history.node)
    for (const finding of judgeHistory(history, Date.now(), freePorts)) found(finding, history)
  }

  return {
    /** An offer or answer has gone through. */
    exchanged (passed: Passed): void {
      const { request: { callId, sip }, command, node, decision } = passed
      const at = Date.now()
      const history = histories.live(callId) ?? histories.begin(callId, at)
      addExchange(history, exchangeOf(passed, at))
      history.node = node
      history.revision = decision.revision
      if (command === 'offer') return
      if (sip?.status !== undefined && sip.status < 200) history.earlyAnswerAt ??= at
      else history.answeredAt ??= at
      if (histories.live(callId)) sampler.watch(callId, node)
    },

    /** The call is over; `status`: of the final failure that has ended it; `byeFrom`: the tag of who has hung up. */
    over (callId: string, { status, byeFrom }: { status?: number | undefined, byeFrom?: string | undefined }): void {
      const history = histories.live(callId)
      if (!history) return
      sampler.forget(callId)
      history.endedAt ??= Date.now()
      if (status !== undefined && history.answeredAt === undefined) history.refusal = { status }
      if (byeFrom !== undefined) history.byeFrom = byeFrom
      judge(history)
    },

    /** Another instance has ended the call, and has its final report. */
    endedElsewhere (callId: string, at: number): void {
      const history = histories.live(callId)
      if (!history) return
      history.endedAt ??= at
      histories.end(callId)
    },

    /** The node was asked: `media` is undefined when it does not know the call. */
    sampled (callId: string, media: MediaReport | undefined): void {
      const history = histories.live(callId)
      if (!history) return
      if (media) addSample(history, { at: Date.now(), media })
      else history.lostAt = Date.now()
      judge(history)
    },

    /** Whether the call will have a final report. */
    isFollowed: (callId: string): boolean => histories.live(callId) !== undefined,

    /** The node has carried the delete out, with these figures, or never will. */
    finished (callId: string, final: MediaReport | undefined): void {
      const history = histories.live(callId)
      if (!history?.endedAt) return
      histories.end(callId)
      history.report = reportOf(history, final)
      ended(history.report, history)
    },
  }
}

function exchangeOf (passed: Passed, at: number): Exchange {
  const { request: { fromTag, toTag, sdp, sip }, command, decision, came, went } = passed
  const { findingsIn = [], findings = [], repaired = [] } = passed
  const [senderTag = '', receiverTag] = command === 'offer' ? [fromTag, toTag] : [toTag, fromTag]
  const { flags, rules } = decision
  const [codecIn, codec] = [came?.codecs ?? [], audioCodecs(went.sdp)].map(speechCodec)
  const wanted = isDictionary(flags.codec) ? flags.codec : {}
  return {
    at,
    command,
    ...sip && { sip: sip.status === undefined ? sip.method : `${sip.status} ${sip.method}` },
    from: { tag: senderTag, profile: decision.sender.name },
    to: { ...receiverTag !== undefined && { tag: receiverTag }, profile: decision.receiver.name },
    rules,
    sdpIn: keptSdp(sdp),
    sdpOut: keptSdp(went.bytes),
    ...codecIn !== undefined && { codecIn },
    ...codec !== undefined && { codec },
    isEncrypted: came !== undefined && (came.hasDtls || came.hasSdes),
    wantsTranscoding: wanted.consume !== undefined,
    ...findingsIn.length > 0 && { findingsIn },
    findings,
    repaired,
  }
}

/** The first that is for speech. */
function speechCodec (codecs: readonly { name: string }[]): string | undefined {
  return codecs.find(({ name }) => !/^(telephone-event|CN|red)$/i.test(name))?.name
}

function isDictionary (value: NgValue | undefined): value is NgDictionary {
  return typeof value === 'object' && !Array.isArray(value) && !Buffer.isBuffer(value)
}
