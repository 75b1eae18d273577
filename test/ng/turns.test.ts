import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setImmediate as turnOfLoop } from 'node:timers/promises'
import { deleteCommand, offerCommand, pingCommand } from '../../src/ng/commands.ts'
import { NgpilotError } from '../../src/errors.ts'
import { Turns, type TurnsOptions, type Urgency, urgencyOf } from '../../src/ng/turns.ts'
import type { NgDictionary } from '../../src/ng/types.ts'
import { startFakeRtpengine } from '../support/fake-rtpengine.ts'
import { codeOf, offer, startNgClient, until, within } from './ng-client.ts'

const later = 60_000

/** Turns at a node n1 that end with the test, and `take`, which notes each turn that was granted. */
function startTurns (t: TestContext, options: TurnsOptions) {
  const turns = new Turns('n1', options)
  t.after(() => turns.refuseAll(new NgpilotError('stopping', 'the test is over')))
  const granted: string[] = []
  const take = (name: string, urgency: Urgency = 'call', deadline = performance.now() + later): Promise<void> => {
    const taking = Promise.resolve(turns.take(urgency, 'offer', deadline)).then(() => { granted.push(name) })
    taking.catch(() => undefined)
    return taking
  }
  return { turns, granted, take }
}

test('as many commands as allowed go at once, the others in the order of their arrival', async (t) => {
  const { turns, granted, take } = startTurns(t, { maxInFlight: 2, maxQueued: 10 })
  for (const name of ['a', 'b', 'c', 'd']) void take(name)
  await turnOfLoop()
  assert.deepEqual([granted, turns.inFlight, turns.queued], [['a', 'b'], 2, 2])
  turns.end('call')
  turns.end('call')
  await turnOfLoop()
  assert.deepEqual([granted, turns.inFlight, turns.queued], [['a', 'b', 'c', 'd'], 2, 0])
})

test('background commands take at most half of the places, and as much is theirs while calls wait', async (t) => {
  const { turns, granted, take } = startTurns(t, { maxInFlight: 4, maxQueued: 10 })
  for (const name of ['delete 1', 'delete 2', 'delete 3']) void take(name, 'background')
  for (const name of ['offer 1', 'offer 2', 'offer 3']) void take(name)
  await turnOfLoop()
  assert.deepEqual(granted, ['delete 1', 'delete 2', 'offer 1', 'offer 2'])
  turns.end('call')
  await turnOfLoop()
  assert.deepEqual(granted.slice(4), ['offer 3'], 'the third delete waits for a delete')
  turns.end('background')
  await turnOfLoop()
  assert.deepEqual(granted.slice(5), ['delete 3'])
})

test('where one place is all there is, deletes get their turn too', async (t) => {
  const { turns, granted, take } = startTurns(t, { maxInFlight: 1, maxQueued: 10 })
  void take('offer 1')
  void take('delete', 'background')
  void take('offer 2')
  turns.end('call')
  await turnOfLoop()
  assert.deepEqual(granted, ['offer 1', 'delete'])
})

test('a ping takes no place and needs none', (t) => {
  const { turns } = startTurns(t, { maxInFlight: 1, maxQueued: 0 })
  assert.equal(turns.take('ping', 'ping', later), undefined)
  assert.equal(turns.inFlight, 0)
  void turns.take('call', 'offer', later)
  assert.equal(turns.take('ping', 'ping', later), undefined)
  turns.end('ping')
  assert.equal(turns.inFlight, 1)
})

test('who waits past the deadline leaves the queue, and is told how many were ahead', async (t) => {
  const { turns, granted, take } = startTurns(t, { maxInFlight: 2, maxQueued: 10 })
  void take('a')
  void take('b')
  void take('c')
  await assert.rejects(take('d', 'call', performance.now() + 20), new NgpilotError(
    'ng_timeout', 'node n1 was not sent the offer: it waited for its turn, 3 commands were ahead'))
  assert.equal(turns.queued, 1)
  for (let i = 0; i < 3; i++) turns.end('call')
  await turnOfLoop()
  assert.deepEqual([granted, turns.inFlight], [['a', 'b', 'c'], 0])
})

