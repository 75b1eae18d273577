import type { Logger } from './log.ts'
import type { deleteLosses, Metrics, ngResults } from './metrics.ts'
import { beginSeries, endSeries } from './node-series.ts'

/** Of the policy's lint. */
interface Finding { file: string, line: number, column: number, severity: 'error' | 'warning', code: string, message: string }

/** What the NG client tells while it works. */
export function ngObserver (metrics: Metrics) {
  return {
    command (node: string, command: string, result: typeof ngResults[number], seconds: number) {
      metrics.ngCommands.inc({ node, command, result })
      // A silence, or a wait in vain for a turn, is no round trip.
      if (result === 'ok' || result === 'error') metrics.ngRoundTrip.observe({ node }, seconds)
    },
    sent: (node: string, transport: string, bytes: number) => metrics.ngMessageBytes.observe({ node, transport }, bytes),
    retransmission: (node: string) => metrics.ngRetransmissions.inc({ node }),
    lateReply: (node: string) => metrics.ngLateReplies.inc({ node }),
    malformed: (node: string) => metrics.ngMalformed.inc({ node }),
  }
}

/** What the call store tells of each operation. */
export function storeObserver (metrics: Metrics) {
  return {
    operation (operation: string, result: 'ok' | 'error', seconds: number) {
      metrics.storeOperations.inc({ operation, result })
      metrics.storeDuration.observe({ operation }, seconds)
    },
  }
}

/** What is told of a call store that goes away and comes back. */
export function resilienceObserver (metrics: Metrics, log: Pick<Logger, 'info' | 'warn'>) {
  return {
    away (reason: string) {
      metrics.storeDegraded.set(1)
      log.warn({ reason }, 'the call store is away; calls go on from memory')
    },
    back (awayMs: number) {
      metrics.storeDegraded.set(0)
      log.info({ awayMs: Math.round(awayMs) }, 'the call store is back and has got what it missed')
    },
    waiting: (calls: number) => metrics.storeWaiting.set(calls),
    lost: () => metrics.storeLost.inc(),
    restored: () => metrics.storeRestored.inc(),
  }
}

/** What an ingress tells of each request that it answered. */
export function requestObserver (metrics: Metrics) {
  return {
    answered (ingress: string, command: string, result: string, seconds: number) {
      metrics.requests.inc({ ingress, command, result })
      metrics.requestDuration.observe({ ingress, command, result }, seconds)
    },
  }
}

/** What is told of the requests that wait for their turn. */
export function admissionObserver (metrics: Metrics) {
  return {
    waited: (seconds: number) => metrics.requestWait.observe(seconds),
    waiting: (count: number) => metrics.requestsWaiting.set(count),
  }
}

/** What the NG ingress tells beside that. */
export function ngRequestObserver (metrics: Metrics) {
  return {
    ...requestObserver(metrics),
    repeated: () => metrics.ngRepeated.inc(),
    ignored: (reason: 'no cookie' | 'not allowed') => metrics.ngIgnored.inc({ reason }),
  }
}

/** What the fleet tells of its nodes. */
export function fleetObserver (metrics: Metrics, log: Pick<Logger, 'info' | 'warn'>) {
  return {
    state ({ node, from, to, reason, text }: { node: string, from: string, to: string, reason: string, text: string }) {
      metrics.nodeStateChanges.inc({ node, state: to })
      log[to === 'down' || to === 'suspect' ? 'warn' : 'info']({ node, from, to, reason }, text)
    },
    busy (node: string, reason: string) {
      metrics.nodeBusy.inc({ node })
      log.warn({ node, reason }, `rtpengine ${node} takes no new calls for now: ${reason}`)
    },
    panic: (set: string, isPanic: boolean, text: string) => log[isPanic ? 'warn' : 'info']({ set, isPanic }, text),
    membership ({ node, change, text }: { node: string, change: string, text: string }) {
      if (change === 'added') beginSeries(metrics, node)
      if (change === 'forgotten') void endSeries(metrics, node)
      log.info({ node, change }, text)
    },
  }
}

/** What is told of the sharing of what operators want of nodes. */
export function willsObserver (log: Pick<Logger, 'info' | 'warn'>) {
  return {
    asked (problem: string | undefined) {
      if (problem === undefined) log.info('drained and disabled nodes are shared with other instances again')
      else log.warn({ problem }, 'which nodes are drained or disabled is not shared with other instances now')
    },
  }
}

