import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLiveFleet } from '../../src/fleet/live.ts'
import { pingCommand, queryCommand } from '../../src/ng/commands.ts'
import type { NgDictionary } from '../../src/ng/types.ts'
import { type FakeOptions, startFakeRtpengine } from '../support/fake-rtpengine.ts'
import { startFleet, toldOf, until, within } from './support.ts'

/** Fast enough for a test; what is under test are the steps, not their times. */
const rules = {
  pingMs: 20, pingTimeoutMs: 60, probeMs: 10, maxProbeMs: 40, downAfterMs: 100,
  statisticsMs: 50, drainStatisticsMs: 20, settleMs: 50,
}
const query = queryCommand({ callId: 'c' })

function statistics (calls: number, free = 100): NgDictionary {
  const ports = { free, totals: 100, used: 100 - free }
  return { result: 'ok', statistics: { currentstatistics: { sessionsown: calls }, interfaces: [{ name: 'default', ports }] } }
}

/** A fake node with `calls` calls, which answers other commands than pings and `statistics` as `respond` says. */
async function startNode (t: TestContext, id: string, options: FakeOptions = {}) {
  const state = { calls: 0, isSilent: false, asked: [] as unknown[] }
  const fake = await startFakeRtpengine(t, {
    ...options,
    respond: ({ command, ...rest }) => {
      state.asked.push(command)
      if (state.isSilent) return undefined
      if (command === 'statistics') return statistics(state.calls)
      if (command === 'ping') return { result: 'pong' }
      return options.respond?.({ command: command ?? '', ...rest }) ?? { result: 'ok' }
    },
  })
  return Object.assign(state, fake, { id })
}

test('a node falls silent and comes back: suspect, down and up, each with its reason', async (t) => {
  const node = await startNode(t, 'n1')
  const { told, is, view } = startFleet(t, [node], { rules })
  await is('n1', 'up')
  await until('statistics', () => view('n1')?.calls === 0)
  node.isSilent = true
  await is('n1', 'down')
  assert.equal(view('n1')?.calls, undefined, 'what it said before does not hold any more')
  node.isSilent = false
  await is('n1', 'up')
  const [first, doubt, down, panic, up, over] = told
  assert.equal(first, 'rtpengine n1 is up: it answers')
  assert.match(doubt ?? '', /^rtpengine n1 is suspect: 1 command timed out within 0\.\d s$/)
  assert.match(down ?? '', /^rtpengine n1 is down: \d commands timed out within 0\.\d s$/)
  assert.match(up ?? '', /^rtpengine n1 is up: it answers again, after \d\.\d s$/)
  assert.match(panic ?? '', /^1 of 1 rtpengines of the set default is down/)
  assert.equal(over, 'no rtpengine of the set default is down any more')
  assert.equal(told.length, 6)
})

test('a node that answers nothing but errors about calls stays up', async (t) => {
  const node = await startNode(t, 'n1', { respond: () => ({ result: 'error', 'error-reason': 'Unknown call-id' }) })
  const { ng, is, told } = startFleet(t, [node], { rules })
  await is('n1', 'up')
  for (let count = 0; count < 30; count++) await assert.rejects(ng.send(node, query, within(1000)))
  assert.deepEqual(told, ['rtpengine n1 is up: it answers'])
})

test('a node that refuses a call is left alone for a while', async (t) => {
  const limited = await startNode(t, 'n1', { respond: () => ({ result: 'load limit', message: 'Load limit exceeded' }) })
  const nodes = [limited, await startNode(t, 'n2')]
  const { ng, fleet, told, allUp, firstChoices, view } = startFleet(t, nodes, { rules: { ...rules, busyMs: 200 } })
  await allUp()
  await assert.rejects(ng.send(limited, query, within(1000)), { code: 'no_node' })
  await assert.rejects(ng.send(limited, query, within(1000)), { code: 'no_node' })
  assert.deepEqual(fleet.candidates().map(({ id }) => id), ['n2', 'n1'])
  assert.deepEqual([view('n1')?.state, view('n1')?.isBusy, view('n1')?.reason], ['up', true, 'it is busy: Load limit exceeded'])
  await until('over', () => view('n1')?.isBusy === false)
  assert.deepEqual(firstChoices(), ['n1', 'n2'])
  assert.deepEqual(told.filter((line) => line.includes('busy')), ['n1 busy: Load limit exceeded'])
})

