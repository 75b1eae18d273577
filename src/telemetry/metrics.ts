import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

/**
 * Every metric of ngpilot, by Prometheus's conventions: prefix `ngpilot_`, base units, `_total` on counters. Labels are
 * bounded sets (ingress, command, result, node, profile); a call-id is never one.
 * @see https://prometheus.io/docs/practices/naming/
 */
export function createMetrics () {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5]

  return {
    registry,
    /** Registers the gauge of calls, asked for at each scrape. NaN when the store does not answer. */
    countCalls: (size: () => Promise<number>) => new Gauge({
      name: 'ngpilot_calls', registers,
      help: 'Calls in the store; with a shared store, of all instances.',
      async collect () { this.set(await size().catch(() => Number.NaN)) },
    }),
    requests: new Counter({
      name: 'ngpilot_requests_total', registers, labelNames: ['ingress', 'command', 'result'],
      help: 'Requests answered; result is ok or the error code.',
    }),
    ngRepeated: new Counter({
      name: 'ngpilot_ng_requests_repeated_total', registers,
      help: 'NG commands that a client sent once more; they were not executed again.',
    }),
    ngIgnored: new Counter({
      name: 'ngpilot_ng_requests_ignored_total', registers, labelNames: ['reason'],
      help: 'What came to the NG ingress and got no answer: without a cookie, or from a client that is not allowed.',
    }),
    requestDuration: new Histogram({
      name: 'ngpilot_request_duration_seconds', registers, labelNames: ['ingress', 'command', 'result'], buckets: seconds,
      help: 'From the arrival of a request to its answer.',
    }),
    requestWait: new Histogram({
      name: 'ngpilot_request_wait_seconds', registers, buckets: seconds,
      help: 'How long requests waited for their turn; those that waited for half of request.deadlineMs are refused (overloaded).',
    }),
    requestsWaiting: new Gauge({
      name: 'ngpilot_requests_waiting', registers,
      help: 'Requests that wait for their turn, as this process has more to do than it can.',
    }),
    ngCommands: new Counter({
      name: 'ngpilot_ng_commands_total', registers, labelNames: ['node', 'command', 'result'],
      help: 'NG commands by how they ended: ok, error (the node said so), timeout, or unsent (no turn came).',
    }),
    ngRoundTrip: new Histogram({
      name: 'ngpilot_ng_round_trip_seconds', registers, labelNames: ['node'], buckets: seconds,
      help: 'From sending an NG command to its reply, retransmissions included.',
    }),
    ngMessageBytes: new Histogram({
      name: 'ngpilot_ng_message_bytes', registers, labelNames: ['node', 'transport'],
      // 1,472 is what one Ethernet frame carries: above it a datagram goes in pieces, any of which may be lost.
      buckets: [256, 512, 1024, 1472, 2944, 8192, 32_768, 65_507],
      help: 'Size of NG messages sent, cookie included; repeats count too.',
    }),
    ngRetransmissions: new Counter({
      name: 'ngpilot_ng_retransmissions_total', registers, labelNames: ['node'],
      help: 'NG datagrams sent again with the same cookie.',
    }),
    ngLateReplies: new Counter({
      name: 'ngpilot_ng_late_replies_total', registers, labelNames: ['node'],
      help: 'Replies that nothing waited for any more, duplicates included.',
    }),
    ngMalformed: new Counter({
      name: 'ngpilot_ng_malformed_total', registers, labelNames: ['node'],
      help: 'Datagrams from a node that are not NG messages.',
    }),
    /** Registers the gauges of the nodes and their sets, asked for at each scrape. */
    showNodes (nodes: () => readonly NodeFigures[], sets: () => readonly { set: string, isPanic: boolean }[]) {
      const labelNames = ['node']
      const gauge = (name: string, help: string, value: (node: NodeFigures) => number | undefined) => new Gauge({
        name, help, registers, labelNames,
        collect () {
          this.reset()
          for (const node of nodes()) {
            const now = value(node)
            if (now !== undefined) this.set({ node: node.id }, now)
          }
        },
      })
      new Gauge({
        name: 'ngpilot_node_info', registers, labelNames: ['node', 'version'],
        help: '1 for the version of rtpengine that the node runs, where it is known.',
        collect () {
          this.reset()
          for (const { id, version } of nodes()) if (version !== undefined) this.set({ node: id, version }, 1)
        },
      })
      gauge('ngpilot_node_calls', 'Calls on the node, whoever made them.', ({ calls }) => calls)
      gauge('ngpilot_node_free_ports', 'Ports free for RTP, on the interface that has the fewest.', ({ freePorts }) => freePorts)
      gauge('ngpilot_node_commands_in_flight', 'Commands that wait for the node.', ({ inFlight }) => inFlight)
      gauge('ngpilot_node_round_trip_seconds', 'Round trip of a ping, smoothed.',
        ({ roundTripMs }) => roundTripMs === undefined ? undefined : roundTripMs / 1000)
      new Gauge({
        name: 'ngpilot_node_state', registers, labelNames: ['node', 'state'],
        help: '1 for the state that the node is in, 0 for the others: up, suspect, down, draining, disabled.',
        collect () {
          this.reset()
          for (const node of nodes()) {
            for (const state of nodeStates) this.set({ node: node.id, state }, state === node.state ? 1 : 0)
          }
        },
      })
      new Gauge({
        name: 'ngpilot_set_panic', registers, labelNames: ['set'],
        help: '1 while so many nodes of a set are down that new calls may go to them again.',
        collect () {
          this.reset()
          for (const { set, isPanic } of sets()) this.set({ set }, isPanic ? 1 : 0)
        },
      })
    },
    nodeStateChanges: new Counter({
      name: 'ngpilot_node_state_changes_total', registers, labelNames: ['node', 'state'],
      help: 'Changes of a node\'s state, by the state that it came to.',
    }),
    nodeBusy: new Counter({
      name: 'ngpilot_node_busy_total', registers, labelNames: ['node'],
      help: 'New calls that a node refused for its load.',
    }),
    discoveryReads: new Counter({
      name: 'ngpilot_discovery_reads_total', registers, labelNames: ['source', 'result'],
      help: 'Times that DNS or Redis was asked for nodes: ok, or failed (the nodes of before stay).',
    }),
    orphansReaped: new Counter({
      name: 'ngpilot_orphans_reaped_total', registers, labelNames: ['node'],
      help: 'Calls of ours that no instance knew any more, ended at their node.',
    }),
    orphansKept: new Gauge({
      name: 'ngpilot_orphans_kept', registers, labelNames: ['node'],
      help: 'Calls of ours that no instance knows any more and that have media flowing; they are left alone.',
    }),
    deletesOwed: new Gauge({
      name: 'ngpilot_deletes_owed', registers,
      help: 'Deletes acknowledged and not yet carried out by their node.',
    }),
    deletesLost: new Counter({
      name: 'ngpilot_deletes_lost_total', registers, labelNames: ['node', 'reason'],
      help: 'Deletes given up: expired, or too many owed at once.',
    }),
    findings: new Counter({
      name: 'ngpilot_findings_total', registers, labelNames: ['finding', 'profile', 'action'],
      help: 'Findings in SDP by rule, profile of the leg and what became of them: observe, repair or reject.',
    }),
    decisions: new Counter({
      name: 'ngpilot_decisions_total', registers, labelNames: ['command', 'sender', 'receiver', 'revision'],
      help: 'Policy decisions by the profiles of the two legs (the SDP goes from sender to receiver) and the policy\'s revision.',
    }),
    policyInfo: new Gauge({
      name: 'ngpilot_policy_info', registers, labelNames: ['revision'],
      help: '1 for the policy revision in force.',
    }),
    policyReloads: new Counter({
      name: 'ngpilot_policy_reloads_total', registers, labelNames: ['result'],
      help: 'Policy loads: ok, or invalid (the last good policy stays).',
    }),
    policyFallback: new Gauge({
      name: 'ngpilot_policy_fallback', registers,
      help: '1 while the last good policy serves because the files were refused at the start.',
    }),
    policyCandidates: new Counter({
      name: 'ngpilot_policy_candidates_total', registers, labelNames: ['result'],
      help: 'What became of candidates: loaded, refused, share (of new calls, set anew), promoted, rolled back.',
    }),
    policyShadow: new Counter({
      name: 'ngpilot_policy_shadow_decisions_total', registers, labelNames: ['result'],
      help: 'Decisions that the candidate was asked for beside: same, or different.',
    }),
    policyLoaded: new Gauge({
      name: 'ngpilot_policy_loaded_timestamp_seconds', registers,
      help: 'When the policy in force was loaded.',
    }),
    storeOperations: new Counter({
      name: 'ngpilot_store_operations_total', registers, labelNames: ['operation', 'result'],
      help: 'Call store operations by how they ended: ok or error.',
    }),
    storeDuration: new Histogram({
      name: 'ngpilot_store_operation_duration_seconds', registers, labelNames: ['operation'], buckets: seconds,
      help: 'Time that a call store operation took.',
    }),
    evapiUp: new Gauge({
      name: 'ngpilot_evapi_up', registers, labelNames: ['kamailio'],
      help: '1 for a Kamailio that is connected to by evapi and answers, else 0.',
    }),
    evapiConnects: new Counter({
      name: 'ngpilot_evapi_connects_total', registers, labelNames: ['kamailio'],
      help: 'Connections to a Kamailio that came up.',
    }),
    evapiFrames: new Counter({
      name: 'ngpilot_evapi_frames_total', registers, labelNames: ['kamailio', 'direction'],
      help: 'Frames from (in) and to (out) a Kamailio; pings are not counted, their answers are.',
    }),
    evapiLost: new Counter({
      name: 'ngpilot_evapi_frames_lost_total', registers, labelNames: ['kamailio', 'reason'],
      help: 'Frames that did not arrive: malformed (from Kamailio), too_large, disconnected, expired (Kamailio did not read in time), queue_full.',
    }),
    storeDegraded: new Gauge({
      name: 'ngpilot_store_degraded', registers,
      help: '1 while the call store is away and calls are served from memory.',
    }),
    storeWaiting: new Gauge({
      name: 'ngpilot_store_waiting_calls', registers,
      help: 'Calls with changes that wait for the call store to be back.',
    }),
    storeLost: new Counter({
      name: 'ngpilot_store_changes_lost_total', registers,
      help: 'Calls whose changes never reached the call store: too many waited.',
    }),
    storeRestored: new Counter({
      name: 'ngpilot_store_calls_restored_total', registers,
      help: 'Calls that the call store had lost and that were put back from memory.',
    }),
    dtmfEvents: new Counter({
      name: 'ngpilot_dtmf_events_total', registers, labelNames: ['result'],
      help: 'Pressed keys that rtpengine told of: ok, malformed, unknown_call (none of ours), or overloaded (too many at a time).',
    }),
    callEvents: new Counter({
      name: 'ngpilot_call_events_total', registers, labelNames: ['event'],
      help: 'What happened to calls by itself: stranded (node lost), media-timeout, dtmf, report.',
    }),
    webhookEvents: new Counter({
      name: 'ngpilot_webhook_events_total', registers, labelNames: ['result'],
      help: 'Events for the webhook by how they ended: ok, rejected (4xx), expired, or too many (the oldest made room).',
    }),
    webhookQueued: new Gauge({
      name: 'ngpilot_webhook_queued', registers,
      help: 'Events that wait for the webhook.',
    }),
    callFindings: new Counter({
      name: 'ngpilot_call_findings_total', registers, labelNames: ['finding', 'severity', 'caller', 'callee'],
      help: 'What the diagnosis found in live calls, each finding once a call, by the profiles of its legs.',
    }),
    callDuration: new Histogram({
      name: 'ngpilot_call_duration_seconds', registers, labelNames: ['caller', 'callee'], buckets: [1, 5, 15, 30, 60, 120, 300, 900, 1800, 3600, 7200],
      help: 'From the final answer to the end of a call that was answered, by the profiles of its legs.',
    }),
    callMos: new Histogram({
      name: 'ngpilot_call_mos', registers, labelNames: ['caller', 'callee', 'leg'], buckets: [1.5, 2, 2.5, 3, 3.3, 3.6, 3.8, 4, 4.2, 4.4],
      help: 'MOS of what a leg heard over its call, from its own RTCP reports; only of calls where it can be told.',
    }),
    callLoss: new Histogram({
      name: 'ngpilot_call_loss_ratio', registers, labelNames: ['caller', 'callee', 'leg'], buckets: [0, 0.001, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2],
      help: 'Share of the packets to a leg that it did not get, from its own RTCP reports.',
    }),
    callJitter: new Histogram({
      name: 'ngpilot_call_jitter_seconds', registers, labelNames: ['caller', 'callee', 'leg'], buckets: [0.001, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1],
      help: 'Jitter of what a leg got, from its own RTCP reports.',
    }),
    uncaughtErrors: new Counter({
      name: 'ngpilot_uncaught_errors_total', registers,
      help: 'Errors that no handler caught; each is a bug. The process goes on.',
    }),
  }
}

export const nodeStates = ['up', 'suspect', 'down', 'draining', 'disabled'] as const
/** What becomes of an NG command (ng/observer.ts), and why a delete is given up (calls/deletes.ts). */
export const ngResults = ['ok', 'error', 'timeout', 'unsent'] as const
export const deleteLosses = ['expired', 'too many'] as const

/** What the gauges show of a node. */
export interface NodeFigures {
  id: string
  state: string
  version: string | undefined
  calls: number | undefined
  freePorts: number | undefined
  roundTripMs: number | undefined
  inFlight: number
}

export type Metrics = ReturnType<typeof createMetrics>
