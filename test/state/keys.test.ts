import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keysOf } from '../../src/state/keys.ts'

test('names keys so that an operator finds a call by its call-id', () => {
  assert.deepEqual(keysOf('a84b4c76e66710@pc33.atlanta.example.com'), {
    id: 'a84b4c76e66710@pc33.atlanta.example.com',
    call: 'ngpilot:{a84b4c76e66710@pc33.atlanta.example.com}:call',
    timeline: 'ngpilot:{a84b4c76e66710@pc33.atlanta.example.com}:timeline',
  })
})

test('escapes what could end the hash tag or is not printable', () => {
  assert.equal(keysOf('a}b{c%d#e f\n\u00e4\u2192').id, 'a%7db%7bc%25d%23e%20f%0a%e4%u2192')
  assert.match(keysOf('').id, /^#[\w-]{43}$/)
})

test('hashes what is long, and takes nothing for the hash of something else', () => {
  const { id } = keysOf('x'.repeat(300))
  assert.match(id, /^#[\w-]{43}$/)
  assert.notEqual(keysOf(id).id, id)
  assert.notEqual(keysOf(`${'x'.repeat(299)}y`).id, id)
})
