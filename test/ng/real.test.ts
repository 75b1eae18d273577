import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { NgClient } from '../../src/ng/client.ts'
import { answerCommand, deleteCommand, listCommand, offerCommand, pingCommand, queryCommand } from '../../src/ng/commands.ts'
import { reasonOf } from '../../src/ng/reply.ts'
import type { NgDictionary } from '../../src/ng/types.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { makeSilent } from '../../stack/silent.ts'
import { startNgClient, within } from './ng-client.ts'

const browserSdp = await readFile(new URL('../data/sdp/chromium-audio-gathered-loopback.sdp', import.meta.url))
const phoneSdp = await readFile(new URL('../data/sdp/answer-plain-pcmu.sdp', import.meta.url))
const legs = { callId: 'call 1@example.com', fromTag: 'browser', toTag: 'phone', viaBranch: 'z9hG4bK1' }
const toPhone: NgDictionary = { 'transport-protocol': 'RTP/AVP', ICE: 'remove', DTLS: 'off', 'rtcp-mux': ['demux'] }

async function startNode (t: TestContext) {
  const rtpengine = await startRtpengine(t)
  const client = new NgClient({ instanceId: 'test', retryAfterMs: 20 })
  t.after(async () => client.close())
  const node = { id: 'real', host: rtpengine.address, port: rtpengine.port }
  return {
    rtpengine,
    send: async (command: Parameters<NgClient['send']>[1]) => client.send(node, command, { deadline: performance.now() + 3000 }),
  }
}

test('a call on rtpengine: offer, answer, query, list, delete', async (t) => {
  const { send } = await startNode(t)
  const { toTag, ...firstOffer } = legs

  const offered = await send(offerCommand({ ...firstOffer, sdp: browserSdp, flags: toPhone }))
  assert.match(String(offered.sdp), /^m=audio \d+ RTP\/AVP /m)
  assert.doesNotMatch(String(offered.sdp), /candidate|fingerprint/)

  const answered = await send(answerCommand({ ...legs, sdp: phoneSdp, flags: { ICE: 'force' } }))
  assert.match(String(answered.sdp), /^m=audio \d+ UDP\/TLS\/RTP\/SAVPF 0/m)
  assert.match(String(answered.sdp), /^a=fingerprint:/m)

  const queried = await send(queryCommand({ callId: legs.callId }))
  assert.deepEqual(Object.keys(queried.tags as NgDictionary).sort(), ['browser', toTag])
  assert.deepEqual((await send(listCommand({ limit: 10 }))).calls, [legs.callId])

  const deleted = await send(deleteCommand({ callId: legs.callId, deleteDelaySeconds: 0 }))
  assert.ok(deleted.totals, 'the counters come with the delete')
  assert.deepEqual((await send(listCommand())).calls, [])
})

test('rtpengine carries SDP bytes that are not UTF-8', async (t) => {
  const { send } = await startNode(t)
  const name = Buffer.from([0x73, 0x3d, 0xe9, 0xff, 0x0d, 0x0a])
  const sdp = Buffer.concat(['v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n', name, 'c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n']
    .map((part) => Buffer.from(part)))
  const reply = await send(offerCommand({ callId: 'c', fromTag: 'f', sdp, flags: {} }))
  assert.ok(reply.sdp?.includes(name))
})

test('rtpengine\'s refusals have their codes and words', async (t) => {
  const { send } = await startNode(t)
  await assert.rejects(send(queryCommand({ callId: 'none' })), { code: 'call_unknown' })
  const broken = offerCommand({ callId: 'c', fromTag: 'f', sdp: Buffer.from('hello'), flags: {} })
  await assert.rejects(send(broken), (error) => reasonOf(error) === 'Failed to parse SDP')
  assert.match(String((await send(deleteCommand({ callId: 'none' }))).warning), /not found/)
})

test('rtpengine refuses a call past its limit as load limit', async (t) => {
  const rtpengine = await startRtpengine(t, { args: ['--max-sessions=1'] })
  const client = new NgClient({ instanceId: 'test' })
  t.after(async () => client.close())
  const node = { id: 'full', host: rtpengine.address, port: rtpengine.port }
  const send = async (callId: string) => client.send(
    node, offerCommand({ callId, fromTag: 'f', sdp: phoneSdp, flags: {} }), { deadline: performance.now() + 3000 })
  await send('first')
  await assert.rejects(send('second'), (error) => reasonOf(error) === 'Parallel session limit reached')
  await assert.rejects(send('second'), { code: 'no_node' })
})

test('rtpengine executes a command once, however often it was sent while it was stopped', async (t) => {
  const { rtpengine, send } = await startNode(t)
  await makeSilent(rtpengine.pid)
  const sending = send(offerCommand({ callId: 'c', fromTag: 'f', sdp: phoneSdp, flags: {} }))
  await sleep(200)
  process.kill(rtpengine.pid, 'SIGCONT')
  assert.ok((await sending).sdp)
  assert.equal((await send(pingCommand())).result, 'pong')
  assert.equal(rtpengine.logs().match(/Creating new call/g)?.length, 1)
})

test('a reply that came while this process was busy is read before anything is sent again, and tells nothing of the node', async (t) => {
  const { rtpengine } = await startNode(t)
  const client = startNgClient(t)
  const node = { id: 'real', host: rtpengine.address, port: rtpengine.port }
  for (let i = 0; i < 20; i++) await client.send(node, pingCommand(), within(3000))
  const before = client.stateOf('real')?.roundTripMs
  const sending = client.send(node, pingCommand(), within(3000))
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  await sending
  assert.equal(client.stateOf('real')?.roundTripMs, before)
  assert.ok(!client.seen.slice(-2).includes('real retransmission'))
})

test('a delete with a to-tag ends that leg alone: its ports are free, the others keep theirs', async (t) => {
  const { send } = await startNode(t)
  const flags = {}
  for (const fork of ['1', '2', '3']) {
    const leg = { callId: 'c', fromTag: 'f', viaBranch: `z9hG4bK${fork}` }
    await send(offerCommand({ ...leg, sdp: phoneSdp, flags }))
    await send(answerCommand({ ...leg, toTag: `t${fork}`, sdp: phoneSdp, flags }))
  }
  await send(deleteCommand({ callId: 'c', fromTag: 'f', toTag: 't2', deleteDelaySeconds: 0 }))
  assert.deepEqual((await send(listCommand())).calls, ['c'])
  const { tags } = await send(queryCommand({ callId: 'c' }))
  const withPorts = Object.entries(tags as NgDictionary).filter(([, leg]) => JSON.stringify(leg).includes('local port'))
  assert.deepEqual(withPorts.map(([tag]) => tag).sort(), ['f', 't1', 't3'])
})
