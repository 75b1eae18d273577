import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Duplicates } from '../../../src/ingress/ng/duplicates.ts'

test('keeps an answer for as long as it says, and no more than a third longer', (t) => {
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const duplicates = new Duplicates({ keptMs: 60_000 })
  const answers = new Map<string, number>()
  for (let second = 0; second <= 200; second++) {
    now = second * 1000
    const key = `k${second}`
    assert.equal(duplicates.begin(key), undefined)
    duplicates.end(key, Buffer.from(key))
    answers.set(key, second)
  }
  for (const [key, second] of answers) {
    const age = 200 - second
    const kept = duplicates.begin(key)
    if (age <= 60) assert.deepEqual(kept, Buffer.from(key), `${key} is forgotten after ${age} s`)
    else if (age > 81) assert.equal(kept, undefined, `${key} is kept after ${age} s`)
  }
})

test('a key is pending until it has its answer', () => {
  const duplicates = new Duplicates()
  assert.equal(duplicates.begin('a'), undefined)
  assert.equal(duplicates.begin('a'), 'pending')
  assert.equal(duplicates.pending, 1)
  duplicates.end('a', Buffer.from('x'))
  assert.equal(duplicates.pending, 0)
  assert.deepEqual(duplicates.begin('a'), Buffer.from('x'))
})

test('holds no more bytes than it may, and the youngest answers longest', () => {
  const maxBytes = 3_000_000
  const duplicates = new Duplicates({ maxBytes })
  for (let i = 0; i < 10_000; i++) {
    duplicates.begin(`k${i}`)
    duplicates.end(`k${i}`, Buffer.alloc(1000))
    assert.ok(duplicates.bytes <= maxBytes)
  }
  assert.ok(duplicates.bytes > maxBytes / 2)
  assert.ok(duplicates.begin('k9000'))
  assert.equal(duplicates.begin('k0'), undefined)
})
