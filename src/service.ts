import { createCalls } from './calls/calls.ts'
import { Deletes } from './calls/deletes.ts'
import { createDiagnosis } from './calls/diagnosis.ts'
import { CallEvents } from './calls/events.ts'
import { Losses } from './calls/losses.ts'
import { Orphans, type OrphansOptions } from './calls/orphans.ts'
import { createTellLost } from './calls/tell-lost.ts'
import type { Config } from './config.ts'
import { NgpilotError, asNgpilotError } from './errors.ts'
import { nodesInHash } from './config/hash.ts'
import { Discovery, type NodeSource, PartialAnswer } from './fleet/discovery/discovery.ts'
import { createResolver, dnsSource } from './fleet/discovery/dns.ts'
import { createLiveFleet } from './fleet/live.ts'
import { Wills } from './fleet/wills.ts'
import { observedNg } from './fleet/observed.ts'
import { Admission } from './ingress/admission.ts'
import { startDtmf } from './ingress/dtmf/dtmf.ts'
import { startEvapi } from './ingress/evapi/evapi.ts'
import { startHttp } from './ingress/http/http.ts'
import { startNg } from './ingress/ng/ng.ts'
import { NgClient } from './ng/client.ts'
import { mediaReportOf } from './ng/media-report.ts'
import { createRecentDecisions, decisionExplainer, decisionObserver } from './decisions.ts'
import { createPolicyHolder, type HolderOptions } from './policy/holder.ts'
import { readinessOf } from './readiness.ts'
import { connectRedis } from './state/connection.ts'
import { openStore } from './state/open.ts'
import { observedStore } from './state/observed.ts'
import { openPeers } from './state/peers.ts'
import type { CallStore, OwedDelete } from './state/store.ts'
import { openWillsStore } from './state/wills.ts'
import { createDecisionLog } from './telemetry/decision-log.ts'
import type { Logger } from './telemetry/log.ts'
import { createMetrics } from './telemetry/metrics.ts'
import {
  admissionObserver, callEventsObserver, callObserver, deletesObserver, diagnosisObserver, discoveryObserver, dtmfObserver,
  evapiObserver,
  fleetObserver, ngObserver, ngRequestObserver, orphansObserver, policyObserver, requestObserver, resilienceObserver,
  storeObserver,
  webhookObserver, willsObserver,
} from './telemetry/observers.ts'
import { createWebhook } from './telemetry/webhook.ts'
import { version } from './version.ts'

export interface Service {
  /** Where the HTTP API listens. */
  url: string
  /** Where ngpilot poses as an rtpengine. */
  ngUrls: string[]
  /** Loads the policy anew; on any problem the one in force stays. */
  reloadPolicy (): Promise<void>
  /** Takes another list of rtpengines; running calls keep theirs. */
  setNodes (nodes: Config['rtpengine']['nodes']): void
  /** Takes another share of new calls for the candidate policy. */
  setCanary (percent: number): void
  /** Counts an error that nothing caught. */
  uncaught (): void
  /** Finishes the requests in flight, then closes everything, in the reverse order of its making. */
  close (): Promise<void>
}

/** Says how to close what has just been made. */
type Closes = (close: () => unknown) => void

/** How long a stop waits for nodes that still owe an answer to a delete. */
const drainMs = 1000
const takeOverMs = 10_000

