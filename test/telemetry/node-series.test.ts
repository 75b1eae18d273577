import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeletesObserver } from '../../src/calls/deletes.ts'
import type { NodeState } from '../../src/fleet/node.ts'
import type { NgObserver } from '../../src/ng/observer.ts'
import { createMetrics, type deleteLosses, type ngResults, type nodeStates } from '../../src/telemetry/metrics.ts'
import { fleetObserver, ngObserver } from '../../src/telemetry/observers.ts'

type Same<A, B> = [A, B] extends [B, A] ? true : false
/** Telemetry imports nothing, so it has these words once more: they compile only where they are the same. */
true satisfies Same<typeof ngResults[number], Parameters<NgObserver['command']>[2]>
true satisfies Same<typeof deleteLosses[number], Parameters<DeletesObserver['lost']>[1]>
true satisfies Same<typeof nodeStates[number], NodeState>

const silent = { info: () => undefined, warn: () => undefined }

test('the counters of a node begin at 0 when it comes, and are gone when it is', async () => {
  const metrics = createMetrics()
  const fleet = fleetObserver(metrics, silent)
  const linesOf = async (node: string) => (await metrics.registry.metrics()).split('\n').filter((line) => line.includes(`node="${node}"`))
  fleet.membership({ node: 'n1', change: 'added', text: 'rtpengine n1 has come' })
  fleet.membership({ node: 'n2', change: 'added', text: 'rtpengine n2 has come' })
  const page = await linesOf('n1')
  for (const line of [
    'ngpilot_ng_retransmissions_total{node="n1"} 0', 'ngpilot_node_state_changes_total{node="n1",state="down"} 0',
    'ngpilot_ng_commands_total{node="n1",command="offer",result="timeout"} 0', 'ngpilot_deletes_lost_total{node="n1",reason="expired"} 0',
  ]) assert.ok(page.includes(line), line)

  const ng = ngObserver(metrics)
  for (const node of ['n1', 'n2']) {
    ng.command(node, 'play media', 'ok', 0.001)
    ng.sent(node, 'udp', 300)
  }
  const others = await linesOf('n2')
  fleet.membership({ node: 'n1', change: 'forgotten', text: 'rtpengine n1 is forgotten' })
  await new Promise(setImmediate)
  assert.deepEqual(await linesOf('n1'), [])
  assert.deepEqual(await linesOf('n2'), others)
})
