import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BranchRecord, CallChange, CallRecord, CallStore } from '../../src/state/store.ts'

/** Opens a store on the one set of calls that a test has; it closes with the test. */
export type OpenStore = (options?: { ttlSeconds?: number, timelineLength?: number }) => CallStore

export const beginning = { node: 'edge-1', revision: 'f00d', createdAt: 1732320000000 } satisfies CallChange

const hostileTexts = [
  '__proto__', 'constructor', 'hasOwnProperty', '', '{}', '}x{', '{a}b', 'a}b', 'a%7Db', '#a', 'a b', 'a\nb\r\n\0', '"\'\\', '*', '[a-z]?',
  'ünïcode→😀', '\ud800', '\ud801', 'x'.repeat(300), `${'x'.repeat(299)}y`, '→'.repeat(300), 'ngpilot:calls',
]

/** What holds for every store. `prepare` gives each test its own empty set of calls. */
export function storeContract (name: string, prepare: (t: TestContext) => Promise<OpenStore> | OpenStore): void {
  suite(name, () => {
    test('knows no call that was never saved', async (t) => {
      const store = (await prepare(t))()
      assert.equal(await store.find('a'), undefined)
      assert.equal(await store.size(), 0)
      await store.remove('a')
      await store.check()
    })

    test('gives back all that was saved', async (t) => {
      const store = (await prepare(t))()
      await store.save('a', fullChange)
      assert.deepEqual(plain(await store.find('a')), fullCall)
    })

    test('begins a call with no more than node, revision and time', async (t) => {
      const store = (await prepare(t))()
      await store.save('a', beginning)
      assert.deepEqual(plain(await store.find('a')), { ...beginning, legs: {}, branches: {}, isEstablished: false, timeline: [] })
    })

    test('does not begin a call with less, nor bring back a removed one', async (t) => {
      const store = (await prepare(t))()
      await store.save('a', { legs: { x: { profile: 'sip' } }, event: { at: 1, event: 'answer' } })
      await store.save('a', { node: 'edge-1', revision: 'f00d' })
      await store.save('b', beginning)
      await store.remove('b')
      await store.save('b', { isEstablished: true })
      assert.equal(await store.find('a'), undefined)
      assert.equal(await store.find('b'), undefined)
      assert.equal(await store.size(), 0)
    })

    test('knows a call that ended for those who ask for it, until it begins anew or is removed', async (t) => {
      const open = await prepare(t)
      const [store, other] = [open(), open()]
      await store.end('a')
      assert.equal(await store.recall('a'), undefined)
      await store.save('a', fullChange)
      assert.deepEqual(plain(await store.recall('a')), fullCall)
      await store.end('a')
      await store.save('a', { isEstablished: false, event: { at: 1, event: 'late' } })
      assert.deepEqual([await other.find('a'), await other.size()], [undefined, 0])
      const { endedAt, ...ended } = plain(await other.recall('a')) as CallRecord
      assert.ok(endedAt !== undefined && endedAt > beginning.createdAt)
      assert.deepEqual(ended, fullCall)
      await store.save('a', beginning)
      assert.deepEqual(plain(await store.recall('a')), { ...beginning, legs: {}, branches: {}, isEstablished: false, timeline: [] })
      assert.equal(await store.size(), 1)
      await store.end('a')
      await store.remove('a')
      assert.equal(await store.recall('a'), undefined)
    })

    test('changes just the fields that a change names', async (t) => {
      const store = (await prepare(t))()
      await store.save('a', fullChange)
      const branch: BranchRecord = { caller: 'caller', callee: { profile: 'sip' } }
      await store.save('a', { legs: { callee: { profile: 'carrier' } }, branches: { caller: branch } })
      await store.save('a', { node: 'edge-2', isEstablished: false })
      assert.deepEqual(plain(await store.find('a')), {
        ...fullCall,
        node: 'edge-2',
        legs: { ...fullCall.legs, callee: { profile: 'carrier' } },
        branches: { ...fullCall.branches, caller: branch },
        isEstablished: false,
      })
    })

    test('keeps all of concurrent changes', async (t) => {
      const open = await prepare(t)
      const [one, other] = [open(), open()]
      await one.save('a', beginning)
      const tags = Array.from({ length: 20 }, (_, index) => `tag-${index}`)
      await Promise.all([
        ...tags.map((tag, index) =>
          (index % 2 ? one : other).save('a', { legs: { [tag]: { profile: tag } }, event: { at: index, event: 'offer' } })),
        one.save('a', { isEstablished: true }),
        ...tags.map((key) => other.save('a', { branches: { [key]: { caller: 'tag-1', callee: { profile: key } } } })),
      ])
      const call = await one.find('a')
      assert.deepEqual(Object.keys(call?.legs ?? {}).sort(), [...tags].sort())
      assert.equal(call?.timeline.length, 20)
      assert.equal(call.isEstablished, true)
      assert.deepEqual(Object.keys(call.branches).sort(), [...tags].sort())
    })

    test('shows each store what the other did', async (t) => {
      const open = await prepare(t)
      const [one, other] = [open(), open()]
      await one.save('a', beginning)
      assert.equal((await other.find('a'))?.node, 'edge-1')
      await other.save('a', { legs: { x: { profile: 'sip' } } })
      assert.equal((await one.find('a'))?.legs.x?.profile, 'sip')
      assert.equal(await other.size(), 1)
      await other.remove('a')
      assert.equal(await one.find('a'), undefined)
      assert.equal(await one.size(), 0)
    })

    test('keeps the latest events, in order', async (t) => {
      const store = (await prepare(t))({ timelineLength: 3 })
      await store.save('a', beginning)
      for (const at of [1, 2, 3, 4, 5]) await store.save('a', { event: { at, event: 'offer', detail: `no. ${at} → "x"` } })
      assert.deepEqual((await store.find('a'))?.timeline, [3, 4, 5].map((at) => ({ at, event: 'offer', detail: `no. ${at} → "x"` })))
    })

    test('keeps 32 events of a call unless told otherwise', async (t) => {
      const store = (await prepare(t))()
      await store.save('a', beginning)
      for (let at = 0; at < 40; at++) await store.save('a', { event: { at, event: 'offer' } })
      const times = (await store.find('a'))?.timeline.map((entry) => entry.at)
      assert.deepEqual(times, Array.from({ length: 32 }, (_, index) => index + 8))
    })

    test('forgets a call that is not saved again within the TTL', async (t) => {
      const store = (await prepare(t))({ ttlSeconds: 0.4 })
      await Promise.all([store.save('kept', beginning), store.save('lost', beginning)])
      assert.equal(await store.size(), 2)
      await until(async () => {
        await store.save('kept', { event: { at: 1, event: 'offer' } })
        // In a Cluster the count is kept by another server than the call.
        return await store.find('lost') === undefined && await store.size() === 1
      })
      assert.equal((await store.find('kept'))?.node, 'edge-1')
      await until(async () => await store.find('kept') === undefined && await store.size() === 0)
    })

    test('starts afresh after the TTL', async (t) => {
      const store = (await prepare(t))({ ttlSeconds: 0.5 })
      await store.save('a', { ...beginning, legs: { x: { profile: 'sip' } }, isEstablished: true, event: { at: 1, event: 'offer' } })
      await until(async () => await store.find('a') === undefined)
      await store.save('a', { legs: { y: { profile: 'sip' } } })
      assert.equal(await store.find('a'), undefined)
      await store.save('a', { ...beginning, node: 'edge-2' })
      assert.deepEqual(plain(await store.find('a')), { ...beginning, node: 'edge-2', legs: {}, branches: {}, isEstablished: false, timeline: [] })
    })

    test('keeps calls apart, and tags, whatever bytes they are made of', async (t) => {
      const store = (await prepare(t))()
      const legs = Object.fromEntries(hostileTexts.map((tag) => [tag, { profile: JSON.stringify(tag) }]))
      const branches = Object.fromEntries(hostileTexts.map((key) => [key, { caller: key, callee: { profile: 'sip', branch: key } }]))
      for (const text of hostileTexts) await store.save(text, { ...beginning, node: JSON.stringify(text) })
      for (const text of hostileTexts) {
        await store.save(text, { legs, branches })
        const call = await store.find(text)
        assert.equal(call?.node, JSON.stringify(text))
        assert.deepEqual(Object.keys(call.legs).sort(), [...hostileTexts].sort())
        for (const tag of hostileTexts) assert.equal(call.legs[tag]?.profile, JSON.stringify(tag))
        for (const key of hostileTexts) assert.deepEqual(call.branches[key], branches[key])
      }
      assert.equal(await store.size(), hostileTexts.length)
      for (const text of hostileTexts) await store.remove(text)
      assert.equal(await store.size(), 0)
    })

    test('finds no leg by a name that every object has', async (t) => {
      const store = (await prepare(t))()
      await store.save('a', beginning)
      const call = await store.find('a')
      for (const name of ['__proto__', 'constructor', 'toString']) {
        assert.equal(call?.legs[name], undefined)
        assert.equal(call?.branches[name], undefined)
      }
    })

    test('is not changed by what callers do with their objects', async (t) => {
      const store = (await prepare(t))()
      const change = structuredClone(fullChange)
      await store.save('a', change)
      for (const media of change.legs.caller.hidden) media.line = 'changed'
      change.branches.fork.exchange.cseq = 7
      change.branches.fork.invite.cseq = 7
      change.event.event = 'changed'
      const found = await store.find('a')
      assert.ok(found?.branches.fork)
      found.legs.more = { profile: 'changed' }
      found.branches.fork.callee.profile = 'changed'
      for (const entry of found.timeline) entry.event = 'changed'
      found.timeline.length = 0
      assert.deepEqual(plain(await store.find('a')), fullCall)
    })
  })
}

