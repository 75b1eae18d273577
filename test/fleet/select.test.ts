import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asNgpilotError } from '../../src/errors.ts'
import { createDraw } from '../../src/fleet/draw.ts'
import type { NodeState } from '../../src/fleet/node.ts'
import { defaultRules as rules } from '../../src/fleet/rules.ts'
import { type Candidate, select } from '../../src/fleet/select.ts'
import { seededRandom } from './random.ts'

function node (id: string, given: Partial<Candidate> = {}): Candidate {
  return {
    id, state: 'up', reason: 'it answers', priority: 0, weight: 1, sets: ['default'],
    isBusy: false, inFlight: 0, freeShare: 1, slowStart: 1, ...given,
  }
}

function orderOf (nodes: Candidate[], random = 0, set = 'default'): string {
  return select(nodes, set, random, rules).order.map(({ id }) => id).join(' ')
}

/** How often in 1000 each node comes at `place` of the order. */
function shares (nodes: Candidate[], place = 0): Record<string, number> {
  const random = seededRandom(7)
  const counts: Record<string, number> = {}
  for (let draws = 0; draws < 50_000; draws++) {
    const id = select(nodes, 'default', random(), rules).order[place]?.id ?? 'none'
    counts[id] = (counts[id] ?? 0) + 1
  }
  return Object.fromEntries(Object.entries(counts).map(([id, count]) => [id, Math.round(count / 50)]))
}

function assertShares (nodes: Candidate[], expected: Record<string, number>, place = 0): void {
  const found = shares(nodes, place)
  assert.deepEqual(Object.keys(found).sort(), Object.keys(expected).sort())
  for (const [id, share] of Object.entries(expected)) {
    assert.ok(Math.abs((found[id] ?? 0) - share) < 10, `${id}: ${found[id] ?? 0} of 1000, not ${share}`)
  }
}

test('calls are shared by weight', () => {
  assertShares([node('a', { weight: 5 }), node('b', { weight: 3 }), node('c', { weight: 2 })], { a: 500, b: 300, c: 200 })
})

test('the node to try next is drawn by weight as well', () => {
  // a, then b: 1/2 · 3/5; c, then b: 1/5 · 3/8; and so on.
  const nodes = [node('a', { weight: 5 }), node('b', { weight: 3 }), node('c', { weight: 2 })]
  assertShares(nodes, { a: 339, b: 375, c: 286 }, 1)
})

test('calls are shared by what is free: ports, commands in flight, the growth of a node that came back', () => {
  assertShares([node('a'), node('b', { freeShare: 0.25 })], { a: 800, b: 200 })
  assertShares([node('a'), node('b', { slowStart: 0.1 })], { a: 909, b: 91 })
  assertShares([node('a'), node('b', { inFlight: rules.maxInFlight / 2 })], { a: 667, b: 333 })
  assertShares([node('a'), node('b', { inFlight: rules.maxInFlight })], { a: 1000 })
})

test('the lowest priority number comes first, the others are there to fall back on', () => {
  const nodes = [node('far', { priority: 10, weight: 100 }), node('near', { priority: 1 }), node('last', { priority: 20 })]
  assert.equal(orderOf(nodes), 'near far last')
  assert.equal(orderOf([...nodes, node('nearer', { state: 'down' })]), 'near far last')
  assert.equal(orderOf([...nodes, node('nearer', { isBusy: true })]), 'near far last nearer')
})

test('a suspect node comes after those that are up, of whatever priority', () => {
  assert.equal(orderOf([node('a', { state: 'suspect' }), node('b', { priority: 5 })]), 'b a')
})

test('where most nodes are suspect, the cause lies elsewhere: they rank as if up', () => {
  const nodes = [node('a', { state: 'suspect' }), node('b', { state: 'suspect' }), node('c')]
  assertShares(nodes, { a: 333, b: 333, c: 333 })
})

test('a node that is down is left out, as long as it is one of few', () => {
  assert.equal(orderOf([node('a', { state: 'down' }), node('b')]), 'b')
  assert.equal(select([node('a', { state: 'down' }), node('b')], 'default', 0, rules).isPanic, false)
})

test('when most are down they are tried again, after the others', () => {
  const nodes = [node('a', { state: 'down' }), node('b', { state: 'down' }), node('c', { priority: 9 })]
  const { order, isPanic } = select(nodes, 'default', 0, rules)
  assert.deepEqual([order.map(({ id }) => id), isPanic], [['c', 'a', 'b'], true])
  assert.equal(orderOf([node('only', { state: 'down' })]), 'only')
})

