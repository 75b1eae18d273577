import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { offerCommand } from '../../src/ng/commands.ts'
import { ensureTree } from '../../stack/tree.ts'
import { browser, phone, request, sdpFile, sip, startCalls } from '../support/calls.ts'

/** What becomes of a call whose record is gone from the store, and from the memory of every instance. */
const fromBrowser = sdpFile('chromium-audio-gathered-loopback')
const fromPhone = sdpFile('answer-plain-pcmu')
const invite = { sip: sip('INVITE'), source: browser, destination: phone, sdp: fromBrowser, viaBranch: 'fork~1' }
const ok = { sip: sip('INVITE', { status: 200 }), toTag: 'to', viaBranch: 'fork~1', sdp: fromPhone }

async function start (t: TestContext, release: 'bookworm' | 'trixie' | 'sid' = 'trixie') {
  const site = await startCalls(t, { rtpengine: { tree: await ensureTree({ release }) } })
  const { calls, store } = site
  const forget = () => store.remove('call-1')
  /** As Kamailio says it: nobody tells in a later message what the legs are. */
  const manage = async (more: object) => calls.manage(request({ ...more }) as Parameters<typeof calls.manage>[0])
  return { ...site, forget, manage }
}

const portOf = (sdp: Buffer | undefined) => /^m=audio (\d+)/m.exec(String(sdp))?.[1]

const kindsOf = (sdp: Buffer | undefined) => Array.from(String(sdp).matchAll(/^m=(\w+)/gm), ([, kind]) => kind).join(' ')

for (const release of ['bookworm', 'trixie', 'sid'] as const) {
  test(`an answer, and re-offers from either side, go on with the call that its node has (rtpengine of ${release})`, async (t) => {
    const { manage, forget, store, emptied } = await start(t, release)
    const offered = await manage(invite)
    await forget()
    const answered = await manage(ok)
    assert.match(String(answered.sdp), /^m=audio \d+ UDP\/TLS\/RTP\/SAVPF 111/m, 'as a browser needs it')
    assert.deepEqual(Object.keys((await store.find('call-1'))?.branches ?? {}), ['fork~1'])
    await forget()
    const byCallee = { fromTag: 'to', toTag: 'from', sdp: fromPhone }
    const reOffer = await manage({ ...byCallee, sip: sip('INVITE', { cseq: 7 }) })
    assert.deepEqual([reOffer.command, portOf(reOffer.sdp)], ['offer', portOf(answered.sdp)])
    assert.match(String(reOffer.sdp), /^m=audio \d+ UDP\/TLS\/RTP\/SAVPF/m)
    await forget()
    const reAnswer = await manage({ ...byCallee, sip: sip('INVITE', { cseq: 7, status: 200 }), sdp: fromBrowser })
    assert.deepEqual([reAnswer.command, portOf(reAnswer.sdp)], ['answer', portOf(offered.sdp)])
    assert.match(String(reAnswer.sdp), /^m=audio \d+ RTP\/AVP/m)
    await forget()
    const again = await manage({ toTag: 'to', sip: sip('UPDATE', { cseq: 3 }), sdp: fromBrowser })
    assert.deepEqual([again.command, portOf(again.sdp)], ['offer', portOf(offered.sdp)])
    await forget()
    await manage({ toTag: 'to', sip: sip('BYE', { cseq: 4 }) })
    await emptied()
  })
}

test('a browser whose video the phone has never seen still has its m-line after its re-offer', async (t) => {
  const { manage, forget, emptied } = await start(t)
  const sdp = sdpFile('chromium-av-gathered-loopback')
  await manage({ ...invite, sdp })
  await manage(ok)
  await forget()
  const offered = await manage({ toTag: 'to', sip: sip('INVITE', { cseq: 2 }), sdp })
  assert.match(kindsOf(offered.sdp), /^audio$/)
  const answered = await manage({ ...ok, sip: sip('INVITE', { cseq: 2, status: 200 }) })
  assert.equal(kindsOf(answered.sdp), 'audio video')
  assert.match(String(answered.sdp), /^m=video 0 /m)
  await manage({ toTag: 'to', sip: sip('BYE', { cseq: 4 }) })
  await emptied()
})

test('the answer of a late offer goes on too, and the call ends by its BYE', async (t) => {
  const { manage, forget, emptied } = await start(t)
  await manage({ sip: sip('INVITE'), source: browser, destination: phone })
  const offered = await manage({ sip: sip('INVITE', { status: 200 }), toTag: 'to', sdp: fromPhone, source: phone })
  assert.match(String(offered.sdp), /^m=audio \d+ UDP\/TLS\/RTP\/SAVPF/m)
  await forget()
  const answered = await manage({ sip: sip('ACK'), toTag: 'to', sdp: sdpFile('chromium-audio-answer') })
  assert.match(String(answered.sdp), /^m=audio \d+ RTP\/AVP/m)
  await forget()
  await manage({ fromTag: 'to', toTag: 'from', sip: sip('BYE') })
  await emptied()
})

test('a call that somebody else made on the node is neither taken up nor ended by a SIP message', async (t) => {
  const { manage, ng, node, left } = await start(t)
  const foreign = offerCommand({ callId: 'call-1', fromTag: 'from', viaBranch: 'z9hG4bKx', sdp: fromPhone, flags: {} })
  await ng.send(node, foreign, { deadline: performance.now() + 2000 })
  await assert.rejects(manage(ok), { code: 'call_unknown' })
  await manage({ toTag: 'to', sip: sip('BYE', { cseq: 2 }) })
  // The delete, if there were one, is carried out behind the reply; whatever comes next waits for it.
  await assert.rejects(manage(ok), { code: 'call_unknown' })
  assert.deepEqual(await left(), { onNode: ['call-1'], inStore: 0 })
})
