import { setTimeout as sleep } from 'node:timers/promises'
import { CallTable } from '../../src/state/call-table.ts'
import { createRedisStore } from '../../src/state/redis.ts'
import type { CallChange } from '../../src/state/store.ts'
import { type Ngpilot, startNgpilot } from '../../stack/ngpilot.ts'
import { startClusterGroup, startSentinelGroup } from '../../stack/redis-groups.ts'
import { type Redis, startRedis } from '../../stack/redis.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { sdpFile } from '../support/calls.ts'
import { percentile, table } from './table.ts'

/**
 * Two ngpilots and a Redis, requests of each call alternate between the ngpilots; at every step of a call in turn something
 * is killed. Prints how many calls were lost to it. Then 100,000 calls in the store. `npm run test:calls [CALLS]`.
 */
const callsInStore = Number(process.argv[2] ?? 100_000)
const callsAtOnce = 8
const steps = ['offer', 'answer', 're-offer', 're-answer', 'delete'] as const
const sdp = sdpFile('answer-plain-pcmu').toString()
type End = () => Promise<void> | void

/** What was started, to be ended in reverse. */
class Started {
  readonly #ends: End[] = []
  after (end: End): void { this.#ends.push(end) }
  async end (): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end()
  }
}

const whole = new Started()
/** Of one scene: what is left of one that is over would take time from the next. */
const context = new Started()

interface Site { pilots: [Ngpilot, Ngpilot], restart: (index: 0 | 1) => Promise<void>, isShared: boolean }
/**
 * What is done at a step; what it returns is done before the next round. Where it leaves nothing shared, each call goes on
 * at the ngpilot that had it last.
 */
type Fault = (site: Site, round: number) => Promise<() => Promise<void> | void>

try {
  const rows: string[][] = []
  const rtpengine = await startRtpengine(whole, { rtpPorts: { min: 10_000, max: 30_000 }, logLevel: 3 })

  await scene('an ngpilot killed (SIGKILL)', async () => (await startRedis(context)).url, async ({ pilots, restart }, round) => {
    const index = round % 2 === 0 ? 0 : 1
    process.kill(pilots[index].pid, 'SIGKILL')
    await pilots[index].ended
    return () => restart(index)
  })

  let single: Redis | undefined
  const startSingle = async () => {
    single = await startRedis(context)
    return single.url
  }
  const kill = async ({ pid, ended }: Redis) => {
    process.kill(pid, 'SIGKILL')
    await ended
  }
  await scene('Redis killed, and back with nothing', startSingle, async ({ pilots }) => {
    const { port } = single as Redis
    await kill(single as Redis)
    single = await startRedis(context, { port })
    await Promise.all(pilots.map(isWell))
    return () => undefined
  })

  await scene('Redis killed, and away till the end', startSingle, async (site) => {
    const { port } = single as Redis
    await kill(single as Redis)
    site.isShared = false
    return async () => {
      single = await startRedis(context, { port })
      await Promise.all(site.pilots.map(isWell))
      site.isShared = true
    }
  })

  await scene('Sentinel: the master killed', undefined, undefined, async (step) => {
    const group = await startSentinelGroup(context)
    const site = await startSite(rtpengine.port, group.url)
    return play(site, step, async () => {
      process.kill(group.master.pid, 'SIGKILL')
      while (await group.masterPort() !== group.replica.port) await sleep(50)
      await Promise.all(site.pilots.map(isWell))
      return () => undefined
    }, 0)
  })

  await scene('Cluster of three: a master killed', undefined, undefined, async (step) => {
    const cluster = await startClusterGroup(context)
    const site = await startSite(rtpengine.port, cluster.url)
    return play(site, step, () => {
      process.kill(cluster.nodes[0]?.pid ?? 0, 'SIGKILL')
      site.isShared = false
      return Promise.resolve(() => undefined)
    }, 0)
  })

  process.stderr.write('\r\x1b[K')
  console.log(`\n${callsAtOnce} calls at each of ${steps.length} steps; their requests alternate between two ngpilots\n`)
  console.log(`${table(['fault, at each step in turn', 'calls', 'requests after it', 'failed', 'calls lost'], rows)}\n`)
  console.log(`${await storeFigures()}\n`)

  async function scene (
    name: string, start: (() => Promise<string>) | undefined, fault: Fault | undefined,
    own?: (step: number) => Promise<Played>,
  ): Promise<void> {
    const site = start && await startSite(rtpengine.port, await start())
    const played: Played[] = []
    for (const step of steps.keys()) {
      process.stderr.write(`\r\x1b[K${name}: ${steps[step] ?? ''} …`)
      try {
        if (own) played.push(await own(step))
        else if (site && fault) played.push(await play(site, step, (each, round) => fault(each, round), step))
      } catch (error) {
        // That it did not recover loses them all.
        console.error(`\n${name}: ${steps[step] ?? ''}: ${String(error)}`)
        played.push({ calls: callsAtOnce, requests: 0, failed: 0, lost: callsAtOnce })
      }
      if (own) await context.end()
    }
    await context.end()
    const sum = (of: (each: Played) => number) => String(played.reduce((all, each) => all + of(each), 0))
    rows.push([
      name, sum(({ calls }) => calls), sum(({ requests }) => requests), sum(({ failed }) => failed), sum(({ lost }) => lost),
    ])
  }
} finally {
  await context.end()
  await whole.end()
}