test('nodes that drain do not count in the share that is down', () => {
  assert.equal(orderOf([node('a', { state: 'down' }), node('b', { state: 'draining' })]), 'a')
})

test('busy nodes are asked for what no other takes', () => {
  assert.equal(orderOf([node('a', { isBusy: true }), node('b', { state: 'suspect' }), node('c')]), 'c b a')
  assert.equal(orderOf([node('a', { isBusy: true }), node('b', { state: 'down' })]), 'a')
  assert.equal(orderOf([node('a', { state: 'down' }), node('b', { state: 'down' }), node('c', { isBusy: true })]), 'c a b')
  assert.equal(orderOf([node('a', { isBusy: true }), node('b', { isBusy: true })]), 'a b')
})

test('a set holds the nodes that name it', () => {
  const nodes = [node('a'), node('b', { sets: ['recorders', 'default'] })]
  assert.equal(orderOf(nodes, 0, 'recorders'), 'b')
  assert.equal(orderOf(nodes), 'a b')
  assert.throws(() => orderOf(nodes, 0, 'recoders'), {
    code: 'no_node', message: 'no rtpengine belongs to the set recoders; there are default, recorders',
  })
})

test('where no node takes a call, the error tells why of each', () => {
  const nodes = [
    node('a', { state: 'draining', reason: 'by the operator' }),
    node('b', { state: 'disabled', reason: 'by the operator' }),
    node('c', { state: 'down', reason: '3 commands timed out within 0.6 s' }),
  ]
  assert.throws(() => select(nodes, 'default', 0, { ...rules, maxEjectedShare: 1 }), {
    code: 'no_node',
    message: 'no rtpengine of the set default takes a new call: a is draining (by the operator); '
      + 'b is disabled (by the operator); c is down (3 commands timed out within 0.6 s)',
  })
  assert.throws(() => orderOf([]), { code: 'no_node', message: /rtpengine\.nodes/ })
})

test('whatever the fleet looks like, each usable node comes once, and none that drains', () => {
  const random = seededRandom(11)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const states: readonly NodeState[] = ['up', 'up', 'suspect', 'down', 'draining', 'disabled']
  const oddWeights = [1, 1, 2, 10, 0, 1e-300, 1e308, Number.NaN, -1, Infinity]
  for (let round = 0; round < 20_000; round++) {
    const nodes = Array.from({ length: Math.floor(random() * 7) }, (_, index) => node(`n${index}`, {
      state: pick(states), priority: pick([0, 0, 1]), weight: pick(oddWeights), isBusy: random() < 0.2,
      sets: pick([['default'], ['default', 'other'], ['other'], []]),
      inFlight: pick([0, 3, 32, 500]), freeShare: pick([0, 0.3, 1]), slowStart: pick([0.1, 1]),
    }))
    const inService = nodes.filter(({ sets, state }) => sets.includes('default') && state !== 'draining' && state !== 'disabled')
    const at = pick([0, random(), 1 - Number.EPSILON])
    try {
      const { order, isPanic } = select(nodes, 'default', at, rules)
      assert.ok(order.length > 0)
      assert.equal(new Set(order).size, order.length)
      assert.ok(order.every((each) => inService.includes(each)))
      assert.ok(isPanic || order.every(({ state }) => state !== 'down'))
      const busy = order.filter(({ state }) => state !== 'down').map(({ isBusy }) => isBusy)
      assert.ok(!busy.includes(true) || busy.lastIndexOf(false) < busy.indexOf(true))
      assert.deepEqual(select(nodes, 'default', at, rules).order, order, 'the same number, the same order')
    } catch (error) {
      assert.equal(asNgpilotError(error).code, 'no_node', String(error))
      assert.equal(inService.length, 0)
    }
  }
})

test('one number makes many draws, each as even as the first', () => {
  const random = seededRandom(3)
  const hits = new Map<number, number>()
  for (let round = 0; round < 40_000; round++) {
    const draw = createDraw(random())
    for (let draws = 0; draws < 4; draws++) draw([1, 2, 3])
    const index = draw([4, 3, 2, 1])
    hits.set(index, (hits.get(index) ?? 0) + 1)
  }
  assert.deepEqual([0, 1, 2, 3].map((index) => Math.round((hits.get(index) ?? 0) / 4000)), [4, 3, 2, 1])
})