/** @throws NgpilotError `policy_invalid` with every problem of the policy; whatever listening on the address throws. */
export async function startService (config: Config, log: Logger): Promise<Service> {
  const closers: (() => unknown)[] = []
  const close = async () => {
    for (let closer = closers.pop(); closer; closer = closers.pop()) await closer()
  }
  try {
    return { ...await makeParts(config, log, (closer) => closers.push(closer)), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The parts list: config → telemetry → state → ng → fleet → policy → calls → ingress. */
async function makeParts (config: Config, log: Logger, closes: Closes): Promise<Omit<Service, 'close'>> {
  const metrics = createMetrics()
  const ofPolicy = policyObserver(metrics, log)
  const policy = await createPolicyHolder({
    ...holderOptions(config), observer: ofPolicy, sets: () => fleet.sets().map(({ set }) => set),
  }).catch((error: unknown) => {
    const { code, message } = asNgpilotError(error)
    throw new NgpilotError(code, `${message}\npolicy.directory is ${config.policy.directory} (NGPILOT_POLICY_DIRECTORY sets it)`)
  })
  closes(() => policy.close())
  const store = observedStore(
    openStore({ ...config.store, instanceId: config.instance.id }, resilienceObserver(metrics, log)), storeObserver(metrics))
  closes(() => store.close())
  metrics.countCalls(() => store.size())
  const client = new NgClient({ ...config.rtpengine, instanceId: config.instance.id, observer: ngObserver(metrics) })
  closes(() => client.close())
  const willsStore = config.store.url === 'memory:' ? undefined : openWillsStore(config.store)
  closes(() => willsStore?.close())
  const wills: Wills = new Wills({
    ...willsStore && { store: willsStore },
    onWill: (id, will) => { if (fleet.known(id)) fleet.want(id, will) },
    observer: willsObserver(log),
  })
  closes(() => wills.close())
  const fleet = createLiveFleet({
    nodes: [], ng: client, observer: fleetObserver(metrics, log), willOf: (id) => wills.of(id),
  })
  closes(() => fleet.close())
  await wills.start()
  metrics.showNodes(() => fleet.nodes(), () => fleet.sets())
  const found = nodeSources(config)
  closes(() => found.close())
  const discovery = new Discovery(config.rtpengine.nodes, {
    sources: found.sources,
    everyMs: config.discovery.everySeconds * 1000,
    observer: discoveryObserver(metrics, log),
    onNodes: (nodes) => fleet.setNodes(nodes),
  })
  closes(() => discovery.close())
  await discovery.start()
  const ng = observedNg(client, fleet)
  const events = new CallEvents(callEventsObserver(metrics, log))
  const { url: webhookUrl, ...webhookOptions } = config.webhook
  const webhook = webhookUrl === undefined
    ? undefined
    : createWebhook({ ...webhookOptions, url: webhookUrl, observer: webhookObserver(metrics, log) })
  if (webhook) events.subscribe((event) => webhook.send(event))
  closes(() => webhook?.close())
  const decisionLog = createDecisionLog(config.decisions, log)
  closes(() => decisionLog.close())
  const recent = createRecentDecisions()
  const explainDecisions = decisionExplainer(policy, recent)
  const peers = config.store.url === 'memory:' ? undefined : openPeers({
    ...config.store,
    refused: (reason) => log.warn({ reason }, 'Redis lets ngpilot not listen to other instances: each explains, and undoes refused offers of, its own calls alone'),
  })
  closes(() => peers?.close())
  const diagnosis = createDiagnosis({ ng, fleet, store, events }, {
    ...config.diagnosis,
    freePortsOf: (id) => fleet.nodes().find((node) => node.id === id)?.freePorts,
    observer: diagnosisObserver(metrics, log),
    decisionsOn: (callId) => recent.of(callId).length > 0 ? explainDecisions(callId) : [],
    ...peers && { peers },
  })
  closes(() => diagnosis.close())
  const deletes = new Deletes({
    ng,
    observer: deletesObserver(metrics, log),
    nodeOf: async (callId) => (await store.find(callId))?.node,
    ended: (callId, reply) => diagnosis.watch.finished(callId, reply && mediaReportOf(reply)),
    needsCounts: ({ id }, callId) => diagnosis.watch.isFollowed(callId) && !fleet.capabilities(id).deleteAlwaysCounts,
  })
  closes(async () => leaveDeletes(await deletes.drain(drainMs), config.store.url === 'memory:' ? undefined : store, log))
  const ofCalls = callObserver(metrics, log)
  const decided = decisionObserver({ policy, recent, ofCalls, ofPolicy, decisionLog })
  const tellLost = createTellLost({ store, events })
  const calls = createCalls({
    policy: policy.forCall, fleet, ng, store, deletes, tellLost, observer: { ...ofCalls, ...diagnosis.watch, decided },
    ...peers && { peers },
  })
  closes(() => calls.close())
  const losses = new Losses({
    fleet, ng: client, store, deletes, tellLost, timeoutMs: config.rtpengine.mediaTimeoutSeconds * 1000,
  })
  closes(() => losses.close())
  const orphans = orphansOf(config, { fleet, ng, store, deletes, observer: orphansObserver(metrics, log) })
  closes(() => orphans?.close())
  const admission = new Admission({ deadlineMs: config.request.deadlineMs, observer: admissionObserver(metrics) })
  closes(() => admission.close())
  const ingresses: { close (): unknown }[] = []
  closes(() => Promise.all(ingresses.map((ingress) => ingress.close())))
  const http = await startHttp({
    ...config.http, deadlineMs: config.request.deadlineMs, version, observer: requestObserver(metrics), log,
  }, {
    admission,
    calls,
    fleet: {
      nodes: () => fleet.nodes().map((node) => wills.isUntold(node.id) ? { ...node, isUnshared: true } : node),
      async want (id, will) {
        fleet.want(id, will)
        await wills.set(id, will)
      },
    },
    timedOut: (callId) => losses.hint(callId),
    diagnosis,
    policy: { ...policy, explainDecisions },
    readiness: () => readinessOf({ store, fleet, policy }),
    metrics: async () => ({ page: await metrics.registry.metrics(), contentType: metrics.registry.contentType }),
  })
  ingresses.push(http)
  const ngIngress = await startNg({ ...config.ng, admission, calls, observer: ngRequestObserver(metrics), log })
  ingresses.push(ngIngress)
  ingresses.push(await startDtmf({ ...config.dtmf, observer: dtmfObserver(metrics, log) }, { calls: store, events }))
  ingresses.push(startEvapi({
    ...config.evapi, instanceId: config.instance.id,
    observer: { ...evapiObserver(metrics, log), ...requestObserver(metrics) }, log,
  }, { admission, calls, events }))

  // What an instance that stopped could not deliver, whoever is there delivers.
  const takeOver = () => store.takeDeletes().then(
    (owed) => {
      for (const { node, ...left } of owed) void deletes.take(fleet.known(node.id) ?? node, left)
    },
    () => undefined,
  )
  void takeOver()
  const takingOver = setInterval(() => void takeOver(), takeOverMs).unref()
  closes(() => clearInterval(takingOver))

  return {
    url: http.url,
    ngUrls: ngIngress.urls,
    reloadPolicy: policy.reload,
    setNodes: (nodes) => discovery.setList(nodes),
    setCanary: (percent) => policy.configure(percent),
    uncaught: () => metrics.uncaughtErrors.inc(),
  }
}

/** Looks for them four times within the grace, once a minute at most often. */
function orphansOf ({ rtpengine }: Config, deps: Omit<OrphansOptions, 'everyMs' | 'graceMs'>): Orphans | undefined {
  const graceMs = rtpengine.orphanGraceSeconds * 1000
  return graceMs === 0 ? undefined : new Orphans({ ...deps, graceMs, everyMs: Math.min(60_000, graceMs / 4) })
}

/** Where nodes are found beside the list. */
function nodeSources ({ discovery, rtpengine, store }: Config): { sources: NodeSource[], close: () => Promise<void> } {
  const resolver = createResolver(discovery.dnsServers)
  const sources: NodeSource[] = discovery.dns.map((name) => dnsSource(name, resolver))
  const { redisKey } = discovery
  if (redisKey === undefined) return { sources, close: () => Promise.resolve() }
  const redis = connectRedis(store.url, store.commandTimeoutMs, store)
  const read = async () => {
    const { nodes, problems } = nodesInHash(await redis.run((client) => client.hgetall(redisKey)), rtpengine)
    if (problems.size > 0) throw new PartialAnswer(nodes, [...problems.keys()], [...problems.values()].join('; '))
    return nodes
  }
  return { sources: [...sources, { name: `Redis ${redisKey}`, read }], close: () => redis.close() }
}

function holderOptions ({ policy }: Config): Omit<HolderOptions, 'observer'> {
  const { directory, stateDirectory, candidateDirectory, canaryPercent, isWatched } = policy
  return {
    directory, isWatched, ...stateDirectory !== undefined && { stateDirectory },
    ...candidateDirectory !== undefined && { candidate: { directory: candidateDirectory, percent: canaryPercent } },
  }
}

/** @param store undefined: there is no place where others would find them */
async function leaveDeletes (owed: readonly OwedDelete[], store: CallStore | undefined, log: Logger): Promise<void> {
  if (owed.length === 0) return
  const count = owed.length
  if (!store) {
    log.warn({ count }, 'deletes given up: their nodes are silent, and without Redis nobody can take them over')
    return
  }
  await store.leaveDeletes(owed).then(
    () => log.warn({ count }, 'deletes left for others: their nodes are silent'),
    (error: unknown) => log.error({ err: error, count }, 'deletes lost: their nodes and the store are silent'),
  )
}
