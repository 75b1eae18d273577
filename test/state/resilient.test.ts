import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import { NgpilotError } from '../../src/errors.ts'
import { openStore, type StoreSettings } from '../../src/state/open.ts'
import type { CallStore } from '../../src/state/store.ts'
import { startClusterGroup } from '../../stack/redis-groups.ts'
import { startRedis } from '../../stack/redis.ts'
import { sharedContext } from '../support/shared.ts'
import { beginning, storeContract, until } from './contract.ts'

const server = await startRedis(sharedContext())

storeContract('Redis store beside memory', async (t) => {
  const redis = new Redis(server.url)
  t.after(() => redis.disconnect())
  await redis.flushall()
  return (options) => open(t, { url: server.url, commandTimeoutMs: 5000, ...options }).store
})

test('while Redis is away calls go on from memory, and Redis gets all of it when it is back', async (t) => {
  const first = await startRedis(t)
  const { store, told } = open(t, { url: first.url })
  await store.save('running', { ...beginning, event: { at: 1, event: 'offer' } })
  await store.save('ending', beginning)
  process.kill(first.pid, 'SIGKILL')
  await first.ended

  await store.save('running', { isEstablished: true, event: { at: 2, event: 'answer' } })
  await store.save('running', { legs: { b: { profile: 'sip' } }, event: { at: 3, event: 'offer' } })
  await store.save('new', beginning)
  await store.end('ending')
  assert.equal((await store.find('running'))?.isEstablished, true)
  assert.equal((await store.find('new'))?.node, beginning.node)
  assert.equal(await store.find('ending'), undefined)
  assert.equal(await store.size(), 2)
  const health = store.health()
  assert.ok(health.isDegraded)
  assert.equal(health.waiting, 3)
  assert.match(health.reason, /does not answer/)

  // Empty, as nothing of it was on disk.
  await startRedis(t, { port: first.port })
  await until(() => !store.health().isDegraded)
  const { store: other } = open(t, { url: first.url })
  await until(async () => (await other.find('running'))?.timeline.length === 3)
  assert.deepEqual(Object.keys((await other.find('running'))?.legs ?? {}), ['b'])
  await until(async () => (await other.find('new'))?.node === beginning.node)
  assert.equal(await other.find('ending'), undefined)
  assert.deepEqual(told.filter((each) => each !== 'restored'), ['away', 'back'])
})

test('a call that another instance began is put back by that one', async (t) => {
  const first = await startRedis(t)
  const [one, other] = [open(t, { url: first.url }).store, open(t, { url: first.url }).store]
  for (let index = 0; index < 250; index++) await one.save(`call-${index}`, beginning)
  process.kill(first.pid, 'SIGKILL')
  await first.ended
  await startRedis(t, { port: first.port })
  await until(async () => await one.check().then(() => true, () => false))
  await one.find('call-0')
  await until(async () => await other.size().catch(() => 0) === 250)
  assert.equal((await other.find('call-200'))?.node, beginning.node)
})

test('of two instances that put a call back the one that knows more has the last word', async (t) => {
  const first = await startRedis(t)
  const [one, other] = [open(t, { url: first.url }).store, open(t, { url: first.url }).store]
  for (let index = 0; index < 20; index++) {
    await one.save(`call-${index}`, { ...beginning, event: { at: 1, event: 'offer' } })
    await other.find(`call-${index}`)
    await other.save(`call-${index}`, { isEstablished: true, event: { at: 2, event: 'answer' } })
  }
  process.kill(first.pid, 'SIGKILL')
  await first.ended
  await assert.rejects(other.check())
  await startRedis(t, { port: first.port })
  const established = async () => (await Promise.all(Array.from({ length: 20 }, async (_, index) => await one.find(`call-${index}`))))
    .filter((call) => call?.isEstablished === true).length
  await until(async () => await established() === 20)
})

test('an instance that is well again has put back all that it knows', async (t) => {
  const first = await startRedis(t)
  const [one, other] = [open(t, { url: first.url }).store, open(t, { url: first.url }).store]
  const calls = Array.from({ length: 250 }, (_, index) => `call-${index}`)
  for (const callId of calls) {
    await one.save(callId, { ...beginning, event: { at: 1, event: 'offer' } })
    await other.find(callId)
    await other.save(callId, { isEstablished: true, event: { at: 2, event: 'answer' } })
  }
  process.kill(first.pid, 'SIGKILL')
  await first.ended
  await Promise.all([one, other].map((store) => assert.rejects(store.check())))
  await startRedis(t, { port: first.port })
  await until(() => !one.health().isDegraded && !other.health().isDegraded)
  const found = await Promise.all(calls.map((callId) => one.find(callId)))
  assert.equal(found.filter((call) => call?.isEstablished).length, calls.length)
})

