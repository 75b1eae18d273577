import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { asNgpilotError } from '../../src/errors.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import { createMemoryStore } from '../../src/state/memory.ts'
import { phone, request, sdpFile } from '../support/calls.ts'
import { type CallNode, type Instance, startCallNode, startInstance } from '../support/chaos-fleet.ts'
import { type Faults, randomFrom } from '../support/chaos-rtpengine.ts'
import { until } from '../fleet/support.ts'

const seeds = Number(process.env.NGPILOT_TEST_SEEDS ?? 2)
const firstSeed = Number(process.env.NGPILOT_TEST_SEED ?? 1)
const callsEach = 80
const storyMs = 800
const sdp = sdpFile('answer-plain-pcmu')
const policy = await loadPolicy('policy')

/** What is expected of a call when all is quiet: gone, or at its node. */
interface Life { callId: string, isKept: boolean }

describe('no delete is lost, and a call is owned by one node', () => {
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    test(`with loss, silence, standstill, ${hasRestarts(seed) ? 'restarts, ' : ''}failover, and two instances that start anew (seed ${seed})`, async (t) => {
      const random = randomFrom(seed)
      const scene = await startScene(t, seed, random)
      const { nodes, instances, stopped, store } = scene
      const restarts = restartInstances(scene, t, randomFrom(seed * 1000 + 999))
      const story = Promise.all([tellStory(nodes, hasRestarts(seed), random), restarts])
      const lives = await Promise.all(Array.from({ length: callsEach }, (_, number) => live(scene, `call ${number}`, randomFrom(seed * 1000 + number))))
      await story
      for (const node of nodes) node.suffer({})

      const kept = lives.filter(({ isKept }) => isKept).map(({ callId }) => callId)
      const owners = new Map<string, string | undefined>()
      for (const callId of kept) owners.set(callId, (await store.find(callId))?.node)
      const strays = () => nodes.flatMap(({ id, calls }) =>
        [...calls].filter((callId) => owners.get(callId) !== id).map((callId) => `${callId} at ${id}`))
      await until('each call is at its node alone', () => strays().length === 0)
        .catch(() => assert.deepEqual(strays(), []))
      const gone = kept.filter((callId) => !nodes.some(({ calls }) => calls.has(callId)))
      if (!hasRestarts(seed)) assert.deepEqual(gone, [], 'a call was ended that nobody had ended')

      for (const callId of kept) await instances[0]?.serve((calls) => calls.deleteCall(request({ callId })))
      await until('nothing is owed', () => instances.every(({ owed }) => owed() === 0))
      assert.deepEqual(strays(), [])
      assert.deepEqual(nodes.map(({ calls }) => calls.size), [0, 0, 0])
      assert.deepEqual([...instances, ...stopped].flatMap(({ lost }) => lost), [])
      t.diagnostic(`of ${callsEach} calls ${kept.length} lived on; ${gone.length} of them were lost with a node that started anew`)
    })
  }
})

interface Scene {
  nodes: CallNode[]
  instances: Instance[]
  /** Those that others have taken the place of. */
  stopped: Instance[]
  store: ReturnType<typeof createMemoryStore>
}

async function startScene (t: TestContext, seed: number, random: () => number): Promise<Scene> {
  const store = createMemoryStore({ ttlSeconds: 60 })
  t.after(() => store.close())
  const nodes = await Promise.all(['a', 'b', 'c'].map((id, index) => startCallNode(t, {
    id, seed: seed * 100 + index, mediaPort: 20_000 + 1000 * index, faults: usualFaults(random),
  })))
  const instances = ['one', 'two'].map((instanceId) => startInstance(t, { instanceId, nodes, policy, store }))
  return { nodes, instances, stopped: [], store }
}

/** The faults that a network has all the time. Delays stay below the time for which a node that restarts hears nothing. */
function usualFaults (random: () => number): Faults {
  return { loss: random() * 0.3, duplicates: random() * 0.2, delayMs: [0, random() * 15] }
}

/** One node after another falls silent, stands still, or starts anew. */
async function tellStory (nodes: CallNode[], hasRestarts: boolean, random: () => number): Promise<void> {
  const until = performance.now() + storyMs
  while (performance.now() < until) {
    await sleep(random() * 120)
    const node = nodes[Math.floor(random() * nodes.length)]
    assert.ok(node)
    const chance = random()
    const isStandstill = chance < 0.4
    node.suffer(isStandstill ? { isHeld: true } : { loss: 1 })
    await sleep(30 + random() * 200)
    if (hasRestarts && chance > 0.7) node.restart()
    node.suffer(usualFaults(random))
  }
}

/** One ngpilot after the other stops and starts anew, and takes over the deletes that it owed. */
async function restartInstances (
  { nodes, instances, stopped, store }: Scene, t: TestContext, random: () => number,
): Promise<void> {
  for (const [index, old] of instances.entries()) {
    await sleep(random() * storyMs / 2)
    const instance = startInstance(t, { instanceId: `${index} anew`, nodes, policy, store })
    instances[index] = instance
    stopped.push(old)
    for (const { node, ...left } of await old.stop(50)) void instance.deletes.take(node, left)
  }
}

/** A call from its offer to its delete, or to where it is left; each request goes to either instance. */
async function live ({ nodes, instances }: Scene, callId: string, random: () => number): Promise<Life> {
  const instance = () => instances[Math.floor(random() * instances.length)] ?? assert.fail()
  const legs = { callId, fromTag: 'from', source: phone, destination: phone, sdp }
  const toTag = 'to'
  const soon = () => ({ deadline: performance.now() + 400 })
  const owned = async (asking: Promise<{ sdp?: Buffer, node?: string }>): Promise<boolean> => {
    try {
      const { sdp: given, node } = await asking
      const port = /^m=audio (\d+)/m.exec(String(given))?.[1]
      assert.equal(nodes.find(({ mediaPort }) => String(mediaPort) === port)?.id, node, `${callId}: whose SDP is it?`)
      return true
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      assert.match(asNgpilotError(error).code, /^(ng_timeout|no_node|call_unknown|offer_pending|out_of_order)$/, String(error))
      return false
    }
  }

  await sleep(random() * storyMs)
  let isUp = await owned(instance().serve((calls) => calls.offer(request({ ...legs, ...soon() }))))
  // As a proxy that tries the next route does.
  if (!isUp) isUp = await owned(instance().serve((calls) => calls.offer(request({ ...legs, ...soon() }))))
  if (!isUp) return { callId, isKept: false }
  await owned(instance().serve((calls) => calls.answer(request({ ...legs, toTag, ...soon() }))))
  await sleep(random() * 100)
  if (random() < 0.5) {
    const isOffered = await owned(instance().serve((calls) => calls.offer(request({ ...legs, toTag, ...soon() }))))
    if (isOffered) await owned(instance().serve((calls) => calls.answer(request({ ...legs, toTag, ...soon() }))))
  }
  if (random() < 0.25) return { callId, isKept: true }
  await instance().serve((calls) => calls.deleteCall(request({ callId, ...soon() })))
  return { callId, isKept: false }
}

function hasRestarts (seed: number): boolean {
  return seed % 2 === 0
}