/** What the sources of nodes beside the list tell. */
export function discoveryObserver (metrics: Metrics, log: Pick<Logger, 'info' | 'warn'>) {
  return {
    asked (source: string, problem: string | undefined, isNew: boolean) {
      metrics.discoveryReads.inc({ source, result: problem === undefined ? 'ok' : 'failed' })
      if (!isNew) return
      if (problem === undefined) log.info({ source }, 'discovery answers again')
      else log.warn({ source, problem }, 'discovery has no whole answer; what it cannot tell stays as it was before')
    },
  }
}

/** What the search for calls that nobody owns tells. */
export function orphansObserver (metrics: Metrics, log: Pick<Logger, 'warn'>) {
  return {
    reaped (node: string, callId: string) {
      metrics.orphansReaped.inc({ node })
      log.warn({ node, callId }, 'a call that nobody owns is ended')
    },
    kept: (node: string, count: number) => metrics.orphansKept.set({ node }, count),
  }
}

/** What the deletes owed to nodes tell. */
export function deletesObserver (metrics: Metrics, log: Pick<Logger, 'warn'>) {
  return {
    owed: (count: number) => metrics.deletesOwed.set(count),
    lost (node: string, reason: typeof deleteLosses[number]) {
      metrics.deletesLost.inc({ node, reason })
      log.warn({ node, reason }, 'delete given up; the node holds the call until its own timeout')
    },
  }
}

/** What the calls tell of each policy decision and of each finding in an SDP. */
export function callObserver (metrics: Metrics, log: Pick<Logger, 'info'>) {
  return {
    decided: (command: string, sender: string, receiver: string, revision: string) => {
      metrics.decisions.inc({ command, sender, receiver, revision })
    },
    found ({ finding, action, ...where }: FoundInCall) {
      metrics.findings.inc({ finding: finding.id, profile: where.profile, action })
      // What rtpengine leaves behind in every call is counted; a line for it would drown the rest.
      if (action === 'repair' || finding.severity === 'note') return
      const { id, severity, detail, evidence } = finding
      log.info({ ...where, finding: id, severity, action, ...detail !== undefined && { detail }, evidence }, finding.title)
    },
  }
}

interface FoundInCall {
  callId: string
  profile: string
  direction: string
  finding: { id: string, severity: string, title: string, detail?: string, evidence: object[] }
  action: string
}

/** What happens to calls by itself. */
export function callEventsObserver (metrics: Metrics, log: Pick<Logger, 'info' | 'error'>) {
  return {
    happened (event: { event: string, digit?: string }) {
      metrics.callEvents.inc({ event: event.event })
      // Digits are PINs and card numbers.
      log.info({ ...event, ...(event.digit !== undefined && { digit: '[hidden]' }) }, 'call event')
    },
    failed: (error: unknown) => log.error({ err: error }, 'a subscriber of call events failed'),
  }
}

/** What the DTMF ingress tells. */
export function dtmfObserver (metrics: Metrics, log: Pick<Logger, 'info' | 'warn'>) {
  return {
    told: (result: string) => metrics.dtmfEvents.inc({ result }),
    connection (rtpengine: string, isUp: boolean, reason?: string) {
      if (isUp) log.info({ rtpengine }, 'hears of DTMF')
      else log.warn({ rtpengine, reason }, 'does not hear of DTMF; trying again')
    },
  }
}

/** What the evapi ingress tells of its connections. */
export function evapiObserver (metrics: Metrics, log: Pick<Logger, 'info' | 'warn'>) {
  return {
    connected (kamailio: string) {
      metrics.evapiUp.set({ kamailio }, 1)
      metrics.evapiConnects.inc({ kamailio })
      log.info({ kamailio }, 'connected to Kamailio')
    },
    disconnected (kamailio: string, reason: string) {
      metrics.evapiUp.set({ kamailio }, 0)
      log.warn({ kamailio, reason }, 'not connected to Kamailio; trying again')
    },
    frame: (kamailio: string, direction: 'in' | 'out') => metrics.evapiFrames.inc({ kamailio, direction }),
    lost: (kamailio: string, reason: string) => metrics.evapiLost.inc({ kamailio, reason }),
  }
}

