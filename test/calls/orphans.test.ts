import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCallCommand } from '../../src/calls/commands.ts'
import { Deletes } from '../../src/calls/deletes.ts'
import { Orphans } from '../../src/calls/orphans.ts'
import { ownBranch, readOwnBranch } from '../../src/calls/own-branch.ts'
import { createLiveFleet } from '../../src/fleet/live.ts'
import { NgClient } from '../../src/ng/client.ts'
import { answerCommand, listCommand, offerCommand, queryCommand } from '../../src/ng/commands.ts'
import { createRedisStore } from '../../src/state/redis.ts'
import type { CallStore, StoreHealth } from '../../src/state/store.ts'
import { startRedis } from '../../stack/redis.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { ensureTree } from '../../stack/tree.ts'
import { phone, request, sdpFile, startCalls } from '../support/calls.ts'
import { sharedContext } from '../support/shared.ts'

const shared = sharedContext()
const redis = await startRedis(shared)
const sdp = sdpFile('answer-plain-pcmu')
const branch = { key: 'z9hG4bKx', caller: 'phone', callee: 'phone' }
const within = () => ({ deadline: performance.now() + 5000 })

/** One ngpilot as far as orphans go, on a Redis that others share. `reaped`: what it ended. */
function startInstance (t: TestContext, instanceId: string, port: number, health?: () => StoreHealth) {
  const redisStore = createRedisStore({ url: redis.url, ttlSeconds: 60, commandTimeoutMs: 5000, instanceId })
  const store: CallStore = health ? { ...redisStore, health } : redisStore
  const ng = new NgClient({ instanceId })
  const node = { id: 'n1', host: '127.0.0.1', port }
  const fleet = createLiveFleet({ nodes: [node], ng })
  const deletes = new Deletes({ ng, observer: { owed: () => undefined, lost: () => undefined } })
  const reaped: string[] = []
  let kept = 0
  const orphans = new Orphans({
    store, fleet, ng, deletes, everyMs: 40, graceMs: 200,
    observer: { reaped: (_node, callId) => { reaped.push(callId) }, kept: (_node, count) => { kept = count } },
  })
  t.after(async () => {
    orphans.close()
    fleet.close()
    await deletes.drain(100)
    await ng.close()
    await store.close()
  })
  return { store, ng, node, reaped, kept: () => kept }
}

type Instance = ReturnType<typeof startInstance>

const offer = ({ ng, node }: Instance, callId: string, viaBranch = ownBranch(branch)) =>
  ng.send(node, offerCommand({ callId, fromTag: 'f', viaBranch, sdp, flags: {} }), within())
const answer = ({ ng, node }: Instance, callId: string, viaBranch = ownBranch(branch)) =>
  ng.send(node, answerCommand({ callId, fromTag: 'f', toTag: 't', viaBranch, sdp, flags: {} }), within())
const onNode = async ({ ng, node }: Instance) =>
  ((await ng.send(node, listCommand({ limit: 100 }), within())).calls as string[]).sort()

async function until (holds: () => Promise<boolean> | boolean, what: () => unknown): Promise<void> {
  const giveUpAt = performance.now() + 20_000
  while (!await holds()) {
    if (performance.now() > giveUpAt) assert.fail(`still: ${JSON.stringify(what())}`)
    await sleep(20)
  }
}

test('calls of ours that no instance knows are ended, once; foreign ones and those that somebody knows stay', async (t) => {
  const { port } = await startRtpengine(t)
  const [one, two] = [startInstance(t, 'one', port), startInstance(t, 'two', port)]
  const beginning = { node: 'n1', revision: 'r', createdAt: Date.now() }
  // As other clients of the node make them: Kamailio's own module, or an operator's script.
  await offer(two, 'foreign', 'z9hG4bKx')
  await answer(two, 'foreign', 'z9hG4bKx')
  await two.ng.send(two.node, offerCommand({ callId: 'foreign too', fromTag: 'f', sdp, flags: {} }), within())
  await one.store.save('owned', beginning)
  await offer(two, 'owned')
  await one.store.save('moved', { ...beginning, node: 'n2' })
  for (const callId of ['offered', 'answered', 'moved']) await offer(one, callId)
  await answer(one, 'answered')

  const reaped = () => [...one.reaped, ...two.reaped].sort()
  await until(async () => (await onNode(one)).length === 3, reaped)
  assert.deepEqual(await onNode(one), ['foreign', 'foreign too', 'owned'])
  await sleep(500)
  assert.deepEqual(await onNode(one), ['foreign', 'foreign too', 'owned'])
  assert.deepEqual(reaped(), ['answered', 'moved', 'offered'])
})

