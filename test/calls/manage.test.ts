import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeSilent } from '../../stack/silent.ts'
import { browser, phone, request, sdpFile, sip, startCalls } from '../support/calls.ts'

const offerSdp = sdpFile('chromium-audio-gathered-loopback')
const answerSdp = sdpFile('answer-plain-pcmu')
const invite = { sip: sip('INVITE'), source: browser, destination: phone, sdp: offerSdp }

/** A call from a browser to a phone, up to the 200. */
async function establish ({ calls }: Awaited<ReturnType<typeof startCalls>>) {
  await calls.manage(request(invite))
  await calls.manage(request({ sip: sip('INVITE', { status: 200 }), toTag: 'to', sdp: answerSdp }))
}

test('INVITE, 183, 200, ACK and BYE make offer, answer twice the same, and delete', async (t) => {
  const { calls, emptied, decisions } = await startCalls(t)
  assert.equal((await calls.manage(request(invite))).command, 'offer')
  assert.equal((await calls.manage(request({ sip: sip('INVITE', { status: 180 }), toTag: 'to' }))).command, 'none')
  const early = await calls.manage(request({ sip: sip('INVITE', { status: 183 }), toTag: 'to', sdp: answerSdp }))
  const final = await calls.manage(request({ sip: sip('INVITE', { status: 200 }), toTag: 'to', sdp: answerSdp }))
  assert.equal(early.command, 'answer')
  assert.equal(mLine(final.sdp), mLine(early.sdp))
  assert.equal((await calls.manage(request({ sip: sip('ACK'), toTag: 'to' }))).command, 'none')
  assert.equal((await calls.manage(request({ sip: sip('BYE', { cseq: 2 }), toTag: 'to' }))).command, 'delete')
  await emptied()
  assert.deepEqual(decisions, ['offer browser phone', 'answer phone browser', 'answer phone browser'])
})

test('after a failure the INVITE again is a repeat, but where it goes elsewhere: that is the next fork', async (t) => {
  const { calls, emptied } = await startCalls(t)
  await calls.manage(request(invite))
  await calls.manage(request({ sip: sip('INVITE', { status: 486 }), toTag: 'to' }))
  await assert.rejects(calls.manage(request(invite)), { code: 'call_ended' })
  const next = { ...invite, destination: { ...phone, port: phone.port + 1 } }
  assert.equal((await calls.manage(request(next))).command, 'offer')
  await calls.manage(request({ sip: sip('INVITE', { status: 486 }), toTag: 'to2' }))
  await assert.rejects(calls.manage(request(next)), { code: 'call_ended' })
  await emptied()
})

test('a BYE from the callee ends the call too', async (t) => {
  const started = await startCalls(t)
  await establish(started)
  await started.calls.manage(request({ fromTag: 'to', toTag: 'from', sip: sip('BYE') }))
  await started.emptied()
})

test('a BYE of a call that the store has lost ends it on the node that has it; one of a call that is nowhere is no error', async (t) => {
  const started = await startCalls(t)
  await establish(started)
  await started.store.remove('call-1')
  for (const callId of ['nowhere', 'call-1']) {
    const ended = await started.calls.manage(request({ callId, sip: sip('BYE', { cseq: 2 }), toTag: 'to' }))
    assert.equal(ended.command, 'delete')
  }
  await started.emptied()
})

test('a call whose node is not configured any more ends quietly, one fork of it too', async (t) => {
  const { calls, store } = await startCalls(t)
  await calls.manage(request({ ...invite, viaBranch: 'one' }))
  await calls.manage(request({ ...invite, viaBranch: 'two' }))
  await store.save('call-1', { node: 'gone' })
  await calls.manage(request({ sip: sip('INVITE', { status: 486 }), toTag: 'to', viaBranch: 'one' }))
  assert.equal((await store.find('call-1'))?.branches['one']?.state, 'ended')
  assert.equal((await calls.deleteCall(request({}))).command, 'delete')
  assert.equal(await store.size(), 0)
})

test('CANCEL ends the call when no 2xx comes', async (t) => {
  const { calls, emptied } = await startCalls(t)
  await calls.manage(request(invite))
  assert.equal((await calls.manage(request({ sip: sip('CANCEL') }))).command, 'none')
  await emptied()
})

test('a 200 that crosses the CANCEL wins: it is answered, and the call stands until its BYE', async (t) => {
  const { calls, left, emptied } = await startCalls(t)
  await calls.manage(request(invite))
  await calls.manage(request({ sip: sip('CANCEL') }))
  const crossing = await calls.manage(request({ sip: sip('INVITE', { status: 200 }), toTag: 'to', sdp: answerSdp }))
  assert.equal(crossing.command, 'answer')
  await sleep(2500)
  assert.deepEqual(await left(), { onNode: ['call-1'], inStore: 1 })
  await calls.manage(request({ sip: sip('BYE', { cseq: 2 }), toTag: 'to' }))
  await emptied()
})