interface Played { calls: number, requests: number, failed: number, lost: number }

/** Makes calls, does something before the step of that number, and goes on. */
async function play (site: Site, at: number, fault: Fault, round: number): Promise<Played> {
  const calls = Array.from({ length: callsAtOnce }, (_, index) => `${round}-${at}-${index}-${Date.now()}`)
  const after: (() => Promise<void> | void)[] = []
  let [requests, failed] = [0, 0]
  const lost = new Set<string>()
  const alive = new Set<0 | 1>([0, 1])
  for (const step of steps.keys()) {
    if (step === at) {
      after.push(await fault(site, round))
      for (const index of [0, 1] as const) if (!await isUp(site.pilots[index])) alive.delete(index)
    }
    await Promise.all(calls.map(async (callId, index) => {
      // Without a store the ngpilot that had the call last goes on with it.
      const turn = ((site.isShared ? step : Math.max(0, at - 1)) + index) % 2 === 0 ? 0 : 1
      const pilot = site.pilots[alive.has(turn) ? turn : turn === 0 ? 1 : 0]
      const isRight = await request(pilot, step, callId)
      if (step < at) return
      requests++
      if (isRight) return
      failed++
      lost.add(callId)
    }))
  }
  for (const end of after) await end()
  return { calls: calls.length, requests, failed, lost: lost.size }
}

