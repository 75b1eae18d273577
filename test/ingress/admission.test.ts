import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { asNgpilotError } from '../../src/errors.ts'
import { Admission } from '../../src/ingress/admission.ts'

const deadlineMs = 100

test('while the process keeps up, each request begins at once and has the whole deadline', async (t) => {
  const { admission, waits } = start(t)
  for (let index = 0; index < 20; index++) {
    assert.ok(await admission.turn('new') <= performance.now() + deadlineMs)
    await sleep(1)
  }
  assert.deepEqual(waits.filter((seconds) => seconds > 0), [])
})

test('more than can be done: who has waited half of its time is refused, what ends a call is not, and timers go on', async (t) => {
  const { admission, waits } = start(t)
  let ticks = 0
  const ticking = setInterval(() => { ticks++ }, 1)
  t.after(() => clearInterval(ticking))
  const outcomes = await Promise.all(Array.from({ length: 1000 }, async (_, index) => {
    const isEnding = index % 10 === 0
    try {
      await admission.turn(isEnding ? 'ending' : 'new')
    } catch (error) {
      return isEnding ? 'an ending was refused' : asNgpilotError(error).code
    }
    work(1)
    return isEnding ? 'ended' : 'done'
  }))
  const count = (outcome: string) => outcomes.filter((each) => each === outcome).length
  assert.equal(count('ended'), 100)
  assert.equal(count('done') + count('overloaded'), 900)
  assert.ok(count('done') > 0 && count('overloaded') > 0, `${count('done')} done, ${count('overloaded')} refused`)
  assert.equal(waits.length, 1000)
  // At most one, if all were done in one turn of the event loop.
  assert.ok(ticks > 3, `${ticks} ticks of a timer`)
  t.diagnostic(`${count('done')} done, ${count('overloaded')} refused`)
})

test('calls that are there come before new ones', async (t) => {
  const { admission } = start(t)
  await admission.turn('new')
  work(6)
  const order: string[] = []
  const urgencies = ['new', 'new', 'running', 'ending', 'new', 'running'] as const
  await Promise.all(urgencies.map(async (urgency, index) => {
    await admission.turn(urgency)
    order.push(`${urgency} ${index}`)
  }))
  assert.deepEqual(order, ['running 2', 'ending 3', 'running 5', 'new 0', 'new 1', 'new 4'])
})

test('past the bound a request is refused at once', async (t) => {
  const { admission } = start(t, { mostWaiting: 5 })
  await admission.turn('new')
  work(6)
  const asked = Array.from({ length: 8 }, () => admission.turn('new').then(() => 'done', (error: unknown) => asNgpilotError(error).message))
  const outcomes = await Promise.all(asked)
  assert.deepEqual(outcomes.slice(0, 5), Array(5).fill('done'))
  for (const outcome of outcomes.slice(5)) assert.match(outcome, /more to do than it can: 5 requests wait already/)
})

function start (t: { after (end: () => void): void }, options: { mostWaiting?: number } = {}) {
  const waits: number[] = []
  const admission = new Admission({
    deadlineMs, observer: { waited: (seconds) => waits.push(seconds), waiting: () => undefined }, ...options,
  })
  t.after(() => admission.close())
  return { admission, waits }
}

function work (ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}
