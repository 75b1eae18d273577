import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { claimPortRange } from '../../stack/ports.ts'
import { phone, request, sdpFile, startCalls } from '../support/calls.ts'

const audio = sdpFile('answer-plain-pcmu')
const twoStreams = Buffer.concat([audio, Buffer.from('m=audio 40010 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n')])
const ends = { source: phone, destination: phone }

test('a node without ports: a new call leaves nothing there, a re-offer ends its call, and the other calls stay', async (t) => {
  const { min } = await claimPortRange(t)
  // Enough for two calls with plain RTP on both sides.
  const { calls, left } = await startCalls(t, { rtpengine: { rtpPorts: { min, max: min + 7 } } })
  for (const callId of ['call-1', 'call-2']) {
    await calls.offer(request({ ...ends, callId, sdp: audio }))
    await calls.answer(request({ ...ends, callId, toTag: 'to', sdp: audio }))
  }
  const holds = async (...callIds: string[]) => {
    for (let tries = 0; tries < 250; tries++) {
      const { onNode, inStore } = await left()
      const isSame = JSON.stringify(Array.isArray(onNode) && onNode.toSorted()) === JSON.stringify(callIds)
      if (isSame && inStore === callIds.length) return
      await sleep(20)
    }
    assert.fail(`not ${callIds.join()}: ${JSON.stringify(await left())}`)
  }
  await holds('call-1', 'call-2')

  await assert.rejects(calls.offer(request({ ...ends, callId: 'call-3', sdp: audio })), { code: 'no_node', message: /Ran out of ports/ })
  await holds('call-1', 'call-2')
  await assert.rejects(
    calls.offer(request({ ...ends, callId: 'call-1', toTag: 'to', sdp: twoStreams })), { code: 'no_node', message: /Ran out of ports/ })
  await holds('call-2')
  assert.ok((await calls.offer(request({ ...ends, callId: 'call-2', toTag: 'to', sdp: audio }))).sdp)
})