async function request (pilot: Ngpilot, step: number, callId: string): Promise<boolean> {
  const legs = [{ fromTag: 'a' }, { fromTag: 'a', toTag: 'b' }, { fromTag: 'b', toTag: 'a' }, { fromTag: 'b', toTag: 'a' }, {}][step]
  const verb = (['offer', 'answer', 'offer', 'answer', 'delete'] as const)[step] ?? 'delete'
  const body = JSON.stringify({ callId, ...legs, ...(verb !== 'delete' && { sdp }) })
  const reply = await fetch(`${pilot.url}/v1/${verb}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    .catch(() => undefined)
  if (reply && !reply.ok) process.stderr.write(`\n${verb} ${callId}: ${await reply.text()}\n`)
  return reply?.ok ?? false
}

async function startSite (rtpenginePort: number, storeUrl: string): Promise<Site> {
  const start = () => startNgpilot(context, {
    env: {
      NGPILOT_RTPENGINE_NODES: `n1=127.0.0.1:${rtpenginePort}`, NGPILOT_POLICY_DIRECTORY: 'policy',
      NGPILOT_LOG_LEVEL: 'error', NGPILOT_STORE_URL: storeUrl,
    },
  })
  const pilots: Site['pilots'] = [await start(), await start()]
  return { pilots, isShared: true, restart: async (index) => { pilots[index] = await start() } }
}

async function isUp ({ url }: Ngpilot): Promise<boolean> {
  return fetch(`${url}/healthz`, { signal: AbortSignal.timeout(1000) }).then(() => true, () => false)
}

/** Waits until it serves, and its store too. */
async function isWell ({ url }: Ngpilot): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const status = await fetch(`${url}/readyz`).then(async (reply) => (await reply.json() as { status: string }).status, () => '')
    if (status === 'ready') return
    await sleep(50)
  }
  throw new Error(`${url} did not get well`)
}

/** Bytes for each call, and whether the last of many is as quick as the first. */
async function storeFigures (): Promise<string> {
  const redis = await startRedis(context)
  const store = createRedisStore({ url: redis.url, ttlSeconds: 3600, commandTimeoutMs: 2000 })
  const own = new CallTable({ ttlSeconds: 3600 })
  const idOf = (number: number) => `a84b4c76e66710-${number}@pc33.atlanta.example.com`
  const latencies: number[] = []
  const usedBy = async () => Number(/used_memory:(\d+)/.exec(await info(redis.url))?.[1])
  const before = await usedBy()
  global.gc?.()
  const heapBefore = process.memoryUsage().heapUsed
  for (let number = 0; number < callsInStore; number++) for (const change of callOf(number)) own.save(idOf(number), change)
  global.gc?.()
  const heap = (process.memoryUsage().heapUsed - heapBefore) / callsInStore
  const lanes = 16
  await Promise.all(Array.from({ length: lanes }, async (_, lane) => {
    for (let number = lane; number < callsInStore; number += lanes) {
      const [offered, answered] = callOf(number)
      await store.save(idOf(number), offered)
      const started = performance.now()
      await store.save(idOf(number), answered)
      await store.find(idOf(number))
      latencies[number] = performance.now() - started
    }
  }))
  const bytes = (await usedBy() - before) / callsInStore
  const share = Math.max(1, Math.floor(callsInStore / 100))
  const rows = [
    ['bytes in Redis, for each call', bytes.toFixed(0)],
    [`bytes in memory, for each of ${own.size} calls`, heap.toFixed(0)],
    ['save and find, first hundredth, p50 ms', percentile(latencies.slice(0, share), 0.5).toFixed(2)],
    ['save and find, last hundredth, p50 ms', percentile(latencies.slice(-share), 0.5).toFixed(2)],
  ]
  await store.close()
  return table([`${callsInStore} calls in the store`, ''], rows)
}

async function info (url: string): Promise<string> {
  const { Redis: Client } = await import('ioredis')
  const client = new Client(url)
  await sleep(50)
  const text = await client.info('memory')
  client.disconnect()
  return text
}

/** What the store is told of a call between a browser and a carrier: its offer, and its answer. */
function callOf (number: number): [CallChange, CallChange] {
  const branch = {
    caller: '9fxced76sl', callee: { profile: 'carrier' }, invite: { cseq: 102, transaction: 'z9hG4bKnashds8' },
    exchange: { offerer: 'caller', state: 'offered', at: 1_732_320_000, cseq: 102 },
  } as const
  const offered: CallChange = {
    node: 'edge-1', revision: 'f00dfeed', createdAt: 1_732_320_000_000 + number, caller: '9fxced76sl',
    legs: { '9fxced76sl': { profile: 'browser', isBundled: true } },
    branches: { z9hG4bK74bf9: branch },
    event: { at: 1_732_320_000_001, event: 'offer', detail: 'browser → carrier, decision 4b1f00c2a7' },
  }
  const answered: CallChange = {
    legs: { '314159-8a7b': { profile: 'carrier', branch: 'z9hG4bK74bf9' } },
    branches: { z9hG4bK74bf9: { ...branch, exchange: { ...branch.exchange, state: 'answered', callee: '314159-8a7b' }, state: 'confirmed' } },
    isEstablished: true,
    event: { at: 1_732_320_004_001, event: 'answer', detail: 'carrier → browser, decision 4b1f00c2a8' },
  }
  return [offered, answered]
}
