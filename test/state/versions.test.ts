import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { recordOf } from '../../src/state/record.ts'

/** Records as they lie in Redis, written by the version before, by this one, and by one that adds to it. */
interface Fixture { hash: Record<string, string>, list: string[] }

function read (name: string) {
  const { hash, list } = JSON.parse(readFileSync(new URL(`../data/records/${name}.json`, import.meta.url), 'utf8')) as Fixture
  const record = recordOf(Object.entries(hash).flat(), list)
  return record && { ...record, legs: { ...record.legs }, branches: { ...record.branches } }
}

const call = {
  node: 'edge-1',
  revision: 'f00dfeed',
  createdAt: 1732320000000,
  caller: 'browser-tag',
  legs: { 'browser-tag': { profile: 'browser', isBundled: true }, 'phone-tag': { profile: 'carrier', branch: 'browser-tag' } },
  branches: {
    'browser-tag': {
      caller: 'browser-tag',
      callee: { profile: 'carrier' },
      exchange: { offerer: 'caller', state: 'answered', at: 1732320000, cseq: 102 },
      state: 'confirmed',
    },
  },
  isEstablished: true,
  timeline: [{ at: 1732320000001, event: 'offer', detail: 'browser → carrier' }, { at: 1732320000900, event: 'answer' }],
}

test('reads a record of its own version', () => assert.deepEqual(read('version-2'), call))

test('reads a record of the version before', () => {
  assert.deepEqual(read('version-1'), { ...call, legs: { ...call.legs, 'phone-tag': { profile: 'carrier' } } })
})

test('reads a record of the version after, and leaves out what it does not know', () => assert.deepEqual(read('version-3'), call))

test('reads none that is further away', () => {
  assert.equal(read('version-4'), undefined)
})
