import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { NgpilotError } from '../../src/errors.ts'
import { Wills } from '../../src/fleet/wills.ts'
import { type Ngpilot, startNgpilot } from '../../stack/ngpilot.ts'
import { startRedis } from '../../stack/redis.ts'
import { startFakeRtpengine } from '../support/fake-rtpengine.ts'
import { until as untilTrue } from '../state/contract.ts'
import { until } from './support.ts'

test('a node is drained for all instances of a Redis, and over a restart', async (t) => {
  const redis = await startRedis(t)
  const node = await startFakeRtpengine(t)
  const env = {
    NGPILOT_RTPENGINE_NODES: `n1=127.0.0.1:${node.port}`, NGPILOT_POLICY_DIRECTORY: 'policy', NGPILOT_STORE_URL: redis.url,
  }
  const [one, two] = await Promise.all([startNgpilot(t, { env }), startNgpilot(t, { env })])
  const stateAt = async ({ url }: Ngpilot) =>
    (await (await fetch(`${url}/v1/nodes`)).json() as { nodes: { state: string, isUnshared?: boolean }[] }).nodes[0]
  await fetch(`${one.url}/v1/nodes/n1/drain`, { method: 'POST' })
  assert.deepEqual([(await stateAt(one))?.state, (await stateAt(one))?.isUnshared], ['draining', undefined])
  await untilTrue(async () => (await stateAt(two))?.state === 'draining')

  await one.stop()
  const again = await startNgpilot(t, { env, isReadyAt: '/healthz' })
  assert.equal((await stateAt(again))?.state, 'draining')
  await fetch(`${again.url}/v1/nodes/n1/enable`, { method: 'POST' })
  await untilTrue(async () => (await stateAt(two))?.state === 'up')
})

test('the latest word counts; what a Redis has lost is put back; what it could not be told it is told later', async (t) => {
  const stored = new Map<string, { will: 'enabled' | 'draining' | 'disabled', at: number }>()
  let isAway = false
  const store = {
    read () {
      if (isAway) return Promise.reject(new NgpilotError('store_unavailable', 'away'))
      return Promise.resolve(new Map(stored))
    },
    write: (id: string, entry: { will: 'enabled' | 'draining' | 'disabled', at: number }) => Promise.resolve(void stored.set(id, entry)),
  }
  const problems: (string | undefined)[] = []
  const [here, there] = [start(t, store, problems), start(t, store, problems)]
  await Promise.all([here.wills.start(), there.wills.start()])
  await here.wills.set('n1', 'draining')
  await until('told there', () => there.told.at(-1) === 'n1 draining')

  stored.clear()
  await until('put back', () => stored.get('n1')?.will === 'draining')
  assert.deepEqual([here.wills.of('n1'), there.wills.of('n1')], ['draining', 'draining'])

  isAway = true
  await there.wills.set('n1', 'enabled')
  assert.deepEqual([there.wills.isUntold('n1'), here.wills.of('n1')], [true, 'draining'])
  isAway = false
  await until('told here', () => here.told.at(-1) === 'n1 enabled')
  await until('told', () => !there.wills.isUntold('n1'))
  assert.ok(problems.includes('away'))
  assert.equal(start(t, undefined, []).wills.of('n1'), 'enabled')
})

function start (t: TestContext, store: ConstructorParameters<typeof Wills>[0]['store'], problems: (string | undefined)[]) {
  const told: string[] = []
  const wills = new Wills({
    ...store && { store }, everyMs: 10, onWill: (id, will) => told.push(`${id} ${will}`),
    observer: { asked: (problem) => problems.push(problem) },
  })
  t.after(() => wills.close())
  return { wills, told }
}