/** What the webhook tells of the events that it posts. */
export function webhookObserver (metrics: Metrics, log: Pick<Logger, 'warn'>) {
  return {
    sent (result: 'ok' | 'rejected' | 'expired' | 'too many') {
      metrics.webhookEvents.inc({ result })
      if (result !== 'ok') log.warn({ result }, 'the webhook did not get an event')
    },
    queued: (count: number) => metrics.webhookQueued.set(count),
  }
}

/** What the policy tells when it is loaded, or refused. */
export function policyObserver (metrics: Metrics, log: Pick<Logger, 'error' | 'info' | 'warn'>) {
  return {
    loaded (revision: string) {
      metrics.policyInfo.reset()
      metrics.policyInfo.set({ revision }, 1)
      metrics.policyLoaded.setToCurrentTime()
      metrics.policyReloads.inc({ result: 'ok' })
      metrics.policyFallback.set(0)
      log.info({ revision }, 'policy loaded')
    },
    /** A series for each revision that there ever was would grow with every reload. */
    forgotten (revision: string) {
      void metrics.decisions.get().then(({ values }) => {
        for (const { labels } of values) if (labels.revision === revision) metrics.decisions.remove(labels)
      })
    },
    refused (problem: string) {
      metrics.policyReloads.inc({ result: 'invalid' })
      log.error({ problem }, 'policy refused; the one in force stays')
    },
    fellBack (revision: string, problem: string) {
      metrics.policyReloads.inc({ result: 'invalid' })
      metrics.policyFallback.set(1)
      log.error({ revision, problem }, 'policy refused at the start; the last good one serves')
    },
    troubled: (problem: string) => log.error({ problem }, 'policy in trouble'),
    doubted (revision: string, findings: readonly Finding[]) {
      const errors = findings.filter(({ severity }) => severity === 'error').length
      const first = findings.toSorted((one, other) => Number(other.severity === 'error') - Number(one.severity === 'error')).slice(0, 5)
      const texts = first.map(({ file, line, column, severity, code, message }) => `${file}:${line}:${column}: ${severity} ${code}: ${message}`)
      log.warn({ revision, errors, warnings: findings.length - errors, findings: texts }, 'the policy in force has findings; ngpilot policy check tells all')
    },
    candidate (result: string, detail: string) {
      metrics.policyCandidates.inc({ result })
      log[result === 'refused' ? 'error' : 'info']({ result, detail }, 'policy candidate')
    },
    shadowed (differences: readonly string[], where: object) {
      metrics.policyShadow.inc({ result: differences.length === 0 ? 'same' : 'different' })
      if (differences.length > 0) log.info({ ...where, differences }, 'the candidate decides otherwise')
    },
  }
}

/** What the diagnosis tells: each finding once a call, and the report of each call that has ended. */
export function diagnosisObserver (metrics: Metrics, log: Pick<Logger, 'info' | 'warn'>) {
  return {
    found ({ id, severity, title, leg, detail }: Told, { callId, node, caller, callee }: About) {
      metrics.callFindings.inc({ finding: id, severity, caller, callee })
      log[severity === 'error' ? 'warn' : 'info']({ callId, node, finding: id, severity, leg, detail }, title)
    },
    ended (report: EndedCall) {
      const labels = { caller: report.caller.profile, callee: report.callee.profile }
      if (report.durationSeconds > 0) metrics.callDuration.observe(labels, report.durationSeconds)
      for (const leg of ['caller', 'callee'] as const) {
        const { heard } = report[leg]
        if (!heard) continue
        metrics.callMos.observe({ ...labels, leg }, heard.mos)
        metrics.callLoss.observe({ ...labels, leg }, heard.lossPercent / 100)
        metrics.callJitter.observe({ ...labels, leg }, heard.jitterMs / 1000)
      }
      log.info(report, 'call ended')
    },
  }
}

interface Told { id: string, severity: string, title: string, leg?: string, detail?: string }
interface About { callId: string, node?: string, caller: string, callee: string }
interface EndedLeg { profile: string, heard?: { mos: number, lossPercent: number, jitterMs: number } }
interface EndedCall { callId: string, durationSeconds: number, caller: EndedLeg, callee: EndedLeg }
