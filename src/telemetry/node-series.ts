import { deleteLosses, type Metrics, ngResults, nodeStates } from './metrics.ts'

/** What every node is asked sooner or later. */
const commands = ['ping', 'statistics', 'offer', 'answer', 'delete']

/** The counters of a node, from 0 on: to Prometheus a series that begins at 1 has not increased. */
export function beginSeries (metrics: Metrics, node: string): void {
  for (const command of commands) for (const result of ngResults) metrics.ngCommands.inc({ node, command, result }, 0)
  for (const state of nodeStates) metrics.nodeStateChanges.inc({ node, state }, 0)
  for (const reason of deleteLosses) metrics.deletesLost.inc({ node, reason }, 0)
  const { ngRetransmissions, ngLateReplies, ngMalformed, nodeBusy, orphansReaped } = metrics
  for (const counter of [ngRetransmissions, ngLateReplies, ngMalformed, nodeBusy, orphansReaped]) counter.inc({ node }, 0)
}

/** A node is gone: where DNS names ever new ones, the series of all that there ever were would add up. */
export async function endSeries (metrics: Metrics, node: string): Promise<void> {
  const {
    ngCommands, ngRoundTrip, ngMessageBytes, ngRetransmissions, ngLateReplies, ngMalformed, nodeStateChanges, nodeBusy,
    orphansReaped, orphansKept, deletesLost,
  } = metrics
  const all = [
    ngCommands, ngRoundTrip, ngMessageBytes, ngRetransmissions, ngLateReplies, ngMalformed, nodeStateChanges, nodeBusy,
    orphansReaped, orphansKept, deletesLost,
  ]
  for (const metric of all) {
    const { values } = await metric.get()
    for (const { labels } of values as { labels: Record<string, string> }[]) {
      const own = { ...labels }
      delete own.le // of a histogram's buckets
      if (labels.node === node) metric.remove(own as never)
    }
  }
}
