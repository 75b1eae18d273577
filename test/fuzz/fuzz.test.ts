import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { fuzz } from './run.ts'
import { targets } from './targets.ts'

const seed = 20261127
// As with --expose-gc: what is held can be told from what is only not collected yet.
setFlagsFromString('--expose-gc')
globalThis.gc = runInNewContext('gc') as NodeJS.GCFunction

for (const target of targets()) {
  test(`${target.name}: every changed input is taken or refused, none crashes, hangs or stays (seed ${seed})`, async () => {
    const { inputs, taken, refused, heapMegabytes } = await fuzz(target, { inputs: 1_000_000, withinMs: 4000, seed })
    assert.equal(taken + refused, inputs)
    assert.ok(taken > inputs / 100 && refused > inputs / 100, `${taken} of ${inputs} taken: the changes are too tame or too wild`)
    assert.ok(heapMegabytes < 64, `it holds ${heapMegabytes.toFixed(0)} MB more than after its first 20,000 inputs`)
  })
}
