import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { createMemoryStore } from '../../src/state/memory.ts'
import type { CallStore } from '../../src/state/store.ts'
import { storeContract } from './contract.ts'

storeContract('memory store', (t) => {
  // One process has one store: opened twice, it is the same.
  let store: CallStore | undefined
  t.after(() => store?.close())
  return (options) => store ??= createMemoryStore({ ttlSeconds: 60, ...options })
})

test('does not keep the process alive', () => {
  const script = `
    const { createMemoryStore } = await import(${JSON.stringify(new URL('../../src/state/memory.ts', import.meta.url))})
    await createMemoryStore({ ttlSeconds: 3600 }).save('a', { node: 'n', revision: 'r', createdAt: 1 })`
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], { timeout: 20_000 })
  assert.equal(status, 0)
})
