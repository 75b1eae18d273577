import assert from 'node:assert/strict'
import { test } from 'node:test'
import { afterCommand, afterPing, type Health, isBusy, slowStart, unknownHealth } from '../../src/fleet/health.ts'
import type { Outcome } from '../../src/fleet/outcome.ts'
import { defaultRules as rules } from '../../src/fleet/rules.ts'
import { nextPingMs } from '../../src/fleet/schedule.ts'

const reply: Outcome = { kind: 'reply', roundTripMs: 1 }
const timeout: Outcome = { kind: 'timeout', waitedMs: 200 }
const refused: Outcome = { kind: 'refused', reason: 'nothing listens for NG at its address', waitedMs: 200 }
const busy: Outcome = { kind: 'busy', reason: 'Parallel session limit reached' }

type Step = [now: number, outcome: Outcome, by?: typeof afterCommand]

function run (steps: Step[], from = unknownHealth('it has not answered yet', 0)): Health {
  return steps.reduce((health, [now, outcome, by = afterCommand]) => by(health, outcome, now, rules), from)
}

/** So many commands, one every 10 ms. */
function many (count: number, start: number, isFailed: (index: number) => boolean): Step[] {
  const failed: Outcome = { kind: 'timeout', waitedMs: 100 }
  return Array.from({ length: count }, (_, index) => [start + index * 10, isFailed(index) ? failed : reply])
}

const isUp = run([[0, reply]])
const isDown = run([[1000, refused]], isUp)

test('a new node is suspect until its first reply', () => {
  assert.equal(unknownHealth('new', 0).condition, 'suspect')
  assert.equal(isUp.condition, 'up')
  assert.equal(run([[0, reply, afterPing]]).condition, 'up')
  assert.equal(slowStart(isUp, 0, rules), 1, 'it need not grow')
})

test('one timeout makes a node suspect, one reply clears it', () => {
  const suspect = run([[1000, timeout]], isUp)
  assert.deepEqual([suspect.condition, suspect.reason, suspect.since], ['suspect', '1 command timed out within 0.2 s', 1000])
  const up = run([[1100, reply, afterPing]], suspect)
  assert.deepEqual([up.condition, up.reason, up.since], ['up', 'it answers', 1100])
})

test('three timeouts in a row over half a second take it down', () => {
  const down = run([[1000, timeout], [1200, timeout], [1400, timeout, afterPing]], isUp)
  assert.deepEqual([down.condition, down.reason, down.since], ['down', '3 commands timed out within 0.6 s', 1400])
})

test('a hiccup, at which all that is under way fails at once, does not', () => {
  const health = run(Array.from({ length: 50 }, () => [1000, timeout]), isUp)
  assert.equal(health.condition, 'suspect')
  const after = run([...many(9, 1010, () => false), ...many(9, 1200, () => false)], health)
  assert.equal(after.condition, 'up', 'and it leaves no share of failures behind')
})

test('a reply in between ends the row', () => {
  const health = run([[1000, timeout], [1300, timeout], [1350, reply], [1600, timeout], [1900, timeout]], isUp)
  assert.deepEqual([health.condition, health.failures], ['suspect', 2])
})

test('a timeout of what was sent before the last reply says nothing of now', () => {
  const health = run([[1000, reply], [1050, timeout], [1060, { ...refused, waitedMs: 100 }]], isUp)
  assert.deepEqual([health.condition, health.failures], ['up', 0])
})

test('a node that cannot be reached is down at once', () => {
  assert.deepEqual([isDown.condition, isDown.reason], ['down', 'nothing listens for NG at its address'])
})

test('what failed on our side, errors about a call and refused calls never count', () => {
  assert.equal(run(Array.from({ length: 99 }, (_, index) => [index * 50, { kind: 'local' }]), isUp), isUp)
  const refusing = run(Array.from({ length: 99 }, (_, index) => [index * 50, busy]), isUp)
  assert.equal(refusing.condition, 'up')
})

