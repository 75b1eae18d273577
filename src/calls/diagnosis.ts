import { explanationOf, type CallExplanation } from '../diagnosis/explanation.ts'
import { legsOf, type CallHistory } from '../diagnosis/history.ts'
import { historyIn, mergedHistory } from '../diagnosis/merged-history.ts'
import type { CallReport } from '../diagnosis/report.ts'
import { NgpilotError } from '../errors.ts'
import type { Finding } from '../finding.ts'
import { queryCommand } from '../ng/commands.ts'
import { mediaReportOf } from '../ng/media-report.ts'
import type { Peers } from '../state/peers.ts'
import type { DecisionExplanation } from '../policy/explanation.ts'
import { firstDecision } from './first-decision.ts'
import type { CallDeps } from './deps.ts'
import type { CallEvents } from './events.ts'
import { Histories } from './histories.ts'
import { Sampler } from './sampler.ts'
import { createWatch, type Watch } from './watch.ts'

export interface DiagnosisOptions {
  queriesPerSecond: number
  everySeconds: number
  keptCalls: number
  /** How many ports a node has left; undefined: it has not said. */
  freePortsOf: (node: string) => number | undefined
  observer: DiagnosisObserver
  /** The decisions on a call that this instance remembers, the oldest first. */
  decisionsOn: (callId: string) => readonly DecisionExplanation[]
  /** The other instances that share the store; absent: it is not shared. They ask each other by call-id. */
  peers?: Pick<Peers, 'about'>
}

export interface DiagnosisObserver {
  found (finding: Finding, about: { callId: string, node?: string, caller: string, callee: string }): void
  ended (report: CallReport): void
}

export interface Diagnosis {
  watch: Watch
  /** @throws NgpilotError `call_unknown` when no instance has a history of the call. */
  explain (callId: string): Promise<CallExplanation>
  close (): void
}

const queryMs = 300

/** The diagnosis of live calls: what each went through, how its media fares, what is wrong and how to mend it. */
export function createDiagnosis (
  { ng, fleet, store, events }: Pick<CallDeps, 'ng' | 'fleet' | 'store'> & { events: Pick<CallEvents, 'emit'> }, options: DiagnosisOptions,
): Diagnosis {
  const { observer, freePortsOf, decisionsOn } = options
  const histories = new Histories(options.keptCalls)
  const sampler = new Sampler({
    ng,
    nodeOf: (id) => fleet.reachable().find((node) => node.id === id),
    perSecond: options.queriesPerSecond,
    everySeconds: options.everySeconds,
    sampled: (callId, media) => {
      if (media) watch.sampled(callId, media)
      else void unknownToNode(callId).catch(() => undefined)
    },
  })
  const watch = createWatch({ histories, sampler, freePortsOf, found, ended })

  /** The node has given the call up, unless another instance has ended it. */
  async function unknownToNode (callId: string): Promise<void> {
    const record = await store.recall(callId)
    if (record && record.endedAt === undefined) watch.sampled(callId, undefined)
    else watch.endedElsewhere(callId, record?.endedAt ?? Date.now())
  }

  function found (finding: Finding, history: CallHistory): void {
    const { callId, node } = history
    const [caller, callee] = legsOf(history)
    observer.found(finding, {
      callId, caller: caller?.profile ?? 'unknown', callee: callee?.profile ?? 'unknown', ...node !== undefined && { node },
    })
    if (history.endedAt !== undefined) return
    const detail = finding.leg === undefined ? finding.title : `${finding.title}, ${finding.leg}`
    void store.save(callId, { event: { at: Date.now(), event: finding.id, detail } }).catch(() => undefined)
  }

  function ended (report: CallReport, history: CallHistory): void {
    observer.ended(report)
    const tags = legsOf(history).map(({ tag }) => tag).filter((tag) => tag !== '')
    events.emit({ event: 'report', callId: report.callId, node: report.node ?? '', tags, at: history.endedAt ?? Date.now(), report: { ...report } })
  }

  /** What this instance has of the call; of one that is up as it is now. */
  async function ownHistory (callId: string): Promise<CallHistory | undefined> {
    const history = histories.find(callId)
    if (history?.endedAt === undefined && history?.node !== undefined) {
      await ng.send(fleet.pinned(history.node), queryCommand({ callId }), { deadline: performance.now() + queryMs })
        .then((reply) => watch.sampled(callId, mediaReportOf(reply)), () => undefined)
    }
    const [first] = decisionsOn(callId)
    return history && first ? { ...history, decision: firstDecision(first) } : history
  }

  const askOthers = options.peers?.about('history', async (callId) => {
    const history = await ownHistory(callId)
    return history && JSON.stringify(history)
  })

  return {
    watch,
    async explain (callId) {
      const [record, own, told = []] = await Promise.all([
        store.find(callId).catch(() => undefined), ownHistory(callId), askOthers?.(callId),
      ])
      const [first, ...others] = [...own ? [own] : [], ...told.flatMap((text) => historyIn(text, callId) ?? [])]
      if (!first) {
        throw new NgpilotError('call_unknown', `${askOthers ? 'no instance that answers has a' : 'this instance has no'} history of the call: it ended long ago, or never was here`)
      }
      return explanationOf(mergedHistory(first, others), record?.timeline)
    },
    close: () => { sampler.close() },
  }
}
