import assert from 'node:assert/strict'
import { after, test, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import { NgpilotError } from '../../src/errors.ts'
import { keysOf } from '../../src/state/keys.ts'
import { createRedisStore, type RedisStoreOptions } from '../../src/state/redis.ts'
import type { CallStore, OwedDelete } from '../../src/state/store.ts'
import { freePort } from '../../stack/ports.ts'
import { startRedis } from '../../stack/redis.ts'
import { beginning, storeContract, until } from './contract.ts'

const server = await startRedis({ after })

storeContract('Redis store', async (t) => {
  await emptyRedis(t)
  return (options) => openStore(t, { url: server.url, ...options })
})

/** `commandTimeoutMs` is long unless given: a busy machine is no failure of Redis. */
function openStore (t: TestContext, options: Partial<RedisStoreOptions> & { url: string }): CallStore {
  const store = createRedisStore({ ttlSeconds: 60, commandTimeoutMs: 5000, ...options })
  t.after(() => store.close())
  return store
}

async function emptyRedis (t: TestContext, url = server.url): Promise<Redis> {
  const redis = new Redis(url)
  t.after(() => redis.disconnect())
  await redis.flushall()
  return redis
}

/** The error that an operation fails with, and after how many milliseconds. */
async function failureOf (operation: () => Promise<unknown>): Promise<{ error: NgpilotError, ms: number }> {
  const started = performance.now()
  const error: unknown = await operation().then(() => undefined, (reason: unknown) => reason)
  assert.ok(error instanceof NgpilotError, 'the operation did not fail')
  assert.equal(error.code, 'store_unavailable')
  return { error, ms: performance.now() - started }
}

/** Every operation, to see each of them fail. */
const operations: [string, (store: CallStore) => Promise<unknown>][] = [
  ['find', (store) => store.find('a')],
  ['save', (store) => store.save('a', beginning)],
  ['recall', (store) => store.recall('a')],
  ['end', (store) => store.end('a')],
  ['remove', (store) => store.remove('a')],
  ['size', (store) => store.size()],
  ['check', (store) => store.check()],
]

async function works (store: CallStore): Promise<boolean> {
  return store.save('a', beginning).then(() => true, () => false)
}

test('takes at most 1.5 KB for a call with two legs and eight events', async (t) => {
  const redis = await emptyRedis(t)
  const store = openStore(t, { url: server.url })
  const callId = 'a84b4c76e66710-5f3c@pc33.atlanta.example.com'
  await store.save(callId, {
    ...beginning,
    legs: {
      '9fxced76sl-browser': { profile: 'browser', hidden: [{ index: 1, line: 'm=video 0 UDP/TLS/RTP/SAVPF 96', mid: '1' }] },
      '314159-8a7b6c5d4e3f': { profile: 'carrier', branch: '9fxced76sl-browser' },
    },
    branches: {
      '9fxced76sl-browser': {
        caller: '9fxced76sl-browser',
        callee: { profile: 'carrier' },
        invite: { cseq: 102, transaction: 'a1b2c3d4' },
        exchange: { offerer: 'caller', cseq: 102, state: 'answered', callee: '314159-8a7b6c5d4e3f', at: 1732320000 },
        state: 'confirmed',
      },
    },
    isEstablished: true,
  })
  for (let at = 0; at < 8; at++) await store.save(callId, { event: { at: beginning.createdAt + at, event: 'offer', detail: 'browser → carrier' } })
  const { call, timeline } = keysOf(callId)
  const sizes = await Promise.all([call, timeline].map((key) => redis.memory('USAGE', key)))
  const bytes = sizes.reduce<number>((sum, size) => sum + (size ?? Number.NaN), 0)
  t.diagnostic(`${bytes} bytes`)
  assert.ok(bytes <= 1536, `${bytes} bytes`)
})

test('lets every key of a call expire', async (t) => {
  const redis = await emptyRedis(t)
  const store = openStore(t, { url: server.url, ttlSeconds: 30 })
  await store.save('a', { ...beginning, event: { at: 1, event: 'offer' } })
  const { call, timeline } = keysOf('a')
  for (const key of [call, timeline]) assert.ok(await redis.pttl(key) > 20_000)
})

test('keeps all keys of a call in one slot of a cluster', async (t) => {
  const cluster = await startRedis(t, { args: ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())] })
  const redis = new Redis(cluster.url, { enableReadyCheck: false })
  t.after(() => redis.disconnect())
  for (const callId of ['a@b', '}', '{}', '{', 'a}b', '', ' ', 'x'.repeat(300), '→', '\0']) {
    const { call, timeline } = keysOf(callId)
    assert.equal(await redis.cluster('KEYSLOT', call), await redis.cluster('KEYSLOT', timeline))
  }
})

