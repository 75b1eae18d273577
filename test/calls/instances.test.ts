import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { NgClient } from '../../src/ng/client.ts'
import { listCommand } from '../../src/ng/commands.ts'
import { type Ngpilot, startNgpilot } from '../../stack/ngpilot.ts'
import { startRedis } from '../../stack/redis.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { until } from '../state/contract.ts'
import { sdpFile } from '../support/calls.ts'
import { openEar } from '../support/rtp-ear.ts'
import { sharedContext } from '../support/shared.ts'

/** Two ngpilots with one Redis and two rtpengines: what belongs together comes to different ones. */
const shared = sharedContext()
const [redis, ...rtpengines] = await Promise.all([startRedis(shared), startRtpengine(shared), startRtpengine(shared)])
const start = () => startNgpilot(shared, {
  env: {
    NGPILOT_RTPENGINE_NODES: rtpengines.map(({ port }, index) => `n${index + 1}=127.0.0.1:${port}`).join(),
    NGPILOT_POLICY_DIRECTORY: 'policy', NGPILOT_STORE_URL: redis.url,
  },
})
const [one, two] = await Promise.all([start(), start()])
const ng = new NgClient({ instanceId: 'test' })
shared.after(() => ng.close())
const sdp = sdpFile('answer-plain-pcmu').toString()

interface Said { callId: string, cseq?: number, from?: string, toTag?: string, body?: string }

async function say (to: Ngpilot, startLine: string, method: string, { callId, cseq = 1, from = 'a', toTag, body = '' }: Said) {
  const message = [
    startLine, `Via: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK${callId}${cseq}`, `From: <sip:a@example.com>;tag=${from}`,
    `To: <sip:b@example.com>${toTag === undefined ? '' : `;tag=${toTag}`}`, `Call-ID: ${callId}`, `CSeq: ${cseq} ${method}`,
    ...(body ? ['Content-Type: application/sdp'] : []), `Content-Length: ${body.length}`, '', body,
  ].join('\r\n')
  const headers = { 'content-type': 'message/sip', 'ngpilot-source': 'sip:127.0.0.1:5062', 'ngpilot-destination': 'sip:127.0.0.1:5064' }
  const reply = await fetch(`${to.url}/v1/sip`, { method: 'POST', headers, body: message })
  return { status: reply.status, sip: reply.headers.get('ngpilot-sip-status'), sdp: await reply.text() }
}

const invite = (to: Ngpilot, callId: string, cseq = 1) => say(to, 'INVITE sip:b@example.com SIP/2.0', 'INVITE', { callId, cseq, body: sdp })
const cancel = (to: Ngpilot, callId: string) => say(to, 'CANCEL sip:b@example.com SIP/2.0', 'CANCEL', { callId })
const reply = (to: Ngpilot, status: string, callId: string, body = '') =>
  say(to, `SIP/2.0 ${status}`, 'INVITE', { callId, toTag: 'b', body })
const onNodes = async () => (await Promise.all(rtpengines.map(async ({ port }, index) => {
  const node = { id: `n${index + 1}`, host: '127.0.0.1', port }
  return (await ng.send(node, listCommand(), { deadline: performance.now() + 2000 })).calls as string[]
}))).flat()
const isGone = (callId: string) => until(async () => !(await onNodes()).includes(callId))

test('the INVITE again, and the 200 again, at the other instance: the same ports, and one call', async () => {
  const [first, again] = [await invite(one, 'again'), await invite(two, 'again')]
  assert.deepEqual([first.status, again.status, mLine(again.sdp)], [200, 200, mLine(first.sdp)], first.sdp)
  const answers = [await reply(two, '200 OK', 'again', sdp), await reply(one, '200 OK', 'again', sdp)]
  assert.equal(mLine(answers[1]?.sdp), mLine(answers[0]?.sdp))
  assert.match(mLine(answers[0]?.sdp), /^m=audio \d+/)
  assert.deepEqual((await onNodes()).filter((callId) => callId === 'again'), ['again'])
  assert.equal((await say(one, 'BYE sip:b@example.com SIP/2.0', 'BYE', { callId: 'again', cseq: 2, toTag: 'b' })).status, 204)
  await isGone('again')
})

test('the 200 with a late offer again at the other instance: the same ports, before its answer and after it', async () => {
  const callId = 'late-again'
  assert.equal((await say(one, 'INVITE sip:b@example.com SIP/2.0', 'INVITE', { callId })).status, 204)
  const offers = [await reply(one, '200 OK', callId, sdp), await reply(two, '200 OK', callId, sdp)]
  assert.match(mLine(offers[0]?.sdp), /^m=audio \d+/)
  assert.equal((await say(two, 'ACK sip:b@example.com SIP/2.0', 'ACK', { callId, toTag: 'b', body: sdp })).status, 200)
  const third = await start()
  offers.push(await reply(third, '200 OK', callId, sdp))
  const reInvite = { callId, from: 'b', toTag: 'a', cseq: 1, body: sdp }
  offers.push(await say(one, 'INVITE sip:a@example.com SIP/2.0', 'INVITE', reInvite))
  assert.equal(new Set(offers.map((each) => mLine(each.sdp))).size, 1)
  await say(one, 'BYE sip:b@example.com SIP/2.0', 'BYE', { callId, cseq: 2, toTag: 'b' })
  await isGone(callId)
})

