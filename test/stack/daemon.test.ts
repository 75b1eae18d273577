import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startDaemon } from '../../stack/daemon.ts'
import { answersPing, startRtpengine } from '../../stack/rtpengine.ts'
import { startRedis } from '../../stack/redis.ts'
import { ensureTree } from '../../stack/tree.ts'

test('rtpengine answers a ping, and stops without leaving a process, a mount or a folder', async (t) => {
  const node = await startRtpengine(t)
  assert.equal(await answersPing(node.address, node.port), true)
  assert.equal(await readFile(`/proc/${node.pid}/comm`, 'utf8'), 'rtpengine\n')
  await node.stop()
  assert.equal(existsSync(`/proc/${node.pid}`), false)
  assert.equal(await answersPing(node.address, node.port), false)
  const tree = await ensureTree()
  const mounts = await readFile('/proc/mounts', 'utf8')
  assert.ok(!mounts.includes(tree), 'a mount is left')
})

test('a node that was lost starts again on its old port', async (t) => {
  const node = await startRtpengine(t)
  process.kill(node.pid, 'SIGKILL')
  await node.ended
  const again = await startRtpengine(t, { port: node.port, rtpPorts: node.rtpPorts })
  assert.equal(again.port, node.port)
})

test('redis answers', async (t) => {
  const redis = await startRedis(t)
  assert.match(redis.logs(), /Ready to accept connections/)
})

test('a failed start tells what the program printed', async (t) => {
  const start = startRtpengine(t, { args: ['--no-such-option'] })
  await assert.rejects(start, /rtpengine did not start: it ended with 255\. It printed:\n.*Unknown option --no-such-option/s)
})

test('a program that is never ready is ended', async (t) => {
  const never = { name: 'sleeper', argv: ['sh', '-c', 'echo waiting; sleep 60'], readyWithinMs: 300 }
  const start = startDaemon(t, { ...never, isReady: async () => Promise.resolve(false) })
  await assert.rejects(start, /sleeper was not ready after 300 ms\. It printed:\nwaiting/)
})

test('what a program forked ends with us, even when we are killed', async (t) => {
  const parent = spawn(process.execPath, ['--import', 'tsx', new URL('fixtures/parent.ts', import.meta.url).pathname])
  const [line] = await once(createInterface(parent.stdout), 'line') as [string]
  const [folder = '', ...pids] = line.split(' ')
  t.after(() => rm(folder, { recursive: true }))
  assert.equal(pids.length, 2)
  assert.ok(pids.every((pid) => existsSync(`/proc/${pid}`)))
  parent.kill('SIGKILL')
  await once(parent, 'close')
  for (let tries = 0; tries < 100 && pids.some((pid) => existsSync(`/proc/${pid}`)); tries++) await sleep(20)
  assert.deepEqual(pids.filter((pid) => existsSync(`/proc/${pid}`)), [])
})
