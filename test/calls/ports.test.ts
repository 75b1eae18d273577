import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Policy } from '../../src/policy/types.ts'
import { claimPortRange } from '../../stack/ports.ts'
import { type RtpengineOptions, startRtpengine } from '../../stack/rtpengine.ts'
import { ensureTree, type Release } from '../../stack/tree.ts'
import { until } from '../fleet/support.ts'
import { policyOf } from '../policy/directory.ts'
import { phone, request, sdpFile, sip, startCalls } from '../support/calls.ts'

const audio = sdpFile('answer-plain-pcmu')
const twoStreams = Buffer.concat([audio, Buffer.from('m=audio 40010 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n')])
const ends = { source: phone, destination: phone }
const releases = (process.env.NGPILOT_TEST_RELEASES ?? 'trixie').split(',') as Release[]

for (const release of releases) {
  test(`a node without ports: a new call leaves nothing there, a re-offer loses its call, which is told of (${release})`, async (t) => {
    const { calls, store, events, holds, establish } = await startSite(t, { tree: await ensureTree({ release }) })
    await establish('call-1')
    await establish('call-2')

    await assert.rejects(calls.offer(request({ ...ends, callId: 'call-3', sdp: audio })), { code: 'no_node', message: /Ran out of ports/ })
    await holds(['call-1', 'call-2'])
    assert.equal(events.length, 0)
    const reoffer = (callId: string, sdp: Buffer) => calls.offer(request({ ...ends, callId, toTag: 'to', sdp }))
    await assert.rejects(reoffer('call-1', twoStreams), { code: 'no_node', message: /Ran out of ports/ })
    assert.deepEqual(events.map((event) => ({ ...event, at: 0 })), [{
      event: 'stranded', callId: 'call-1', node: 'n1', tags: ['from', 'to'], at: 0,
      reason: 'rtpengine n1 had no ports left for an offer, and ended the call', canReanchor: false,
    }])
    await holds(['call-2'], { inStore: 2 })
    assert.equal((await store.find('call-1'))?.lost?.why, 'node-lost')
    assert.ok((await reoffer('call-2', audio)).sdp)

    // Who asks for less after that has media again.
    assert.ok((await reoffer('call-1', audio)).sdp)
    assert.ok((await calls.answer(request({ ...ends, callId: 'call-1', toTag: 'to', sdp: audio }))).sdp)
    await holds(['call-1', 'call-2'])
    assert.equal((await store.find('call-1'))?.lost, undefined)
    assert.equal(events.length, 1)
  })
}

test('a fork for which no ports are left takes those that ring with it: the INVITE is to be cancelled', async (t) => {
  const { calls, events, holds, establish } = await startSite(t)
  await establish('call-1')
  const fork = (viaBranch: string) => calls.manage(request({ ...ends, callId: 'ringing', viaBranch, sip: sip('INVITE', { cseq: 7 }), sdp: audio }))
  assert.ok((await fork('1')).sdp)
  await assert.rejects(async () => {
    for (let branch = 2; branch < 9; branch++) await fork(String(branch))
  }, { code: 'no_node', message: /Ran out of ports/ })
  await holds(['call-1'], { inStore: 2 })
  assert.deepEqual(events.map((event) => event.event === 'stranded' && [event.callId, event.cseq, event.canReanchor]), [['ringing', 7, false]])
})

test('where the policy lets calls move, one whose node has no ports for it moves at once; where none has, it is told of', async (t) => {
  const policy = await policyOf(t, 'endpoints: [{ profile: sip }]\nrules: [{ name: move, set: { on-node-loss: re-anchor } }]\n')
  const { calls, store, fleet, node, events, holds, establish } = await startSite(t, {}, policy)
  const other = await startRtpengine(t)
  fleet.setNodes([node, { id: 'n2', host: other.address, port: other.port, priority: 1 }])
  await until('both up', () => fleet.nodes().every(({ state }) => state === 'up'))
  await establish('call-1')
  await establish('call-2')
  const reoffer = (callId: string) => calls.offer(request({ ...ends, callId, toTag: 'to', sdp: twoStreams }))
  assert.equal((await reoffer('call-1')).node, 'n2')
  assert.ok((await calls.answer(request({ ...ends, callId: 'call-1', toTag: 'to', sdp: twoStreams }))).sdp)
  await holds(['call-2'], { inStore: 2 })
  assert.equal(events.length, 0)

  await establish('call-3')
  process.kill(other.pid, 'SIGKILL')
  await other.ended
  await assert.rejects(reoffer('call-2'), /Ran out of ports/)
  assert.deepEqual(events.map((event) => event.event === 'stranded' && [event.callId, event.node, event.canReanchor]), [['call-2', 'n1', true]])
  assert.equal((await store.find('call-2'))?.node, 'n1')
})

/** Calls on a real node with ports for two calls with plain RTP on both sides. */
async function startSite (t: TestContext, options: RtpengineOptions = {}, policy?: Policy) {
  const { min } = await claimPortRange(t)
  const site = await startCalls(t, { rtpengine: { rtpPorts: { min, max: min + 7 }, ...options }, ...policy && { policy } })

  async function establish (callId: string): Promise<void> {
    await site.calls.offer(request({ ...ends, callId, sdp: audio }))
    await site.calls.answer(request({ ...ends, callId, toTag: 'to', sdp: audio }))
  }

  /** Waits until the node has just these calls, and the store as many unless it is said otherwise. */
  async function holds (callIds: string[], { inStore = callIds.length } = {}): Promise<void> {
    for (let tries = 0; tries < 250; tries++) {
      const left = await site.left()
      const isSame = JSON.stringify(Array.isArray(left.onNode) && left.onNode.toSorted()) === JSON.stringify(callIds)
      if (isSame && left.inStore === inStore) return
      await sleep(20)
    }
    assert.fail(`not ${callIds.join()}: ${JSON.stringify(await site.left())}`)
  }
  return { ...site, establish, holds }
}
