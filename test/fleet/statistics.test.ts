import assert from 'node:assert/strict'
import { test } from 'node:test'
import { capacityOf, isFull, unknownCapacity } from '../../src/fleet/statistics.ts'
import type { NgDictionary } from '../../src/ng/types.ts'

function of (interfaces: NgDictionary[]) {
  return capacityOf({ result: 'ok', statistics: { currentstatistics: { sessionsown: 12 }, interfaces } })
}
const ports = (free: number, totals: number) => ({ free, totals, used: totals - free })

test('calls, and the ports of the interface with the fewest', () => {
  assert.deepEqual(of([{ name: 'inside', ports: ports(300, 400) }, { name: 'outside', ports: ports(50, 200) }]),
    { calls: 12, freePorts: 50, freeShare: 0.25 })
})

test('addresses of one interface add up', () => {
  assert.deepEqual(of([{ name: 'default', ports: ports(0, 100) }, { name: 'default', ports: ports(100, 100) }]),
    { calls: 12, freePorts: 100, freeShare: 0.5 })
})

test('numbers may come as strings', () => {
  const reply = { result: 'ok' as const, statistics: { currentstatistics: { sessionsown: '3' }, interfaces: [{ name: 'a', ports: { free: '10', used: '30' } }] } }
  assert.deepEqual(capacityOf(reply), { calls: 3, freePorts: 10, freeShare: 0.25 })
})

test('what is missing or of a wrong type counts as not said', () => {
  const odd = [undefined, 'text', 7, [], Buffer.from('x'), { currentstatistics: [], interfaces: 'none' },
    { currentstatistics: { sessionsown: 'many' }, interfaces: [{}, 5, { ports: { free: -1 } }, { name: 'a', ports: 'x' }] }]
  for (const statistics of odd) assert.deepEqual(capacityOf({ result: 'ok', ...(statistics !== undefined && { statistics }) }), unknownCapacity)
})

test('a node with fewer ports than a call takes is full', () => {
  assert.deepEqual([0, 3, 4, 400].map((free) => isFull(of([{ name: 'a', ports: ports(free, 400) }]))), [true, true, false, false])
  assert.equal(isFull(unknownCapacity), false)
})