for (const [name, message] of Object.entries({
  'a 486': sip('INVITE', { status: 486 }), 'a 487': sip('INVITE', { status: 487 }),
})) {
  test(`${name} before the answer ends the call`, async (t) => {
    const { calls, emptied } = await startCalls(t)
    await calls.manage(request(invite))
    assert.equal((await calls.manage(request({ sip: message, toTag: 'to' }))).command, 'delete')
    await emptied()
  })
}

test('a re-INVITE that fails, or is cancelled, does not end the call', async (t) => {
  const started = await startCalls(t)
  await establish(started)
  await started.calls.manage(request({ sip: sip('INVITE', { cseq: 2 }), toTag: 'to', sdp: offerSdp }))
  assert.equal((await started.calls.manage(request({ sip: sip('CANCEL', { cseq: 2 }), toTag: 'to' }))).command, 'none')
  const failed = await started.calls.manage(request({ sip: sip('INVITE', { cseq: 2, status: 491 }), toTag: 'to' }))
  assert.equal(failed.command, 'none')
  assert.deepEqual(await started.left(), { onNode: ['call-1'], inStore: 1 })
})

test('a re-INVITE from the callee takes the profiles by the tags, not by the direction', async (t) => {
  const started = await startCalls(t)
  await establish(started)
  const reInvite = await started.calls.manage(request({ fromTag: 'to', toTag: 'from', sip: sip('INVITE', { cseq: 7 }), sdp: answerSdp }))
  assert.deepEqual([reInvite.sender, reInvite.receiver], ['phone', 'browser'])
  assert.match(mLine(reInvite.sdp), /UDP\/TLS\/RTP\/SAVPF/)
})

test('an INVITE without SDP has its offer in the 200 and its answer in the ACK', async (t) => {
  const { calls, emptied } = await startCalls(t)
  const opened = await calls.manage(request({ sip: sip('INVITE'), source: browser, destination: phone }))
  assert.equal(opened.command, 'none')
  const offer = await calls.manage(request({ sip: sip('INVITE', { status: 200 }), toTag: 'to', sdp: answerSdp }))
  assert.deepEqual([offer.command, offer.sender, offer.receiver], ['offer', 'phone', 'browser'])
  const answer = await calls.manage(request({ sip: sip('ACK'), toTag: 'to', sdp: sdpFile('chromium-audio-answer') }))
  assert.deepEqual([answer.command, answer.receiver], ['answer', 'phone'])
  assert.match(mLine(answer.sdp), /RTP\/AVP/)
  await calls.manage(request({ sip: sip('BYE', { cseq: 2 }), toTag: 'to' }))
  await emptied()
})

test('the INVITE again gives the same SDP', async (t) => {
  const { calls } = await startCalls(t)
  const first = await calls.manage(request(invite))
  const second = await calls.manage(request(invite))
  assert.equal(mLine(second.sdp), mLine(first.sdp))
})

test('an answer to a call that nobody offered is refused', async (t) => {
  const { calls } = await startCalls(t)
  await assert.rejects(calls.manage(request({ sip: sip('INVITE', { status: 200 }), toTag: 'to', sdp: answerSdp })), { code: 'call_unknown' })
})

test('an answer by the side that made the offer is refused', async (t) => {
  const started = await startCalls(t)
  await establish(started)
  await assert.rejects(started.calls.answer(request({ fromTag: 'to', toTag: 'from', sdp: answerSdp })), { code: 'out_of_order' })
})

test('a delete right behind its offer comes after it: nothing is left', async (t) => {
  const { calls, emptied } = await startCalls(t)
  const offer = calls.manage(request(invite))
  const cancel = calls.manage(request({ sip: sip('CANCEL') }))
  assert.deepEqual((await Promise.all([offer, cancel])).map((outcome) => outcome.command), ['offer', 'none'])
  await emptied()
})

test('a node that is down is told before the deadline, and the store keeps nothing', async (t) => {
  const { calls, store, rtpengine } = await startCalls(t)
  await makeSilent(rtpengine.pid)
  await assert.rejects(calls.manage(request({ ...invite, deadline: performance.now() + 300 })), { code: 'ng_timeout' })
  assert.equal(await store.size(), 0)
})

function mLine (sdp: Buffer | undefined): string {
  return /m=.*/.exec(sdp?.toString() ?? '')?.[0] ?? ''
}
