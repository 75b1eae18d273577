import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NgClient } from '../../src/ng/client.ts'
import { listCommand } from '../../src/ng/commands.ts'
import { type Ngpilot, startNgpilot } from '../../stack/ngpilot.ts'
import { startRedis } from '../../stack/redis.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { until } from '../state/contract.ts'
import { sdpFile } from '../support/calls.ts'
import { sharedContext } from '../support/shared.ts'

/** Two ngpilots with one Redis: a message and its repeat come to different ones. */
const shared = sharedContext()
const [redis, rtpengine] = await Promise.all([startRedis(shared), startRtpengine(shared)])
const start = () => startNgpilot(shared, {
  env: {
    NGPILOT_RTPENGINE_NODES: `n1=127.0.0.1:${rtpengine.port}`, NGPILOT_POLICY_DIRECTORY: 'policy', NGPILOT_STORE_URL: redis.url,
  },
})
const [one, two] = await Promise.all([start(), start()])
const ng = new NgClient({ instanceId: 'test' })
shared.after(() => ng.close())
const sdp = sdpFile('answer-plain-pcmu').toString()

interface Said { callId: string, cseq?: number, toTag?: string, body?: string }

async function say (to: Ngpilot, startLine: string, method: string, { callId, cseq = 1, toTag, body = '' }: Said) {
  const message = [
    startLine, `Via: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK${callId}${cseq}`, `From: <sip:a@example.com>;tag=a`,
    `To: <sip:b@example.com>${toTag === undefined ? '' : `;tag=${toTag}`}`, `Call-ID: ${callId}`, `CSeq: ${cseq} ${method}`,
    'Content-Type: application/sdp', `Content-Length: ${body.length}`, '', body,
  ].join('\r\n')
  const headers = { 'content-type': 'message/sip', 'ngpilot-source': 'sip:127.0.0.1:5062', 'ngpilot-destination': 'sip:127.0.0.1:5064' }
  const reply = await fetch(`${to.url}/v1/sip`, { method: 'POST', headers, body: message })
  return { status: reply.status, sip: reply.headers.get('ngpilot-sip-status'), sdp: await reply.text() }
}

const invite = (to: Ngpilot, callId: string, cseq = 1) => say(to, 'INVITE sip:b@example.com SIP/2.0', 'INVITE', { callId, cseq, body: sdp })
const cancel = (to: Ngpilot, callId: string) => say(to, 'CANCEL sip:b@example.com SIP/2.0', 'CANCEL', { callId })
const reply = (to: Ngpilot, status: string, callId: string, body = '') =>
  say(to, `SIP/2.0 ${status}`, 'INVITE', { callId, toTag: 'b', body })
const onNode = async () =>
  (await ng.send({ id: 'n1', host: '127.0.0.1', port: rtpengine.port }, listCommand(), { deadline: performance.now() + 2000 })).calls as string[]

test('the INVITE again, and the 200 again, at the other instance: the same ports, and one call', async () => {
  const [first, again] = [await invite(one, 'again'), await invite(two, 'again')]
  assert.deepEqual([again.status, mLine(again.sdp)], [200, mLine(first.sdp)])
  const answers = [await reply(two, '200 OK', 'again', sdp), await reply(one, '200 OK', 'again', sdp)]
  assert.equal(mLine(answers[1]?.sdp), mLine(answers[0]?.sdp))
  assert.match(mLine(answers[0]?.sdp), /^m=audio \d+/)
  assert.deepEqual(await onNode(), ['again'])
  assert.equal((await say(one, 'BYE sip:b@example.com SIP/2.0', 'BYE', { callId: 'again', cseq: 2, toTag: 'b' })).status, 204)
  await until(async () => (await onNode()).length === 0)
})

for (const [name, ended] of [['while its CANCEL waits', false], ['after its 487', true]] as const) {
  test(`an INVITE that was cancelled comes again at the other instance, ${name}: it makes no call`, async () => {
    const callId = `orphan-${ended}`
    assert.equal((await invite(one, callId)).status, 200)
    await cancel(one, callId)
    if (ended) {
      await reply(one, '487 Request Terminated', callId)
      await until(async () => (await onNode()).length === 0)
    }
    const orphan = await invite(two, callId)
    assert.deepEqual([orphan.status, orphan.sip], [410, '481 Call/Transaction Does Not Exist'])
    await until(async () => (await onNode()).length === 0)
    // A new INVITE of the same Call-ID is no repeat.
    assert.equal((await invite(two, callId, 2)).status, 200)
    await say(two, 'SIP/2.0 486 Busy Here', 'INVITE', { callId, cseq: 2, toTag: 'b' })
    await until(async () => (await onNode()).length === 0)
  })
}

function mLine (sdp = ''): string {
  return /^m=.*/m.exec(sdp)?.[0] ?? ''
}