const fullChange = {
  ...beginning,
  passedTags: ['caller', 'callee'],
  legs: {
    caller: { profile: 'browser', hidden: [{ index: 1, line: 'm=video 0 UDP/TLS/RTP/SAVPF 96', mid: 'v' }, { index: 2, line: 'm=text 0 RTP/AVP 98' }], isBundled: true },
    other: { profile: 'sip', branch: 'fork', nodeTag: 'callee' },
    callee: { profile: 'carrier', branch: 'fork', isBundled: true },
  },
  branches: {
    fork: {
      caller: 'caller',
      callee: { profile: 'carrier', hidden: [{ index: 0, line: 'm=video 0 RTP/AVP 31' }] },
      hidden: [{ index: 1, line: 'm=text 0 RTP/AVP 98' }],
      invite: { cseq: 102, transaction: 'a1b2c3d4', isLate: true, hop: 'abcd' },
      exchange: { offerer: 'callee', cseq: 102, state: 'answered', callee: 'other', at: 1732320000 },
      state: 'confirmed',
    },
    lost: { caller: 'caller', callee: { profile: 'sip' }, exchange: { offerer: 'caller', state: 'offered', at: 1732320001, cseq: 103, standing: '1:102' }, state: 'ended' },
  },
  isEstablished: true,
  isPruned: true,
  event: { at: 1732320000123, event: 'offer', detail: 'browser → carrier' },
} satisfies CallChange

const { event, ...rest } = fullChange
const fullCall: CallRecord = { ...rest, timeline: [event] }

/** A record with ordinary objects in it, as deepEqual compares prototypes too. */
function plain (call: CallRecord | undefined): unknown {
  return call && { ...call, legs: { ...call.legs }, branches: { ...call.branches } }
}

/** Resolves when `condition` holds. @throws Error when it does not in time. */
export async function until (condition: () => Promise<boolean> | boolean, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!await condition()) {
    if (performance.now() > deadline) throw new Error(`the condition did not come true within ${withinMs} ms`)
    await sleep(10)
  }
}
