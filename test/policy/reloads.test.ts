import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policyDirectory } from './directory.ts'
import { runReloads } from './reloads.ts'

test('while the policy is loaded again and again, every second time broken, no call fails and a good revision decides', async (t) => {
  const directory = await policyDirectory(t, {})
  const figures = await runReloads(t, directory, { reloads: 30, rules: 10, clients: 2 })
  const { failures, strange, loaded, refused, seen, told } = figures
  // A request that waits longer than its 400 ms is a failure.
  assert.deepEqual({ failures, strange, loaded, refused }, { failures: [], strange: [], loaded: 15, refused: 15 })
  assert.ok(seen > 1, 'calls were decided by more than one of them')
  assert.ok(told <= 8, `the metrics tell of ${told} revisions, and calls can have eight`)
})
