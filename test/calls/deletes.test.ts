import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeSilent } from '../../stack/silent.ts'
import { Deletes, type DeletesOptions } from '../../src/calls/deletes.ts'
import { NgClient } from '../../src/ng/client.ts'
import { browser, phone, request, sdpFile, startCalls } from '../support/calls.ts'
import { startFakeRtpengine } from '../support/fake-rtpengine.ts'

const offer = { source: browser, destination: phone, sdp: sdpFile('chromium-audio-gathered-loopback') }

test('a delete is acknowledged while its node is silent, and carried out when it is back', async (t) => {
  const { calls, rtpengine, left, emptied, store } = await startCalls(t)
  await calls.offer(request(offer))
  await makeSilent(rtpengine.pid)
  await calls.deleteCall(request({ deadline: performance.now() + 100 }))
  assert.equal(await store.size(), 0)
  await sleep(300)
  process.kill(rtpengine.pid, 'SIGCONT')
  await emptied()
  assert.deepEqual(await left(), { onNode: [], inStore: 0 })
})

test('a new offer of the same call comes after the delete before it: the new call lives', async (t) => {
  const { calls, left } = await startCalls(t)
  await calls.offer(request(offer))
  const [, again] = await Promise.all([calls.deleteCall(request({})), calls.offer(request(offer))])
  assert.ok(again.sdp)
  await sleep(300)
  assert.deepEqual(await left(), { onNode: ['call-1'], inStore: 1 })
})

test('a silent node gets the delete again and again, until it answers', async (t) => {
  const node = await startFakeRtpengine(t, { silentFor: 6 })
  const { deletes, counts } = startDeletes(t)
  await deletes.owe(node, 'c1')
  for (let tries = 0; tries < 200 && counts.at(-1) !== 0; tries++) await sleep(20)
  assert.equal(counts.at(-1), 0)
  assert.ok(new Set(node.cookies).size > 1, 'a new try has a new cookie')
})

test('what expires is told, by its node', async (t) => {
  const node = await startFakeRtpengine(t, { silentFor: Infinity })
  const { deletes, lost } = startDeletes(t, { keptSeconds: 0 })
  await deletes.owe(node, 'c1')
  assert.deepEqual(lost, [`${node.id} expired`])
})

test('past the bound the oldest goes, and is told', async (t) => {
  const node = await startFakeRtpengine(t, { silentFor: Infinity })
  const { deletes, lost } = startDeletes(t, { most: 2 })
  await Promise.all([deletes.owe(node, 'c1'), deletes.owe(node, 'c2'), deletes.owe(node, 'c3')])
  assert.deepEqual(lost, [`${node.id} too many`])
  assert.deepEqual((await deletes.drain(20)).map(({ callId }) => callId), ['c2', 'c3'])
})

test('an answer that the node does not know the call is an answer', async (t) => {
  const node = await startFakeRtpengine(t, { respond: () => ({ result: 'error', 'error-reason': 'Unknown call-id' }) })
  const { deletes, counts } = startDeletes(t)
  await deletes.owe(node, 'c1')
  assert.equal(counts.at(-1), 0)
})

test('a node whose reply to a delete has no figures is asked for them before; one that has them, once', async (t) => {
  const asked: string[] = []
  const ends: unknown[] = []
  let counts = false
  const node = await startFakeRtpengine(t, {
    respond (command) {
      asked.push(command.command as string)
      return command.command === 'query' || counts ? { result: 'ok', tags: {} } : { result: 'ok' }
    },
  })
  const { deletes } = startDeletes(t, { needsCounts: () => true, ended: (_callId, reply) => ends.push(reply?.tags) })
  await deletes.owe(node, 'c1')
  counts = true
  await deletes.owe(node, 'c2')
  await deletes.owe(node, 'c3')
  assert.deepEqual(asked, ['query', 'delete', 'query', 'delete', 'delete'])
  assert.deepEqual(ends, [{}, {}, {}])
})

test('a delete that is forgiven is not tried again', async (t) => {
  const node = await startFakeRtpengine(t, { silentFor: Infinity })
  const { deletes } = startDeletes(t)
  await deletes.owe(node, 'c1')
  deletes.forgive(node, 'c1')
  const sent = node.cookies.length
  await sleep(200)
  assert.equal(node.cookies.length, sent)
})

test('where an offer may come after the delete, a second one follows; while the call is there, none', async (t) => {
  const asked: string[] = []
  const node = await startFakeRtpengine(t, {
    respond ({ 'call-id': callId }) {
      asked.push(callId as string)
      return { result: 'ok', warning: 'Call-ID not found or tags didn\'t match' }
    },
  })
  const running = new Set(['runs'])
  const nodeOf = (callId: string) => Promise.resolve(running.has(callId) ? node.id : undefined)
  const { deletes, counts } = startDeletes(t, { nodeOf })
  deletes.doubt(node, 'abandoned')
  await deletes.owe(node, 'abandoned')
  while (counts.at(-1) !== 0) await sleep(5)
  assert.deepEqual(asked, ['abandoned', 'abandoned'])

  deletes.doubt(node, 'runs')
  await sleep(200)
  assert.equal(asked.length, 2)
  const left = await deletes.drain(100)
  assert.deepEqual(left.map(({ callId, isDoubtful }) => [callId, isDoubtful]), [['runs', true]])
  const other = startDeletes(t, { nodeOf })
  for (const each of left) await other.deletes.take(node, each)
  assert.equal(asked.length, 2)
  running.clear()
  while (other.counts.at(-1) !== 0) await sleep(5)
  assert.deepEqual(asked.slice(2), ['runs', 'runs'])
})

test('once the call has begun anew at its node, a delete that got lost is not repeated', async (t) => {
  const node = await startFakeRtpengine(t, { silentFor: 3 })
  let owner: string | undefined
  const { deletes, counts } = startDeletes(t, { retryAfterMs: 400, nodeOf: () => Promise.resolve(owner) })
  const first = deletes.owe(node, 'c1')
  while (node.cookies.length < 2) await sleep(1)
  owner = node.id
  await first
  const copies = node.cookies.length
  assert.ok(copies < 4, `${copies} copies`)
  await sleep(100)
  assert.deepEqual([node.cookies.length, counts.at(-1)], [copies, 1])
  owner = undefined
  while (counts.at(-1) !== 0) await sleep(10)
})

function startDeletes (t: TestContext, options: Partial<DeletesOptions> = {}) {
  const ng = new NgClient({ instanceId: 'test', retryAfterMs: 10 })
  t.after(() => ng.close())
  const counts: number[] = []
  const lost: string[] = []
  const deletes = new Deletes({
    ng, retryAfterMs: 40,
    observer: { owed: (count) => counts.push(count), lost: (node, reason) => lost.push(`${node} ${reason}`) },
    ...options,
  })
  t.after(async () => { await deletes.drain(10) })
  return { deletes, counts, lost }
}
