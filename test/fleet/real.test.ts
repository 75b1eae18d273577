import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before, suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { deleteCommand, listCommand, offerCommand } from '../../src/ng/commands.ts'
import type { MediaNode } from '../../src/ng/types.ts'
import { type Rtpengine, type RtpengineOptions, startRtpengine } from '../../stack/rtpengine.ts'
import { ensureTree, type Release } from '../../stack/tree.ts'
import { sharedContext } from '../support/shared.ts'
import { startFleet, toldOf, until, within } from './support.ts'

const releases = (process.env.NGPILOT_TEST_RELEASES ?? 'trixie').split(',') as Release[]
let tree = ''
/** Three rtpengines, with the rules as they ship. What a test does to them it undoes. */
const ids = ['n1', 'n2', 'n3'] as const
const engines = {} as Record<typeof ids[number], Rtpengine>
const sdp = await readFile(new URL('../data/sdp/answer-plain-pcmu.sdp', import.meta.url))

function nodes (): MediaNode[] {
  return ids.map((id) => ({ id, host: engines[id].address, port: engines[id].port }))
}

function nodeOf (id: string): MediaNode {
  const node = nodes().find((each) => each.id === id)
  assert.ok(node)
  return node
}

function offer (callId: string) {
  return offerCommand({ callId, fromTag: 'from', sdp, flags: {} })
}

function remove (callId: string) {
  return deleteCommand({ callId, deleteDelaySeconds: 0 })
}

/** New calls go on, one every 10 ms: an offer to the first choice, then its delete. Tells where the latest ones went. */
function startCalls ({ fleet, ng }: ReturnType<typeof startFleet>, t: TestContext) {
  const chosen: (string | undefined)[] = []
  const timer = setInterval(() => {
    const [node] = fleet.candidates()
    chosen.push(node?.id)
    if (!node) return
    void call(node, `call-${chosen.length}`).catch(() => undefined) // those on a dead node fail
  }, 10)
  t.after(() => clearInterval(timer))
  return { chosen, stop: () => clearInterval(timer), avoids: (id: string) => !chosen.slice(-30).includes(id) }

  async function call (node: MediaNode, callId: string): Promise<void> {
    await ng.send(node, offer(callId), within(240))
    await ng.send(node, remove(callId), within(240))
  }
}

/** Ends what calls a node has: one that was stopped carries the offers out that came meanwhile. */
async function clear ({ ng }: ReturnType<typeof startFleet>, node: MediaNode): Promise<void> {
  const { calls } = await ng.send(node, listCommand({ limit: 1000 }), within(1000))
  for (const callId of Array.isArray(calls) ? calls : []) {
    if (typeof callId === 'string') await ng.send(node, remove(callId), within(1000))
  }
}

async function killed (id: typeof ids[number]): Promise<RtpengineOptions> {
  const { pid, ended, port, rtpPorts } = engines[id]
  process.kill(pid, 'SIGKILL')
  await ended
  return { tree, port, rtpPorts }
}