test('a share of failed commands makes a node suspect, a larger one takes it down, although it answers in between', () => {
  const third = run(many(30, 1000, (index) => index % 3 === 0), isUp)
  assert.equal(third.condition, 'suspect')
  assert.equal(run([[1400, reply]], third).condition, 'suspect', 'one reply is not enough')
  assert.equal(run([[1400 + rules.windowMs, reply]], third).condition, 'up', 'the share is of the last seconds')

  const most = run(many(30, 1000, (index) => index % 3 !== 0), isUp)
  assert.equal(most.condition, 'down')
  assert.match(most.reason, /^\d+ of the last \d+ commands timed out$/)
})

test('pings that are answered do not hide that commands are not', () => {
  const steps = Array.from({ length: 30 }, (_, index): Step[] => [
    [1000 + index * 10, { kind: 'timeout', waitedMs: 100 }],
    [1001 + index * 10, reply, afterPing],
  ]).flat()
  assert.equal(run(steps, isUp).condition, 'down')
})

test('few commands make no share', () => {
  const rare = Array.from({ length: 19 }, (_, index): Step => [1000 + index * 100, index % 2 ? timeout : reply])
  assert.equal(run(rare, isUp).condition, 'up')
})

test('a node that was down is back at the first reply and grows to its full share', () => {
  const back = run([[4100, reply, afterPing]], isDown)
  assert.deepEqual([back.condition, back.reason], ['up', 'it answers again, after 3.1 s'])
  const shares = [4100, 4850, 5600, 9000].map((now) => slowStart(back, now, rules))
  assert.deepEqual(shares.map((share) => Math.round(share * 100)), [10, 55, 100, 100])
})

test('a timeout while it grows takes it down again, and out for longer each time', () => {
  const back = run([[2000, reply]], isDown)
  assert.equal(run([[2100, timeout]], back).condition, 'up', 'sent before it was back')
  const again = run([[2300, timeout]], back)
  assert.deepEqual([again.condition, again.reason], ['down', 'a command timed out just after it had come back'])
  assert.equal(run([[3200, reply, afterPing]], again).condition, 'down', 'kept out for a second')
  const third = run([[3400, reply, afterPing], [3700, timeout]], again)
  assert.deepEqual([third.condition, third.heldUntil], ['down', 3700 + 2 * rules.holdMs])

  let flapping = third
  for (let turn = 0; turn < 20; turn++) {
    flapping = run([[flapping.heldUntil, reply], [flapping.heldUntil + 300, timeout]], flapping)
  }
  assert.equal(flapping.heldUntil - flapping.since, rules.maxHoldMs)
  const stable = run([[flapping.heldUntil, reply], [flapping.heldUntil + rules.relapseMs, refused]], flapping)
  assert.deepEqual([stable.relapses, stable.heldUntil], [0, stable.since], 'forgiven after a while')
})

test('a node that refuses a call is busy for a few seconds, and well', () => {
  const health = run([[1000, busy]], isUp)
  assert.deepEqual([health.condition, health.busyReason], ['up', 'Parallel session limit reached'])
  assert.deepEqual([3999, 4000].map((now) => isBusy(health, now)), [true, false])
})

test('pings: each second while up, often in doubt, ever more seldom while down, not while kept out', () => {
  assert.equal(nextPingMs(isUp, 5000, rules), 1000)
  assert.equal(nextPingMs(run([[1000, timeout]], isUp), 5000, rules), 100)
  const waits = [0, 1, 2, 3, 4].map((count) =>
    nextPingMs(run(Array.from({ length: count }, () => [1500, refused, afterPing]), isDown), 2000, rules))
  assert.deepEqual(waits, [100, 200, 400, 500, 500])
  assert.equal(nextPingMs({ ...isDown, heldUntil: 9000 }, 2000, rules), 7000)
})
