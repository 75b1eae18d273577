import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RoundTrip, waitsFor } from '../../src/ng/round-trip.ts'
import { startFakeRtpengine } from '../support/fake-rtpengine.ts'
import { offer, startNgClient, within } from './ng-client.ts'

const once = 1

test('a node that was never measured is waited for as configured, doubling without end', () => {
  assert.deepEqual(waitsFor(undefined, 60), { firstMs: 60 })
})

for (const [smoothedMs, firstMs, thenMs] of [[0.3, 10, 20], [4, 16, 20], [15, 60, 30], [500, 100, 40]] as const) {
  test(`a node that answers in ${smoothedMs} ms is waited for ${firstMs} ms, then ${thenMs} ms each time`, () => {
    assert.deepEqual(waitsFor(smoothedMs, 60), { firstMs, thenMs })
  })
}

test('the first measurement counts whole, each further one an eighth', () => {
  const roundTrip = new RoundTrip()
  assert.equal(roundTrip.smoothedMs, undefined)
  roundTrip.answered('c1', 8, once)
  assert.equal(roundTrip.smoothedMs, 8)
  roundTrip.answered('c2', 16, once)
  assert.equal(roundTrip.smoothedMs, 9)
})

test('a first measurement that took longer, as this process was starting, does not stay', () => {
  const roundTrip = new RoundTrip()
  for (const [cookie, ms] of [['c1', 300], ['c2', 8], ['c3', 16], ['c4', 1]] as const) roundTrip.answered(cookie, ms, once)
  assert.equal(roundTrip.smoothedMs, 9 - 1)
})

test('a repeated command does not count, unless as many replies as copies show that none was lost', () => {
  const roundTrip = new RoundTrip()
  roundTrip.answered('c1', 40, 3)
  roundTrip.duplicate('c1')
  assert.equal(roundTrip.smoothedMs, undefined)
  roundTrip.duplicate('c1')
  assert.equal(roundTrip.smoothedMs, 40)
})

test('a command counts once, however many replies come', () => {
  const roundTrip = new RoundTrip()
  roundTrip.answered('c1', 8, once)
  roundTrip.duplicate('c1')
  roundTrip.answered('c2', 16, 2)
  for (let i = 0; i < 3; i++) roundTrip.duplicate('c2')
  roundTrip.duplicate('another client\'s')
  assert.equal(roundTrip.smoothedMs, 9)
})

test('of the repeated commands only the latest are remembered', () => {
  const roundTrip = new RoundTrip()
  for (let i = 0; i < 1000; i++) roundTrip.answered(`c${i}`, 40, 2)
  roundTrip.duplicate('c0')
  assert.equal(roundTrip.smoothedMs, undefined)
  roundTrip.duplicate('c999')
  assert.equal(roundTrip.smoothedMs, 40)
})

test('a node that has answered quickly gets a lost command again long before the configured wait', async (t) => {
  const node = await startFakeRtpengine(t)
  const client = startNgClient(t, { retryAfterMs: 60_000 })
  await client.send(node, offer, within(2000))
  node.loseReplies(8)
  assert.equal((await client.send(node, offer, within(2000))).result, 'ok')
  assert.equal(node.commands.length, 2)
})

test('a node that became slow is measured anew and gets its commands once again', async (t) => {
  const node = await startFakeRtpengine(t)
  const client = startNgClient(t)
  await client.send(node, offer, within(2000))
  node.delayBy(40)
  for (let i = 0; i < 20; i++) await client.send(node, offer, within(2000))
  const sent = (cookie: string | undefined) => node.cookies.filter((each) => each === cookie).length
  assert.ok(sent(node.cookies[1]) > 1, 'it was taken for lost at first')
  assert.equal(sent(node.cookies.at(-1)), 1)
})
