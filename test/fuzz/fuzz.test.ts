import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzz } from './run.ts'
import { targets } from './targets.ts'

const seed = 20261127

for (const target of targets()) {
  test(`${target.name}: every changed input is taken or refused, none crashes or hangs (seed ${seed})`, async () => {
    const { inputs, taken, refused } = await fuzz(target, { inputs: 1_000_000, withinMs: 4000, seed })
    assert.equal(taken + refused, inputs)
    assert.ok(taken > inputs / 100 && refused > inputs / 100, `${taken} of ${inputs} taken: the changes are too tame or too wild`)
  })
}
