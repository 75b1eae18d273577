import assert from 'node:assert/strict'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { watchConfig } from '../../src/config/watch.ts'

test('a file is told when it is written or replaced, and not while it is empty or gone on the way there', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ngpilot-watch-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'ngpilot.yaml')
  await writeFile(file, 'log: {}\n')
  let told = 0
  const count = () => told
  t.after(watchConfig(file, () => { told++ }, 5))
  await sleep(100) // its first look
  await writeFile(file, '')
  await sleep(100)
  assert.equal(count(), 0)
  await writeFile(file, 'http: {}\nlog: {}\n')
  for (let tries = 0; count() === 0 && tries < 500; tries++) await sleep(10)
  assert.equal(count(), 1)
  await rename(file, `${file}.old`)
  await sleep(100)
  await writeFile(`${file}.new`, 'log: { level: info }\n')
  await rename(`${file}.new`, file)
  for (let tries = 0; count() === 1 && tries < 500; tries++) await sleep(10)
  assert.equal(count(), 2)
})
