import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { connectRedis, type RedisConnection } from '../../src/state/connection.ts'
import { startClusterGroup, startSentinelGroup } from '../../stack/redis-groups.ts'
import { startRedis } from '../../stack/redis.ts'
import { startFakeSentinel } from '../support/fake-sentinel.ts'
import { until } from './contract.ts'

/** `ports`: of those servers whose clients are thrown out. */
const kinds: Record<string, (t: TestContext) => Promise<{ url: string, ports: number[] }>> = {
  'a server': async (t) => {
    const { url, port } = await startRedis(t)
    return { url, ports: [port] }
  },
  'the master behind Sentinels': async (t) => {
    const { url, master } = await startSentinelGroup(t)
    return { url, ports: [master.port] }
  },
  'a Cluster': async (t) => {
    const { url, nodes } = await startClusterGroup(t)
    return { url, ports: nodes.map(({ port }) => port) }
  },
}

for (const [kind, start] of Object.entries(kinds)) {
  test(`${kind} that throws its clients out, as in a failover, is waited for: no command fails`, async (t) => {
    const { url, ports } = await start(t)
    const connection = open(t, url)
    const others = ports.map((port) => new Redis({ host: '127.0.0.1', port }).on('error', () => undefined))
    t.after(() => { for (const each of others) each.disconnect() })
    const failures: unknown[] = []
    let [isOver, done] = [false, 0]
    const lanes = Array.from({ length: 8 }, async (_, lane) => {
      for (let number = 0; !isOver; number++) {
        await connection.run((redis) => redis.set(`ngpilot:{${lane}-${number % 50}}`, '1'))
          .then(() => { done++ }, (error: unknown) => { failures.push(error) })
        await sleep(1)
      }
    })
    for (let times = 0; times < 6; times++) {
      await others[times % others.length]?.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      const before = done
      await until(() => done > before + 50)
    }
    isOver = true
    await Promise.all(lanes)
    assert.deepEqual(failures, [])
  })
}

test('a Sentinel tells of a failover while it is asked for the master: the store comes back', async (t) => {
  const first = await startRedis(t)
  const sentinel = await startFakeSentinel(t, first)
  const connection = open(t, `redis+sentinel://127.0.0.1:${sentinel.port}/calls`)
  const ping = () => connection.run((redis) => redis.ping())
  await ping()
  sentinel.holds = true
  process.kill(first.pid, 'SIGKILL')
  await first.ended
  await until(() => sentinel.asking > 0)
  sentinel.switchMaster()
  sentinel.holds = false
  await startRedis(t, { port: first.port })
  await until(() => ping().then(() => true, () => false))
})

test('one that stays away is not waited for again', async (t) => {
  const server = await startRedis(t)
  const connection = open(t, server.url)
  const ping = () => connection.run((redis) => redis.ping())
  await ping()
  process.kill(server.pid, 'SIGKILL')
  await server.ended
  await assert.rejects(ping(), /does not answer/)
  const started = performance.now()
  for (let times = 0; times < 20; times++) await assert.rejects(ping(), /does not answer/)
  assert.ok(performance.now() - started < 20 * 100, 'none of them waited')
})

function open (t: TestContext, url: string): RedisConnection {
  const connection = connectRedis(url, 5000)
  t.after(() => connection.close())
  return connection
}