test('a call with media flowing is left alone, whatever the store has lost', async (t) => {
  const { port } = await startRtpengine(t)
  const instance = startInstance(t, 'media', port)
  await offer(instance, 'talking')
  const reply = await answer(instance, 'talking')
  const rtpPort = Number(/^m=audio (\d+)/m.exec(String(reply.sdp))?.[1])
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const packet = Buffer.concat([Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), Buffer.alloc(160)])
  let number = 0
  const speaking = setInterval(() => {
    packet.writeUInt16BE(number++ & 0xffff, 2)
    socket.send(packet, rtpPort, '127.0.0.1')
  }, 5)
  t.after(() => {
    clearInterval(speaking)
    socket.close()
  })
  await until(() => instance.kept() === 1, () => instance.reaped)
  await sleep(500)
  assert.deepEqual(await onNode(instance), ['talking'])
  clearInterval(speaking)
  await until(() => instance.reaped.length === 1, () => 'media ended')
})

test('while the store is away nothing is ended', async (t) => {
  const { port } = await startRtpengine(t)
  let health: StoreHealth = { isDegraded: true, reason: 'away', waiting: 0, refusesNew: false }
  const instance = startInstance(t, 'away', port, () => health)
  await offer(instance, 'waits')
  await sleep(800)
  assert.deepEqual([await onNode(instance), instance.reaped], [['waits'], []])
  health = { isDegraded: false }
  await until(() => instance.reaped.length === 1, () => 'it is back')
})

test('what ngpilot offers carries its mark, on every release, before it is answered too', async (t) => {
  const { calls, node } = await startCalls(t)
  const ng = new NgClient({ instanceId: 'look' })
  t.after(() => ng.close())
  await calls.offer(request({ callId: 'marked', sdp, source: phone, destination: phone }))
  const marks = async (port: number, callId: string) => {
    const { tags } = await ng.send({ ...node, id: String(port), port }, queryCommand({ callId }), within())
    return Object.values(tags as Record<string, Record<string, string>>).filter((tag) => readOwnBranch(tag['via-branch'])).length
  }
  assert.equal(await marks(node.port, 'marked'), 1)
  for (const release of ['bookworm', 'sid'] as const) {
    const { port } = await startRtpengine(t, { tree: await ensureTree({ release }) })
    const command = offerCommand({ callId: 'c', fromTag: 'f', viaBranch: ownBranch(branch), sdp, flags: {} })
    await ng.send({ ...node, id: String(port), port }, command, within())
    assert.equal(await marks(port, 'c'), 1, release)
  }
})

for (const release of ['bookworm', 'trixie', 'sid'] as const) {
  test(`a call that a publish began is ours too, on the rtpengine of ${release}, and one that another published is not`, async (t) => {
    const { port } = await startRtpengine(t, { tree: await ensureTree({ release }) })
    const instance = startInstance(t, release, port)
    const { store, ng, node } = instance
    await ng.send(node, { command: 'publish', 'call-id': 'foreign', 'from-tag': 'f', sdp }, within())
    const fleet = { candidates: () => [node], reachable: () => [node], pinned: () => node }
    const command = createCallCommand({ policy: () => ({ revision: 'r' }), fleet, ng, store } as unknown as Parameters<typeof createCallCommand>[0])
    const publish = { command: 'publish', 'from-tag': 'f', sdp }
    await command({ callId: 'ours', command: publish, ...within() }, undefined, () => undefined)
    await sleep(400)
    assert.deepEqual(await onNode(instance), ['foreign', 'ours'], 'somebody knows it')
    await store.remove('ours')
    await until(() => instance.reaped.length === 1, () => 'published')
    assert.deepEqual(instance.reaped, ['ours'])
    await until(async () => (await onNode(instance)).length === 1, () => 'published')
  })
}