test('a call that ended on another instance is not put back', async (t) => {
  const first = await startRedis(t)
  const [one, other] = [open(t, { url: first.url }).store, open(t, { url: first.url }).store]
  await one.save('a', beginning)
  await other.end('a')
  assert.equal(await one.find('a'), undefined)
  assert.notEqual((await one.recall('a'))?.endedAt, undefined)
  assert.equal(await one.size(), 0)
})

test('writes that a failover lost are put back', async (t) => {
  const first = await startRedis(t)
  const redis = new Redis(first.url)
  t.after(() => redis.disconnect())
  const { store } = open(t, { url: first.url })
  await store.save('a', { ...beginning, event: { at: 1, event: 'offer' } })
  const [before, timeline] = await Promise.all([redis.dumpBuffer('ngpilot:{a}:call'), redis.dumpBuffer('ngpilot:{a}:timeline')])
  await store.save('a', { isEstablished: true, event: { at: 2, event: 'answer' } })
  await redis.del('ngpilot:{a}:call', 'ngpilot:{a}:timeline')
  await redis.restore('ngpilot:{a}:call', 0, before)
  await redis.restore('ngpilot:{a}:timeline', 0, timeline)
  const found = await store.find('a')
  assert.equal(found?.isEstablished, true)
  const other = await open(t, { url: first.url }).store.find('a')
  assert.equal(other?.isEstablished, true)
  assert.deepEqual(other.timeline.map(({ at }) => at), [1, 2])
})

test('reject: new calls are refused while Redis is away, those in progress go on', async (t) => {
  const first = await startRedis(t)
  const { store } = open(t, { url: first.url, onUnavailable: 'reject' })
  await store.save('running', beginning)
  process.kill(first.pid, 'SIGKILL')
  await first.ended
  await assert.rejects(store.find('new'), (error) => error instanceof NgpilotError && error.code === 'store_unavailable')
  assert.equal((await store.find('running'))?.node, beginning.node)
  await store.save('running', { isEstablished: true })
  const health = store.health()
  assert.ok(health.isDegraded && health.refusesNew)
})

test('a silent Redis costs one wait, not one for each request', async (t) => {
  const silent = await startRedis(t)
  const { store } = open(t, { url: silent.url })
  await store.save('a', beginning)
  process.kill(silent.pid, 'SIGSTOP')
  await store.find('a')
  const started = performance.now()
  for (let index = 0; index < 20; index++) await store.save(`b-${index}`, beginning)
  assert.ok(performance.now() - started < 20 * 150, 'none of them waited')
  process.kill(silent.pid, 'SIGCONT')
  await until(() => !store.health().isDegraded)
  assert.equal(await store.size(), 21)
})

test('what waits is bounded: the oldest goes, and is told', async (t) => {
  const first = await startRedis(t)
  const { store, told } = open(t, { url: first.url, memoryCalls: 100 })
  await store.check()
  process.kill(first.pid, 'SIGKILL')
  await first.ended
  for (let index = 0; index < 120; index++) await store.save(`call-${index}`, beginning)
  assert.equal(told.filter((each) => each === 'lost').length, 20)
  assert.equal(await store.find('call-0'), undefined)
  assert.equal((await store.find('call-119'))?.node, beginning.node)
})

test('Cluster: one master lost is lost to its calls alone, and they go on from memory', async (t) => {
  const cluster = await startClusterGroup(t)
  const { store } = open(t, { url: cluster.url, commandTimeoutMs: 300 })
  const calls = Array.from({ length: 30 }, (_, index) => `call-${index}`)
  await until(() => store.check().then(() => true, () => false))
  for (const callId of calls) await store.save(callId, beginning)
  const [lost] = cluster.nodes
  process.kill(lost?.pid ?? 0, 'SIGKILL')
  await lost?.ended
  for (const callId of calls) {
    await store.save(callId, { isEstablished: true })
    assert.equal((await store.find(callId))?.isEstablished, true)
  }
  const health = store.health()
  assert.ok(health.isDegraded)
  assert.ok(health.waiting > 0 && health.waiting < 30, `${health.waiting} wait`)
})

function open (t: TestContext, options: Partial<StoreSettings> & { url: string }): { store: CallStore, told: string[] } {
  const told: string[] = []
  const store = openStore({ ttlSeconds: 60, commandTimeoutMs: 1000, onUnavailable: 'continue', memoryCalls: 1000, ...options }, {
    away: () => told.push('away'), back: () => told.push('back'), waiting: () => undefined,
    lost: () => told.push('lost'), restored: () => told.push('restored'),
  })
  t.after(() => store.close())
  return { store, told }
}
