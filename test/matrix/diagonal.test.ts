import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Step, basicCall, steps } from './basic-call.ts'
import { diagonal, nameOf } from './combinations.ts'

/** Each version and each way once; `npm run test:matrix` runs them all. */
for (const combination of diagonal) {
  test(`${nameOf(combination)}: browser and phone call each other`, async (t) => {
    const well: Step[] = []
    await basicCall(t, combination, (step) => { well.push(step) })
    assert.deepEqual(well, steps)
  })
}