test('commands in flight are counted until they settle, and steer new calls elsewhere', async (t) => {
  const slow = await startNode(t, 'n1')
  const nodes = [slow, await startNode(t, 'n2')]
  const { ng, view, allUp, firstChoices } = startFleet(t, nodes, { rules: { ...rules, maxInFlight: 2 } })
  await allUp()
  slow.isSilent = true
  const sent = [1, 2].map(() => ng.send(slow, query, within(40)).catch(() => 'failed'))
  assert.equal(view('n1')?.inFlight, 2)
  assert.deepEqual(firstChoices(), ['n2'])
  assert.deepEqual(await Promise.all(sent), ['failed', 'failed'])
  assert.equal(view('n1')?.inFlight, 0)
})

test('a drained node keeps its calls and says when it is empty', async (t) => {
  const node = await startNode(t, 'n1')
  node.calls = 2
  const { fleet, view, allUp, told } = startFleet(t, [node, await startNode(t, 'n2')], { rules })
  await allUp()
  fleet.want('n1', 'draining')
  assert.deepEqual([view('n1')?.state, view('n1')?.reason, view('n1')?.isDrained], ['draining', 'by the operator', false])
  assert.deepEqual(fleet.candidates().map(({ id }) => id), ['n2'])
  assert.equal(fleet.pinned('n1').port, node.port)
  await sleep(100)
  assert.equal(view('n1')?.isDrained, false)
  node.calls = 0
  await until('drained', () => view('n1')?.isDrained === true)
  fleet.want('n1', 'enabled')
  assert.deepEqual([view('n1')?.state, view('n1')?.isDrained], ['up', false])
  assert.deepEqual(toldOf(told, node).slice(1), ['rtpengine n1 is draining: by the operator', 'rtpengine n1 is up: it answers'])
})

test('a node that drains and dies tells both', async (t) => {
  const node = await startNode(t, 'n1')
  const { fleet, view, allUp, told } = startFleet(t, [node, await startNode(t, 'n2')], { rules })
  await allUp()
  fleet.want('n1', 'draining')
  node.isSilent = true
  await until('down', () => told.some((line) => line.startsWith('rtpengine n1 is draining, and down: ')))
  assert.equal(view('n1')?.state, 'draining')
  assert.match(view('n1')?.reason ?? '', /^by the operator; it is down: \d commands timed out/)
  node.isSilent = false
  await until('back', () => told.at(-1)?.startsWith('rtpengine n1 is draining: it answers again') === true)
  assert.ok(!told.slice(-2).some((line) => line.startsWith('rtpengine n1 is up')))
})

test('a disabled node is not asked anything, and is asked at once when it is enabled', async (t) => {
  const node = await startNode(t, 'n1')
  const { fleet, view, allUp, is } = startFleet(t, [node, await startNode(t, 'n2')], { rules })
  await allUp()
  fleet.want('n1', 'disabled')
  await sleep(20)
  const { length } = node.asked
  await sleep(100)
  assert.equal(node.asked.length, length)
  assert.deepEqual([view('n1')?.state, view('n1')?.calls], ['disabled', undefined])
  assert.equal(fleet.pinned('n1').port, node.port)
  fleet.want('n1', 'enabled')
  assert.equal(view('n1')?.state, 'suspect')
  await is('n1', 'up')
  assert.equal(node.asked[length], 'ping')
})

test('where no node takes calls the error names each; unknown nodes are told', async (t) => {
  const { fleet, allUp } = startFleet(t, [await startNode(t, 'n1'), await startNode(t, 'n2')], { rules })
  await allUp()
  fleet.want('n1', 'draining')
  fleet.want('n2', 'disabled')
  assert.throws(() => fleet.candidates(), {
    code: 'no_node',
    message: 'no rtpengine of the set default takes a new call: n1 is draining (by the operator); n2 is disabled (by the operator)',
  })
  assert.throws(() => fleet.want('n9', 'draining'), { code: 'not_found', message: 'there is no node n9; there are n1, n2' })
  assert.throws(() => fleet.pinned('n9'), { code: 'no_node' })
})

