import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Sampler } from '../../src/calls/sampler.ts'
import { NgpilotError } from '../../src/errors.ts'
import type { MediaNode, NgCommand, NgReply } from '../../src/ng/types.ts'

const node: MediaNode = { id: 'n1', host: '127.0.0.1', port: 1 }

/** A sampler on a clock of the test's own. Answers come at once. */
function startSampler (
  t: TestContext,
  { perSecond = 20, fails, isDown = () => false }: { perSecond?: number, fails?: NgpilotError, isDown?: () => boolean } = {},
) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const asked: [string, number][] = []
  const told: [string, boolean][] = []
  const sampler = new Sampler({
    perSecond,
    everySeconds: 20,
    nodeOf: () => isDown() ? undefined : node,
    ng: {
      send: (_node, command) => {
        asked.push([(command as NgCommand)['call-id'] as string, Math.round(now / 100) / 10])
        return fails ? Promise.reject(fails) : Promise.resolve({ result: 'ok' } as NgReply)
      },
    },
    sampled: (callId, media) => told.push([callId, media !== undefined]),
  })
  t.after(() => sampler.close())
  const pass = async (seconds: number) => {
    for (let tick = 0; tick < seconds * 10; tick++) {
      now += 100
      t.mock.timers.tick(100)
      await Promise.resolve()
      await new Promise((resolve) => { setImmediate(resolve) })
    }
  }
  return { sampler, asked, told, pass }
}

test('asks 2 and 5 seconds after the answer, then slowly', async (t) => {
  const { sampler, asked, told, pass } = startSampler(t)
  sampler.watch('a', 'n1')
  await pass(50)
  assert.deepEqual(asked.map(([, at]) => Math.round(at)), [2, 5, 25, 45])
  assert.ok(told.every(([callId, isKnown]) => callId === 'a' && isKnown))
})

test('begins anew at a re-INVITE, and ends with the call', async (t) => {
  const { sampler, asked, pass } = startSampler(t)
  sampler.watch('a', 'n1')
  await pass(10)
  sampler.watch('a', 'n1')
  await pass(3)
  assert.equal(asked.length, 3)
  sampler.forget('a')
  await pass(60)
  assert.equal(asked.length, 3)
})

test('asks no more often than it may, the young calls first', async (t) => {
  const { sampler, asked, pass } = startSampler(t, { perSecond: 5 })
  for (let call = 0; call < 200; call++) sampler.watch(`old${call}`, 'n1')
  await pass(10)
  const soFar = asked.length
  assert.ok(soFar <= 5 * 10 + 5, `${soFar} in 10 s`)
  for (let call = 0; call < 200; call++) sampler.forget(`old${call}`)
  sampler.watch('young', 'n1')
  await pass(3)
  assert.ok(asked.some(([callId]) => callId === 'young'))
})

test('a node that does not know the call ends the sampling; one that is silent does not', async (t) => {
  const unknown = startSampler(t, { fails: new NgpilotError('call_unknown', 'gone') })
  unknown.sampler.watch('a', 'n1')
  await unknown.pass(30)
  assert.deepEqual(unknown.told, [['a', false]])
  assert.equal(unknown.asked.length, 1)
})

test('a silent node is asked again later', async (t) => {
  const silent = startSampler(t, { fails: new NgpilotError('ng_timeout', 'silent') })
  silent.sampler.watch('a', 'n1')
  await silent.pass(30)
  assert.deepEqual(silent.told, [])
  assert.equal(silent.asked.length, 3)
})

test('a node that is down is left alone until it is up again', async (t) => {
  let isDown = true
  const { sampler, asked, told, pass } = startSampler(t, { isDown: () => isDown })
  sampler.watch('a', 'n1')
  await pass(30)
  assert.deepEqual([asked, told], [[], []])
  isDown = false
  await pass(20)
  assert.deepEqual([asked.length, told], [1, [['a', true]]])
})

test('can be switched off', async (t) => {
  const { sampler, asked, pass } = startSampler(t, { perSecond: 0 })
  sampler.watch('a', 'n1')
  await pass(10)
  assert.equal(asked.length + sampler.size, 0)
})