test('no more wait than may: another node is better', (t) => {
  const { turns } = startTurns(t, { maxInFlight: 1, maxQueued: 0 })
  void turns.take('call', 'offer', later)
  assert.throws(() => turns.take('call', 'offer', later), new NgpilotError(
    'no_node', 'node n1 was not sent the offer: 0 commands wait for their turn, no more may'))
})

test('what no caller waits for is background', () => {
  const commands = [pingCommand(), deleteCommand({ callId: 'c' }), offerCommand({ callId: 'c', fromTag: 'f', sdp: Buffer.from(''), flags: {} })]
  assert.deepEqual(commands.map(({ command }) => urgencyOf(command)), ['ping', 'background', 'call'])
})

test('a node never has more commands under way than it may, and does them all', async (t) => {
  let most = 0
  const node = await startFakeRtpengine(t, {
    delayMs: 1,
    respond: (): NgDictionary => {
      most = Math.max(most, client.stateOf('fake')?.inFlight ?? 0)
      return { result: 'ok' }
    },
  })
  const client = startNgClient(t, { maxInFlight: 3 })
  assert.equal(client.stateOf('fake'), undefined)
  await Promise.all(Array.from({ length: 30 }, () => client.send(node, offer, within(5000))))
  assert.equal(most, 3)
  const state = client.stateOf('fake')
  assert.deepEqual([state?.inFlight, state?.queued], [0, 0])
  assert.ok((state?.roundTripMs ?? 0) > 0)
})

test('a command whose turn did not come says so and was not sent; a ping was', async (t) => {
  const node = await startFakeRtpengine(t, { respond: (command) => command.command === 'ping' ? { result: 'pong' } : undefined })
  const client = startNgClient(t, { maxInFlight: 1 })
  const first = codeOf(client.send(node, offer, within(60_000)))
  let isSent = false
  const second = client.send(node, offer, { ...within(50), onSent: () => { isSent = true } })
  assert.equal(client.stateOf('fake')?.queued, 1)
  assert.equal((await client.send(node, pingCommand(), within(2000))).result, 'pong')
  await assert.rejects(second, { code: 'ng_timeout', message: 'node fake was not sent the offer: it waited for its turn, 1 commands were ahead' })
  assert.equal(isSent, false)
  assert.equal(client.seen.at(-1), 'fake offer unsent')
  await client.close()
  assert.equal(await first, 'stopping')
})

test('close fails those that wait for their turn too', async (t) => {
  const node = await startFakeRtpengine(t, { silentFor: 100 })
  const client = startNgClient(t, { maxInFlight: 1 })
  const sendings = [1, 2, 3].map(() => codeOf(client.send(node, offer, within(60_000))))
  await until(() => node.cookies.length > 0)
  await client.close()
  assert.deepEqual(await Promise.all(sendings), ['stopping', 'stopping', 'stopping'])
})

test('a node that has left the fleet still answers what was sent and what waited', async (t) => {
  const node = await startFakeRtpengine(t, { delayMs: 20 })
  const client = startNgClient(t, { maxInFlight: 1 })
  const sendings = [1, 2, 3].map(() => client.send(node, offer, within(5000)))
  client.forget('fake')
  assert.equal(client.stateOf('fake'), undefined)
  assert.deepEqual((await Promise.all(sendings)).map((reply) => reply.result), ['ok', 'ok', 'ok'])
})

test('a node whose address has changed is measured anew', async (t) => {
  const [old, moved] = [await startFakeRtpengine(t), await startFakeRtpengine(t)]
  const client = startNgClient(t)
  await client.send(old, offer, within(2000))
  assert.ok(client.stateOf('fake')?.roundTripMs)
  const sending = client.send({ ...moved }, offer, within(2000))
  assert.equal(client.stateOf('fake')?.roundTripMs, undefined)
  await sending
  assert.equal(moved.commands.length, 1)
  const before = client.stateOf('fake')?.roundTripMs
  await client.send({ ...moved, transport: 'udp' }, offer, within(2000))
  assert.notEqual(before, undefined)
  assert.equal(new Set(moved.ports).size, 1, 'the same address in another object is the same way')
})