test('a new list of nodes: added, drained until empty, taken back', async (t) => {
  const [one, two, three] = await Promise.all(['n1', 'n2', 'n3'].map((id) => startNode(t, id)))
  assert.ok(one && two && three)
  one.calls = two.calls = 1
  const { fleet, told, allUp, is, view, client } = startFleet(t, [one, two], { rules })
  await allUp()
  fleet.setNodes([three, { ...two, weight: 7, sets: ['other'] }])
  assert.deepEqual(fleet.nodes().map(({ id, state }) => `${id} ${state}`), ['n3 suspect', 'n2 up', 'n1 draining'])
  assert.deepEqual([view('n2')?.weight, view('n2')?.sets], [7, ['other']])
  assert.deepEqual(fleet.candidates().map(({ id }) => id), ['n3'])
  assert.equal(fleet.pinned('n1').port, one.port)
  await is('n3', 'up')

  fleet.setNodes([one, two, three])
  assert.equal(view('n1')?.state, 'up')
  fleet.setNodes([two, three])
  await sleep(100)
  assert.equal(view('n1')?.state, 'draining', 'it has a call')
  one.calls = 0
  await until('forgotten', () => view('n1') === undefined)
  assert.equal(client.stateOf('n1'), undefined, 'its sockets close')
  assert.throws(() => fleet.pinned('n1'), { code: 'no_node' })
  assert.deepEqual(toldOf(told, one).slice(1), [
    'rtpengine n1 is draining: it is not in the list of nodes any more', 'n1 removed',
    'rtpengine n1 is up: it answers', 'n1 added',
    'rtpengine n1 is draining: it is not in the list of nodes any more', 'n1 removed', 'rtpengine n1 is forgotten: it has no calls left',
  ])
})

test('a node that is not listed any more and stays silent is given up', async (t) => {
  const node = await startNode(t, 'n1')
  const other = await startNode(t, 'n2')
  const { fleet, told, allUp, view } = startFleet(t, [node, other], { rules: { ...rules, silentMs: 200 } })
  node.calls = 1
  await allUp()
  fleet.setNodes([other])
  node.isSilent = true
  await until('down', () => view('n1')?.down !== undefined)
  await until('given up', () => view('n1') === undefined)
  assert.equal(told.at(-1), 'rtpengine n1 is forgotten: it does not answer, and its calls are given up')
})

test('a disabled node that is not listed any more is asked again, until it is known to be empty', async (t) => {
  const node = await startNode(t, 'n1')
  const { fleet, view, allUp, told } = startFleet(t, [node, await startNode(t, 'n2')], { rules })
  await allUp()
  node.calls = 1
  fleet.want('n1', 'disabled')
  fleet.setNodes([])
  assert.deepEqual(fleet.nodes().map(({ id, state }) => `${id} ${state}`), ['n1 draining', 'n2 draining'])
  await until('its call is seen', () => view('n1')?.calls === 1)
  fleet.setNodes([node])
  assert.equal(view('n1')?.state, 'disabled', 'the operator wants it so')
  fleet.setNodes([])
  node.calls = 0
  await until('both are forgotten', () => fleet.nodes().length === 0)
  for (const id of ['n1', 'n2']) assert.ok(told.includes(`rtpengine ${id} is forgotten: it has no calls left`), told.join('\n'))
  assert.throws(() => fleet.candidates(), { code: 'no_node', message: /rtpengine\.nodes/ })
})

test('a list without changes changes nothing', async (t) => {
  const nodes = [await startNode(t, 'n1'), await startNode(t, 'n2')]
  const { fleet, told, allUp } = startFleet(t, nodes, { rules })
  await allUp()
  told.length = 0
  fleet.setNodes(nodes.map((node) => ({ ...node })))
  await sleep(50)
  assert.deepEqual(told, [])
})

test('a node that moves is asked at its new address, and what comes of the old one does not count', async (t) => {
  const old = await startNode(t, 'n1')
  const { fleet, told, is, ng } = startFleet(t, [old], { rules })
  await is('n1', 'up')
  const at = await startNode(t, 'n1')
  old.isSilent = true
  const late = Array.from({ length: 9 }, () => ng.send(old, query, within(150)).catch(() => 'failed'))
  fleet.setNodes([at])
  assert.equal(fleet.pinned('n1').port, at.port)
  await is('n1', 'up')
  await Promise.all(late)
  assert.deepEqual(told.slice(1), [
    'n1 moved', `rtpengine n1 is suspect: it has moved to 127.0.0.1:${at.port}, and has not answered yet`, 'rtpengine n1 is up: it answers',
  ])
})

