import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asNgpilotError, NgpilotError } from '../../src/errors.ts'
import type { SendOptions } from '../../src/ng/client.ts'
import { sendToFirst } from '../../src/ng/failover.ts'
import { reasonOf } from '../../src/ng/reply.ts'
import type { MediaNode, NgCommand, NgDictionary } from '../../src/ng/types.ts'
import { type FakeOptions, startFakeRtpengine } from '../support/fake-rtpengine.ts'
import { codeOf, offer, startNgClient, until, unusedPort, within } from './ng-client.ts'

const first = () => offer

test('the first node that answers is enough', async (t) => {
  const [a, b] = [await startFakeRtpengine(t, { id: 'a' }), await startFakeRtpengine(t, { id: 'b' })]
  const answered = await sendToFirst(startNgClient(t), [a, b], first, within(2000))
  assert.deepEqual([answered.node.id, answered.reply.result, answered.abandoned], ['a', 'ok', []])
  assert.equal(b.commands.length, 0)
})

for (const [what, reply] of [
  ['load limit', { result: 'load limit', message: 'CPU usage limit exceeded' }],
  ['no more sessions', { result: 'error', 'error-reason': 'Parallel session limit reached' }],
  ['no more ports', { result: 'error', 'error-reason': 'Ran out of ports' }],
] satisfies [string, NgDictionary][]) {
  test(`a node that takes no more calls is passed over, with a new cookie: ${what}`, async (t) => {
    const [a, b] = [await startFakeRtpengine(t, { id: 'a', respond: () => reply }), await startFakeRtpengine(t, { id: 'b' })]
    const answered = await sendToFirst(startNgClient(t), [a, b], first, within(2000))
    assert.deepEqual([answered.node.id, answered.abandoned], ['b', []])
    assert.notEqual(a.cookies[0], b.cookies[0])
  })
}

test('a silent node leaves time for the next, and may have carried the command out', async (t) => {
  const [a, b] = [await startFakeRtpengine(t, { id: 'a', loseReplies: 1000 }), await startFakeRtpengine(t, { id: 'b' })]
  const told: string[] = []
  const answered = await sendToFirst(startNgClient(t, { retryAfterMs: 20 }), [a, b], first, {
    ...within(400), onAbandoned: (node) => { told.push(node.id) },
  })
  assert.deepEqual([answered.node.id, answered.abandoned.map((node) => node.id), told], ['b', ['a'], ['a']])
  assert.equal(a.commands.length, 1)
})

test('a node where nobody listens costs no time', async (t) => {
  const a: MediaNode = { id: 'a', host: '127.0.0.1', port: await unusedPort() }
  const b = await startFakeRtpengine(t, { id: 'b' })
  // The share of the first is 36 s: the test would run out of time.
  const answered = await sendToFirst(startNgClient(t, { retryAfterMs: 60_000 }), [a, b], first, within(60_000))
  assert.deepEqual([answered.node.id, answered.abandoned], ['b', []])
})

test('the last node may still be starting', async (t) => {
  const port = await unusedPort()
  const sending = sendToFirst(startNgClient(t, { retryAfterMs: 20 }), [{ id: 'b', host: '127.0.0.1', port }], first, within(5000))
  setTimeout(() => void startFakeRtpengine(t, { port }), 50)
  assert.equal((await sending).node.id, 'b')
})

for (const reason of ['Failed to parse SDP', 'Unknown call-id']) {
  test(`what would be refused everywhere is not tried elsewhere: ${reason}`, async (t) => {
    const a = await startFakeRtpengine(t, { id: 'a', respond: () => ({ result: 'error', 'error-reason': reason }) })
    const b = await startFakeRtpengine(t, { id: 'b' })
    await assert.rejects(sendToFirst(startNgClient(t), [a, b], first, within(2000)), (error) => reasonOf(error) === reason)
    assert.equal(b.commands.length, 0)
  })
}

test('a node whose turns are all taken was not sent the command: nothing is left there', async (t) => {
  const silent: FakeOptions = { silentFor: 1000 }
  const [a, b] = [await startFakeRtpengine(t, { id: 'a', ...silent }), await startFakeRtpengine(t, { id: 'b' })]
  const client = startNgClient(t, { maxInFlight: 1 })
  const busy = codeOf(client.send(a, offer, within(60_000)))
  await until(() => a.cookies.length > 0)
  const answered = await sendToFirst(client, [a, b], first, within(200))
  assert.deepEqual([answered.node.id, answered.abandoned], ['b', []])
  await client.close()
  await busy
})

test('when none answers, the error names them all, in time, and each is told as abandoned', async (t) => {
  const a = await startFakeRtpengine(t, { id: 'a', silentFor: 1000 })
  const b = await startFakeRtpengine(t, { id: 'b', respond: () => ({ result: 'load limit' }) })
  const c = await startFakeRtpengine(t, { id: 'c', silentFor: 1000 })
  const told: string[] = []
  const onAbandoned = (node: MediaNode) => { told.push(node.id) }
  await assert.rejects(sendToFirst(startNgClient(t), [a, b, c], first, { ...within(200), onAbandoned }), {
    code: 'ng_timeout',
    message: 'node a did not answer the offer, sent 1 time; node b refused the offer: load limit; node c did not answer the offer, sent 1 time',
  })
  assert.deepEqual(told, ['a', 'c'])
})

test('when all are full, the error is no_node', async (t) => {
  const nodes = await Promise.all(['a', 'b'].map((id) => startFakeRtpengine(t, { id, respond: () => ({ result: 'load limit' }) })))
  await assert.rejects(sendToFirst(startNgClient(t), nodes, first, within(2000)), {
    code: 'no_node', message: 'node a refused the offer: load limit; node b refused the offer: load limit',
  })
  await assert.rejects(sendToFirst(startNgClient(t), nodes.slice(1), first, within(2000)), (error) => reasonOf(error) === 'load limit')
  await assert.rejects(sendToFirst(startNgClient(t), [], first, within(2000)), { code: 'no_node' })
})

test('each node gets the command in its own spelling and at most 60 % of what is left, the last one all of it', async () => {
  const shares: number[] = []
  const commands: NgCommand[] = []
  const ng = {
    send: (node: MediaNode, command: NgCommand, { deadline }: SendOptions) => {
      commands.push(command)
      shares.push((deadline - performance.now()) / (whole - performance.now()))
      return Promise.reject(new NgpilotError('no_node', node.id))
    },
  }
  const nodes = ['a', 'b', 'c'].map((id) => ({ id, host: id, port: 1 }))
  const whole = performance.now() + 60_000
  await sendToFirst(ng, nodes, (node) => ({ command: 'offer', label: node.id }), { deadline: whole })
    .catch((error: unknown) => assert.equal(asNgpilotError(error).message, 'a; b; c'))
  assert.deepEqual(shares.map((share) => share.toFixed(2)), ['0.60', '0.60', '1.00'])
  assert.deepEqual(commands.map((command) => command.label), ['a', 'b', 'c'])
})
