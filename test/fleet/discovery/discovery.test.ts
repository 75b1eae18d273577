import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Discovery, type NodeSource, PartialAnswer } from '../../../src/fleet/discovery/discovery.ts'
import type { NodeSettings } from '../../../src/fleet/node.ts'
import { until } from '../support.ts'

const node = (id: string, port = 1, more: Partial<NodeSettings> = {}): NodeSettings => ({ id, host: '10.0.0.1', port, ...more })

/** A discovery over sources that say what the test wants, with what it told. */
function start (t: { after (end: () => void): void }, list: NodeSettings[], found: Record<string, () => NodeSettings[]>) {
  const told: string[][] = []
  const problems: string[] = []
  const sources: NodeSource[] = Object.entries(found)
    .map(([name, nodes]) => ({ name, read: async () => Promise.resolve().then(nodes) }))
  const discovery = new Discovery(list, {
    sources, everyMs: 10,
    observer: { asked: (source, problem, isNew) => { if (isNew) problems.push(`${source}: ${problem ?? 'well'}`) } },
    onNodes: (nodes) => { told.push(nodes.map(({ id }) => id)) },
  })
  t.after(() => discovery.close())
  return { discovery, told, problems }
}

test('the list comes first, then each source; who is named twice, by id or by address, counts once', async (t) => {
  const { discovery, told } = start(t, [node('a', 1)], {
    dns: () => [node('10.0.0.1:1', 1), node('b', 2)],
    redis: () => [node('b', 3), node('c', 4), node('other', 2)],
  })
  await discovery.start()
  assert.deepEqual(told, [['a', 'b', 'c']])
})

test('a source that fails keeps what it found; what changes is told once', async (t) => {
  let answer: () => NodeSettings[] = () => [node('b', 2)]
  const { discovery, told, problems } = start(t, [node('a', 1)], { dns: () => answer() })
  await discovery.start()
  answer = () => { throw new Error('no answer') }
  await until('the failure is told', () => problems.length === 1)
  discovery.setList([node('a', 1), node('z', 9)])
  answer = () => [node('b', 2), node('c', 3)]
  await until('it answers again', () => told.length === 3)
  assert.deepEqual(told, [['a', 'b'], ['a', 'z', 'b'], ['a', 'z', 'b', 'c']])
  assert.deepEqual(problems, ['dns: no answer', 'dns: well'])
})

test('where some of an answer is wrong the rest applies, and what is wrong stays as it was', async (t) => {
  let answer: () => NodeSettings[] = () => { throw new PartialAnswer([node('b', 2)], ['c'], 'c is none') }
  const { discovery, told, problems } = start(t, [], { redis: () => answer() })
  await discovery.start()
  answer = () => [node('b', 2), node('c', 3)]
  await until('the whole answer is told', () => told.length === 2)
  answer = () => { throw new PartialAnswer([node('c', 3), node('d', 4)], ['b'], 'b is none') }
  await until('the rest is told', () => told.length === 3)
  answer = () => { throw new PartialAnswer([node('d', 4)], ['b'], 'b is none') }
  await until('what has gone is told', () => told.length === 4)
  assert.deepEqual(told, [['b'], ['b', 'c'], ['c', 'd', 'b'], ['d', 'b']])
  assert.deepEqual(problems, ['redis: c is none', 'redis: well', 'redis: b is none'])
})
