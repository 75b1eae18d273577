import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeView } from '../../src/fleet/node.ts'
import { nodesTable } from '../../src/fleet/table.ts'

const now = 1_800_000_000_000
const n1: NodeView = {
  id: 'n1', address: '192.0.2.1:2223', version: '12.5.1.31-1', state: 'up', reason: 'it answers', since: now - 7_300_000, sets: ['default'], priority: 0, weight: 1,
  isBusy: false, isDrained: false, calls: 112, freePorts: 9552, roundTripMs: 0.4123, inFlight: 3,
}

test('the table of the nodes lines up', () => {
  const nodes: NodeView[] = [
    n1,
    { ...n1, id: 'n2-recorder', address: '[2001:db8::2]:2223', version: undefined, state: 'down', reason: '3 commands timed out within 0.6 s', since: now - 45_200, calls: undefined, freePorts: undefined, roundTripMs: undefined, inFlight: 0 },
    { ...n1, id: 'n3', version: '11.3 or newer', isBusy: true, reason: 'it is busy: Ran out of ports', freePorts: 2, since: now + 5, roundTripMs: 12.34 },
    { ...n1, id: 'n4', state: 'draining', reason: 'by the operator', isDrained: true, calls: 0, since: now - 3 * 86_400_000, inFlight: 0 },
  ]
  assert.deepEqual(nodesTable(nodes, now).split('\n'), [
    'NODE         ADDRESS             VERSION        STATE      FOR  CALLS  FREE PORTS      RTT  IN FLIGHT  REASON',
    'n1           192.0.2.1:2223      12.5.1.31-1    up         2 h    112        9552   0.4 ms          3  it answers',
    'n2-recorder  [2001:db8::2]:2223  -              down      45 s      -           -        -          0  3 commands timed out within 0.6 s',
    'n3           192.0.2.1:2223      11.3 or newer  up, busy   0 s    112           2  12.3 ms          3  it is busy: Ran out of ports',
    'n4           192.0.2.1:2223      12.5.1.31-1    draining   3 d      0        9552   0.4 ms          0  by the operator; it is empty',
  ])
})

test('without nodes only the headings are left', () => {
  assert.match(nodesTable([], now), /^NODE  ADDRESS  VERSION  STATE .*REASON$/)
})