test('works on when Redis has forgotten the scripts', async (t) => {
  const redis = await emptyRedis(t)
  const store = openStore(t, { url: server.url })
  await store.save('a', beginning)
  await redis.script('FLUSH')
  await Promise.all([store.save('a', { isEstablished: true }), store.save('a', { event: { at: 1, event: 'offer' } })])
  assert.equal((await store.find('a'))?.timeline.length, 1)
})

test('takes what it cannot read for no call, and begins it anew', async (t) => {
  const redis = await emptyRedis(t)
  const store = openStore(t, { url: server.url })
  const { call, timeline } = keysOf('a')
  const strange = [
    () => redis.set(call, 'text'),
    () => redis.hset(call, { v: '9', node: 'x', revision: 'x', createdAt: '1', 'leg:old': '["sip"]' }),
    () => redis.hset(call, { v: '1', node: 'x' }),
    () => redis.hset(call, { v: '1', node: 'x', revision: 'x', createdAt: 'soon' }),
  ]
  for (const [index, put] of strange.entries()) {
    await redis.flushall()
    await put()
    await redis.rpush(timeline, '[1,"offer"]')
    assert.equal(await store.find('a'), undefined)
    await store.save('a', beginning)
    const found = await store.find('a')
    assert.equal(found?.node, 'edge-1')
    if (index < 2) assert.deepEqual([{ ...found.legs }, found.timeline], [{}, []])
  }
})

test('leaves out a leg, a branch, an exchange and an event that it cannot read', async (t) => {
  const redis = await emptyRedis(t)
  const store = openStore(t, { url: server.url })
  await store.save('a', { ...beginning, legs: { good: { profile: 'sip' } }, event: { at: 1, event: 'offer' } })
  const { call, timeline } = keysOf('a')
  await redis.hset(call, {
    'leg:bad': '{', 'leg:odd': '[7]', 'leg:\\x': '["sip"]', 'leg:part': '["sip",[1],7,[1,"m=audio",2]]', 'branch:bad': '[0]', 'branch:x': '["x",["sip"],9,["a"]]',
    'exchange:x': '["x","lost"]', 'exchange:none': '[0,0,1]', extra: 'x',
  })
  await redis.rpush(timeline, '[2', 'null', '["3","offer"]', '[4,"answer"]')
  assert.deepEqual({ ...(await store.find('a'))?.legs }, { good: { profile: 'sip' }, part: { profile: 'sip', hidden: [{ index: 1, line: 'm=audio' }] } })
  assert.deepEqual((await store.find('a'))?.timeline, [{ at: 1, event: 'offer' }, { at: 4, event: 'answer' }])
  assert.deepEqual({ ...(await store.find('a'))?.branches }, { x: { caller: 'x', callee: { profile: 'sip' } } })
})

test('takes no longer than it may, and says why, when nothing listens', async (t) => {
  const port = await freePort()
  const store = openStore(t, { url: `redis://127.0.0.1:${port}`, commandTimeoutMs: 150 })
  for (const [name, operation] of operations) {
    const { error, ms } = await failureOf(() => operation(store))
    assert.equal(error.message, `the call store redis://127.0.0.1:${port} does not answer: connect ECONNREFUSED 127.0.0.1:${port}`, name)
    assert.ok(ms < 1000, `${name} took ${ms} ms`)
  }
  await startRedis(t, { port })
  await until(() => works(store))
})

test('fails in time when Redis is silent, does not pile up commands, and works when it speaks again', async (t) => {
  const silent = await startRedis(t)
  const store = openStore(t, { url: silent.url, commandTimeoutMs: 150 })
  await until(() => works(store))
  process.kill(silent.pid, 'SIGSTOP')
  for (const { error, ms } of await Promise.all(operations.map(([, operation]) => failureOf(() => operation(store))))) {
    assert.match(error.message, /: nothing came within 150 ms$/)
    assert.ok(ms < 1000, `took ${ms} ms`)
  }
  // The connection is given up soon: from then on the answer is no, at once.
  await until(async () => (await failureOf(() => store.find('a'))).ms < 50)
  process.kill(silent.pid, 'SIGCONT')
  await until(() => works(store))
  assert.equal((await store.find('a'))?.node, 'edge-1')
})