test('one question at a time, although answers take longer than the pause between them', async (t) => {
  const node = await startNode(t, 'n1', { delayMs: 30 })
  const { client } = startFleet(t, [], { rules })
  let atATime = 0
  let most = 0
  let count = 0
  const fleet = createLiveFleet({
    nodes: [node], rules: { ...rules, pingMs: 1 },
    ng: {
      forget: (id) => client.forget(id),
      send: async (...args) => {
        most = Math.max(most, ++atATime)
        count++
        return client.send(...args).finally(() => { atATime-- })
      },
    },
  })
  t.after(() => fleet.close())
  const hurry = setInterval(() => {
    fleet.want('n1', 'draining')
    fleet.want('n1', 'enabled')
  }, 5)
  await until('asked', () => count >= 10)
  clearInterval(hurry)
  assert.equal(most, 1)
  fleet.close()
  const asked = count
  await sleep(50)
  assert.equal(count, asked, 'a closed fleet asks no more')
})

test('a set panics as soon as most of its nodes are down, and until they are not, whether or not calls come', async (t) => {
  const nodes = await Promise.all(['n1', 'n2', 'n3'].map((id) => startNode(t, id)))
  const [one, two, three] = nodes
  assert.ok(one && two && three)
  const { fleet, told, allUp, is } = startFleet(t, nodes, { rules })
  const panics = () => told.filter((line) => line.includes('of the set'))
  await allUp()
  assert.deepEqual(fleet.sets(), [{ set: 'default', isPanic: false }])
  one.isSilent = two.isSilent = true
  await Promise.all([is('n1', 'down'), is('n2', 'down')])
  assert.deepEqual(panics(), [
    '2 of 3 rtpengines of the set default are down (n1, n2): too many to be left out, new calls may go to them again',
  ])
  assert.deepEqual(fleet.sets(), [{ set: 'default', isPanic: true }])
  one.isSilent = false
  await is('n1', 'up')
  assert.deepEqual(panics().slice(1), ['only 1 of 3 rtpengines of the set default is down (n2): no new call goes there any more'])

  fleet.want('n1', 'draining')
  fleet.want('n3', 'draining')
  await until('panic', () => panics().length === 3)
  fleet.setNodes(nodes.map((node) => ({ ...node, sets: ['other'] })))
  await until('over', () => panics().length === 5)
  assert.deepEqual(panics().slice(2), [
    '1 of 1 rtpengines of the set default is down (n2): too many to be left out, new calls may go to it again',
    'no rtpengine of the set default is in service any more',
    '1 of 1 rtpengines of the set other is down (n2): too many to be left out, new calls may go to it again',
  ])
})

test('a new list changes whether a set panics once, not node by node', async (t) => {
  const nodes = await Promise.all(['n1', 'n2', 'n3', 'n4'].map((id) => startNode(t, id)))
  const { fleet, told, allUp, is } = startFleet(t, nodes, { rules })
  await allUp()
  for (const node of nodes.slice(0, 2)) node.isSilent = true
  await Promise.all([is('n1', 'down'), is('n2', 'down')])
  // When the third has moved and the fourth is still to come, two of three are down.
  fleet.setNodes([...nodes.slice(0, 2), await startNode(t, 'n3'), ...nodes.slice(3)])
  await sleep(20)
  assert.deepEqual(told.filter((line) => line.includes('of the set')), [])
})

test('pings of a node that never was there end in down, and its calls are tried all the same when it is the only one', async (t) => {
  const { fleet, ng, is, told, view } = startFleet(t, [{ id: 'n1', host: '127.0.0.1', port: 9 }], { rules })
  await is('n1', 'down')
  assert.equal(view('n1')?.reason, 'nothing listens for NG at its address')
  const [node] = fleet.candidates()
  assert.ok(node)
  assert.equal(told.at(-1), '1 of 1 rtpengines of the set default is down (n1): too many to be left out, new calls may go to it again')
  await assert.rejects(ng.send(node, pingCommand(), within(50)))
})
