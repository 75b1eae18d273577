import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Histories } from '../../src/calls/histories.ts'

test('keeps as many as it may: those that have ended go first, the oldest before the younger', () => {
  const histories = new Histories(3)
  for (const id of ['a', 'b', 'c']) histories.begin(id, 0)
  histories.end('b')
  histories.end('a')
  histories.begin('d', 0)
  assert.deepEqual(['a', 'b', 'c', 'd'].filter((id) => histories.find(id)), ['a', 'c', 'd'])
  histories.begin('e', 0)
  histories.begin('f', 0)
  assert.deepEqual(['a', 'c', 'd', 'e', 'f'].filter((id) => histories.find(id)), ['d', 'e', 'f'])
})

test('a call that begins again is live again, with a new history', () => {
  const histories = new Histories(3)
  const first = histories.begin('a', 1)
  histories.end('a')
  assert.equal(histories.live('a'), undefined)
  assert.equal(histories.find('a'), first)
  assert.notEqual(histories.begin('a', 2), first)
  assert.equal(histories.size, 1)
})

test('may be told to keep nothing', () => {
  const histories = new Histories(0)
  histories.begin('a', 1)
  assert.equal(histories.find('a'), undefined)
})