for (const release of releases) {
  suite(`rtpengine of ${release}`, () => {
    const context = sharedContext()

    before(async () => {
      tree = await ensureTree({ release })
      for (const id of ids) engines[id] = await startRtpengine(context, { tree })
    })

    test('three nodes come up and say what room they have', async (t) => {
      const { allUp, fleet } = startFleet(t, nodes())
      await allUp()
      await until('round trips', () => fleet.nodes().every(({ roundTripMs }) => roundTripMs !== undefined))
      assert.deepEqual(fleet.nodes().map(({ id, address, calls, freePorts }) => ({ id, address, calls, freePorts })),
        ids.map((id) => ({ id, address: `127.0.0.1:${engines[id].port}`, calls: 0, freePorts: 400 })))
    })

    test('a node that is stopped falls silent under calls: suspect, down, left out; it goes on and comes back', async (t) => {
      const running = startFleet(t, nodes())
      const { allUp, told, is } = running
      await allUp()
      const calls = startCalls(running, t)
      told.length = 0
      const { pid } = engines.n1
      t.after(() => { process.kill(pid, 'SIGCONT') })
      const stoppedAt = performance.now()
      process.kill(pid, 'SIGSTOP')
      await is('n1', 'suspect')
      const suspectMs = performance.now() - stoppedAt
      await is('n1', 'down')
      const downMs = performance.now() - stoppedAt
      await until('n1 is left out', () => calls.avoids('n1'))

      const continuedAt = performance.now()
      process.kill(pid, 'SIGCONT')
      await is('n1', 'up')
      const upMs = performance.now() - continuedAt
      await until('n1 gets calls', () => calls.chosen.slice(-10).includes('n1'))
      const events = toldOf(told, { id: 'n1' })
      assert.match(events[0] ?? '', /^rtpengine n1 is suspect: \d+ commands? timed out within \d\.\d s$/)
      assert.match(events[1] ?? '', /^rtpengine n1 is down: \d+ commands timed out within \d\.\d s$/)
      assert.match(events[2] ?? '', /^rtpengine n1 is up: it answers again, after \d\.\d s$/)
      t.diagnostic(`SIGSTOP: suspect after ${suspectMs.toFixed()} ms, down after ${downMs.toFixed()} ms; SIGCONT: up after ${upMs.toFixed()} ms`)
    })

    test('a node that is killed is down at the first refusal, and up when it has started again', async (t) => {
      const running = startFleet(t, nodes())
      const { allUp, told, is, view } = running
      await allUp()
      const calls = startCalls(running, t)
      told.length = 0
      const killedAt = performance.now()
      const options = await killed('n2')
      await is('n2', 'down')
      const downMs = performance.now() - killedAt
      assert.equal(view('n2')?.reason, 'nothing listens for NG at its address')
      assert.equal(view('n2')?.down?.isGone, true)
      await until('n2 is left out', () => calls.avoids('n2'))

      engines.n2 = await startRtpengine(context, options)
      const startedAt = performance.now()
      await is('n2', 'up')
      const upMs = performance.now() - startedAt
      await until('n2 gets calls', () => calls.chosen.slice(-10).includes('n2'))
      calls.stop()
      await until('n2 has said what room it has', () => view('n2')?.freePorts !== undefined)
      assert.equal(toldOf(told, { id: 'n2' }).at(-2), 'rtpengine n2 is down: nothing listens for NG at its address')
      assert.match(toldOf(told, { id: 'n2' }).at(-1) ?? '', /^rtpengine n2 is up: it answers again/)
      t.diagnostic(`SIGKILL: down after ${downMs.toFixed()} ms; ready again: up after ${upMs.toFixed()} ms`)
    })

    test('a node without calls is found dead by pings alone', async (t) => {
      const { allUp, is, told } = startFleet(t, nodes())
      await allUp()
      const { pid } = engines.n3
      t.after(() => { process.kill(pid, 'SIGCONT') })
      const stoppedAt = performance.now()
      process.kill(pid, 'SIGSTOP')
      await is('n3', 'suspect')
      const suspectMs = performance.now() - stoppedAt
      await is('n3', 'down')
      t.diagnostic(`idle, SIGSTOP: suspect after ${suspectMs.toFixed()} ms, down after ${(performance.now() - stoppedAt).toFixed()} ms`)
      process.kill(pid, 'SIGCONT')
      await is('n3', 'up')
      assert.equal(toldOf(told, { id: 'n3' }).length, 4)
    })

    test('when most nodes are down the calls go to the one that is left, then to the doubtful ones', async (t) => {
      const { allUp, is, told, fleet } = startFleet(t, nodes())
      await allUp()
      const pids = [engines.n1.pid, engines.n3.pid]
      t.after(() => pids.forEach((pid) => process.kill(pid, 'SIGCONT')))
      for (const pid of pids) process.kill(pid, 'SIGSTOP')
      await Promise.all([is('n1', 'down'), is('n3', 'down')])
      const [first, ...others] = fleet.candidates().map(({ id }) => id)
      assert.deepEqual([first, others.sort()], ['n2', ['n1', 'n3']])
      const panic = '2 of 3 rtpengines of the set default are down (n1, n3): too many to be left out, new calls may go to them again'
      assert.ok(told.includes(panic), told.join('\n'))
      for (const pid of pids) process.kill(pid, 'SIGCONT')
      await Promise.all([is('n1', 'up'), is('n3', 'up')])
      const over = told.findIndex((line) => line.startsWith('only 1 of 3 rtpengines of the set default is down'))
      assert.ok(over > told.indexOf(panic), told.join('\n'))
    })

    test('a node drains: its call goes on there, new ones go elsewhere, and it is empty when the call has ended', async (t) => {
      const running = startFleet(t, nodes())
      const { allUp, fleet, ng, view, firstChoices } = running
      await allUp()
      await clear(running, nodeOf('n1'))
      await ng.send(nodeOf('n1'), offer('stays'), within(1000))
      fleet.want('n1', 'draining')
      assert.deepEqual(firstChoices(), ['n2', 'n3'])
      await until('the call is seen', () => view('n1')?.calls === 1)
      await sleep(1200)
      assert.deepEqual([view('n1')?.state, view('n1')?.isDrained], ['draining', false])
      assert.deepEqual((await ng.send(fleet.pinned('n1'), listCommand(), within(1000))).calls, ['stays'])
      await ng.send(fleet.pinned('n1'), remove('stays'), within(1000))
      await until('n1 is empty', () => view('n1')?.isDrained === true)
      fleet.want('n1', 'enabled')
      assert.deepEqual(firstChoices(), ['n1', 'n2', 'n3'])
    })

    test('a node at its limit of calls is left alone, and asked again after a while', async (t) => {
      const limited = await startRtpengine(t, { tree, args: ['--max-sessions=1'] })
      const node: MediaNode = { id: 'limited', host: limited.address, port: limited.port }
      const { allUp, fleet, ng, told, view, firstChoices } = startFleet(t, [node, nodeOf('n1')], { rules: { busyMs: 500 } })
      await allUp()
      await ng.send(node, offer('one'), within(1000))
      await assert.rejects(ng.send(node, offer('two'), within(1000)), { code: 'no_node' })
      assert.equal(told.at(-1), 'limited busy: Parallel session limit reached')
      assert.deepEqual(fleet.candidates().map(({ id }) => id), ['n1', 'limited'])
      assert.equal(view('limited')?.state, 'up')
      await ng.send(node, remove('one'), within(1000))
      await until('it is asked again', () => firstChoices().includes('limited'))
    })

    test('a list of nodes that changes while calls run: none is lost, the one taken out empties and goes', async (t) => {
      const { allUp, fleet, ng, told } = startFleet(t, nodes())
      await allUp()
      await ng.send(nodeOf('n3'), offer('pinned'), within(1000))
      fleet.setNodes([nodeOf('n1'), nodeOf('n2')])
      assert.deepEqual(fleet.candidates().map(({ id }) => id).sort(), ['n1', 'n2'])
      await ng.send(fleet.pinned('n3'), remove('pinned'), within(1000))
      await until('n3 is forgotten', () => told.at(-1) === 'rtpengine n3 is forgotten: it has no calls left')
      assert.deepEqual(fleet.nodes().map(({ id }) => id), ['n1', 'n2'])
    })
  })
}
