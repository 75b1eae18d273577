import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { answerCommand, pingCommand } from '../../src/ng/commands.ts'
import { Silence } from '../../src/ng/silence.ts'
import { startFakeRtpengine } from '../support/fake-rtpengine.ts'
import { startNgClient, within } from './ng-client.ts'

/** Sends at each of the times, in milliseconds. */
function quiet (silence: Silence, ...times: number[]): void {
  for (const at of times) silence.sent(at)
}

test('three transmissions without a reply over 50 ms are silence, fewer or sooner are not', () => {
  const silence = new Silence()
  quiet(silence, 0, 10)
  assert.equal(silence.silentMs(60), undefined)
  quiet(silence, 20)
  assert.equal(silence.silentMs(49), undefined)
  assert.equal(silence.silentMs(51), 51)
  silence.replied(52)
  assert.equal(silence.silentMs(500), undefined)
})

test('a slow node may take four round trips', () => {
  const silence = new Silence()
  quiet(silence, 0, 10, 20)
  assert.equal(silence.silentMs(70, 20), undefined)
  assert.equal(silence.silentMs(81, 20), 81)
})

test('where half of all is lost it takes fourteen', () => {
  const silence = new Silence()
  for (let i = 0; i < 100; i++) silence.answered(2)
  quiet(silence, ...Array.from({ length: 13 }, (_, i) => i * 20))
  assert.equal(silence.silentMs(300), undefined)
  quiet(silence, 300)
  assert.equal(silence.silentMs(301), 301)
})

test('twice the longest pause of late is waited for, up to 200 ms; pauses are forgotten by and by', () => {
  const silence = new Silence()
  const alarmAfter = (start: number, pauseMs: number) => {
    quiet(silence, start, start + 1, start + 2)
    let ms = 0
    while (silence.silentMs(start + ms) === undefined) ms++
    silence.replied(start + pauseMs)
    return ms
  }
  const pauses = [10, 40, 90, 150, 5000].map((pauseMs, index) => alarmAfter(index * 10_000, pauseMs))
  assert.deepEqual(pauses, [50, 50, 64, 143, 200])
  assert.equal(alarmAfter(130_000, 0), 50)
})

test('what was not answered long ago says nothing of now', () => {
  const silence = new Silence()
  quiet(silence, 0, 10, 20)
  assert.equal(silence.silentMs(1000), 1000)
  assert.equal(silence.silentMs(2100), undefined)
  quiet(silence, 2100)
  assert.equal(silence.silentMs(2140), undefined)
})

test('commands that will not wait for a silent node end at once, others wait; a reply ends the silence', async (t) => {
  const node = await startFakeRtpengine(t)
  const client = startNgClient(t)
  const sdp = Buffer.from('v=0\r\n')
  const answer = (callId: string, whenSilent: 'fail' | 'wait', ms = 3000) =>
    client.send(node, answerCommand({ callId, fromTag: 'f', toTag: 't', sdp, flags: {} }), { ...within(ms), whenSilent })
  await client.send(node, pingCommand(), within(3000))

  node.loseReplies(Infinity)
  const order: string[] = []
  const waits = answer('waits', 'wait', 1500).catch((error: unknown) => { order.push(`waits: ${(error as Error).message}`) })
  await answer('fails', 'fail').catch((error: unknown) => { order.push((error as Error).message) })
  await answer('later', 'fail').catch((error: unknown) => { order.push((error as Error).message) })
  await waits
  assert.match(order[0] ?? '', /did not answer the answer: it has been silent for \d+ ms, to all commands$/)
  assert.match(order[1] ?? '', /was not sent the answer: it has been silent for \d+ ms, to all commands$/)
  assert.match(order[2] ?? '', /^waits: .* did not answer the answer, sent \d+ times$/)

  node.loseReplies(0)
  await client.send(node, pingCommand(), within(3000))
  await sleep(0)
  await assert.doesNotReject(answer('again', 'fail'))
})