for (const [name, ended] of [['while its CANCEL waits', false], ['after its 487', true]] as const) {
  test(`an INVITE that was cancelled comes again at the other instance, ${name}: it makes no call`, async () => {
    const callId = `orphan-${ended}`
    assert.equal((await invite(one, callId)).status, 200)
    await cancel(one, callId)
    if (ended) {
      await reply(one, '487 Request Terminated', callId)
      await isGone(callId)
    }
    const orphan = await invite(two, callId)
    assert.deepEqual([orphan.status, orphan.sip], [410, '481 Call/Transaction Does Not Exist'])
    await isGone(callId)
    // A new INVITE of the same Call-ID is no repeat.
    assert.equal((await invite(two, callId, 2)).status, 200)
    await say(two, 'SIP/2.0 486 Busy Here', 'INVITE', { callId, cseq: 2, toTag: 'b' })
    await isGone(callId)
  })
}

test('an offer that is refused at one instance, after exchanges of which each has seen a part: both hear each other on', async (t) => {
  const callId = 'refused'
  const [alice, bob] = [await openEar(t, 21), await openEar(t, 22)]
  const tell = async (...said: Parameters<typeof say>) => {
    const reply = await say(...said)
    assert.ok(reply.status < 300, `${said[1]}: ${reply.sdp}`)
    return reply.sdp
  }
  const hearEachOther = () => Promise.all([alice.hears(22), bob.hears(21)])
  bob.sendTo(await tell(one, 'INVITE sip:b@example.com SIP/2.0', 'INVITE', { callId, body: alice.sdp() }))
  alice.sendTo(await tell(two, 'SIP/2.0 200 OK', 'INVITE', { callId, toTag: 'b', body: bob.sdp() }))
  await hearEachOther()
  let cseq = 1
  /** Who offers to be on hold, where the offer comes to, and where its refusal. */
  const refuse = async (from: 'a' | 'b', to: Ngpilot, refusedAt: Ngpilot) => {
    const parties = { callId, from, toTag: from === 'a' ? 'b' : 'a', cseq: ++cseq }
    await tell(to, 'INVITE sip:x@example.com SIP/2.0', 'INVITE', { ...parties, body: (from === 'a' ? alice : bob).sdp({ version: cseq, direction: 'inactive' }) })
    assert.equal((await say(refusedAt, 'SIP/2.0 488 Not Acceptable Here', 'INVITE', parties)).status, 204)
    await hearEachOther()
  }
  await refuse('a', one, two)
  await refuse('b', one, one)
  const parties = { callId, from: 'b', toTag: 'a', cseq: ++cseq }
  alice.sendTo(await tell(two, 'UPDATE sip:a@example.com SIP/2.0', 'UPDATE', { ...parties, body: bob.sdp({ version: cseq }) }))
  bob.sendTo(await tell(one, 'SIP/2.0 200 OK', 'UPDATE', { ...parties, body: alice.sdp({ version: cseq }) }))
  await refuse('a', two, two)
  await refuse('b', two, one)
  await tell(one, 'BYE sip:b@example.com SIP/2.0', 'BYE', { callId, cseq: ++cseq, toTag: 'b' })
  await isGone(callId)
})

test('calls whose records are gone: an instance that knows nothing of them answers and ends them where they are', async (t) => {
  const callIds = Array.from({ length: 6 }, (_, number) => `gone-${number}`)
  const offers = await Promise.all(callIds.map((callId) => invite(one, callId)))
  const client = new Redis(redis.url)
  t.after(() => client.disconnect())
  const nodesOf = await Promise.all(callIds.map(async (callId) => client.hget(`ngpilot:{${callId}}:call`, 'node')))
  assert.deepEqual([...new Set(nodesOf)].sort(), ['n1', 'n2'])
  await client.flushall()
  // The one that knows them would put them back: it is another that is asked, before any round.
  const third = await start()
  for (const [index, callId] of callIds.entries()) {
    const answered = await reply(third, '200 OK', callId, sdp)
    assert.match(mLine(answered.sdp), /^m=audio [1-9]/)
    assert.notEqual(mLine(answered.sdp), mLine(offers[index]?.sdp))
    await client.flushall()
    assert.equal((await say(two, 'BYE sip:b@example.com SIP/2.0', 'BYE', { callId, cseq: 2, toTag: 'b' })).status, 204)
  }
  await Promise.all(callIds.map(isGone))
})

function mLine (sdp = ''): string {
  return /^m=.*/m.exec(sdp)?.[0] ?? ''
}