test('fails at once when Redis is killed, and works when it is back', async (t) => {
  const first = await startRedis(t)
  const store = openStore(t, { url: first.url, commandTimeoutMs: 150 })
  await until(() => works(store))
  process.kill(first.pid, 'SIGKILL')
  await first.ended
  for (const [name, operation] of operations) {
    const { error, ms } = await failureOf(() => operation(store))
    assert.match(error.message, /^the call store redis:\/\/127\.0\.0\.1:\d+ does not answer: (connect ECONNREFUSED|connection lost|not connected|read ECONNRESET|write EPIPE)/)
    assert.ok(ms < 1000, `${name} took ${ms} ms`)
  }
  await startRedis(t, { port: first.port })
  await until(() => works(store))
  assert.equal(await store.size(), 1)
})

test('logs in, and never shows the password', async (t) => {
  const locked = await startRedis(t)
  const admin = await emptyRedis(t, locked.url)
  await admin.config('SET', 'requirepass', 'hunter@2')
  await admin.call('ACL', 'SETUSER', 'pilot', 'on', '>hunter/3', '~*', '+@all')
  const at = `127.0.0.1:${locked.port}`
  for (const login of [':hunter%402@', 'pilot:hunter%2F3@']) {
    const store = openStore(t, { url: `redis://${login}${at}/3`, commandTimeoutMs: 1000 })
    await until(() => works(store))
    await store.check()
  }
  for (const [login, shown, reason] of [
    [':hunter9@', ':***@', 'WRONGPASS'], ['pilot:hunter9@', 'pilot:***@', 'WRONGPASS'], ['', '', 'NOAUTH'],
  ] as const) {
    const store = openStore(t, { url: `redis://${login}${at}/3`, commandTimeoutMs: 1000 })
    const { error } = await failureOf(() => store.check())
    assert.ok(error.message.startsWith(`the call store redis://${shown}${at}/3 does not answer: ${reason}`), error.message)
    assert.doesNotMatch(inspect(error, { depth: 10, showHidden: true }), /hunter/)
  }
})

test('refuses a URL that it cannot read without showing it', () => {
  assert.throws(() => createRedisStore({ url: 'redis://:hunter2@h:port', ttlSeconds: 60 }), (error) =>
    error instanceof NgpilotError && error.code === 'config_invalid' && !inspect(error, { showHidden: true }).includes('hunter2'))
})

test('closes whatever Redis does, and fails from then on', async (t) => {
  const silent = await startRedis(t)
  const open = (url: string) => openStore(t, { url, commandTimeoutMs: 150 })
  const stopped = open(silent.url)
  await until(() => works(stopped))
  process.kill(silent.pid, 'SIGSTOP')
  for (const store of [stopped, open(server.url), open(silent.url), open(`redis://127.0.0.1:${await freePort()}`)]) {
    const started = performance.now()
    await store.close()
    assert.ok(performance.now() - started < 1000)
    await store.close()
    assert.match((await failureOf(() => store.check())).error.message, /: closed$/)
  }
})

test('lets what is under way finish before it closes', async (t) => {
  await emptyRedis(t)
  const store = openStore(t, { url: server.url })
  await store.check()
  const saving = store.save('a', beginning)
  await store.close()
  await saving
})

test('Redis store: deletes that one instance leaves go to one taker, and only once', async (t) => {
  await emptyRedis(t)
  const leaving = openStore(t, { url: server.url })
  const takers = [openStore(t, { url: server.url }), openStore(t, { url: server.url })]
  const node = { id: 'n1', host: '127.0.0.1', port: 2223 }
  const owed: OwedDelete[] = Array.from({ length: 20 }, (_, index) => ({ callId: `call-${index} é`, node, expiresAt: 1_800_000_000_000 }))
  owed.push({ callId: 'ws', node: { ...node, transport: 'ws' }, expiresAt: 1_800_000_000_000, isDoubtful: true })
  await leaving.leaveDeletes(owed)
  const taken = await Promise.all(takers.map((store) => store.takeDeletes()))
  const sorted = (deletes: OwedDelete[]) => deletes.toSorted((a, b) => a.callId.localeCompare(b.callId))
  assert.deepEqual(sorted(taken.flat()), sorted(owed))
  assert.deepEqual(await leaving.takeDeletes(), [])
})
