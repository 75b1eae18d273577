import assert from 'node:assert/strict'
import { test } from 'node:test'
import { browser, outline, phone, request, sdpFile, startCalls } from '../support/calls.ts'

const fromBrowser = { source: browser, destination: phone }
const answered = { fromTag: 'from', toTag: 'to' }

/** interop §3.7: what no SIP phone must see. */
const webOnly = ['candidate', 'end-of-candidates', 'ice-ufrag', 'ice-pwd', 'ice-options', 'fingerprint', 'setup', 'tls-id', 'group', 'mid',
  'msid', 'msid-semantic', 'ssrc', 'ssrc-group', 'extmap', 'extmap-allow-mixed', 'rtcp-fb', 'rtcp-rsize', 'rtcp-mux', 'bundle-only']

test('a browser\'s offer reaches a SIP phone as plain RTP, and the answer comes back as WebRTC with opus', async (t) => {
  const { calls } = await startCalls(t)
  const offer = await calls.offer(request({ ...fromBrowser, sdp: sdpFile('chromium-audio-gathered-loopback') }))
  assert.deepEqual(outline(offer.sdp).media, ['m=audio PORT RTP/AVP 0 8 126'])
  assert.deepEqual(outline(offer.sdp).connections, ['c=IN IP4 127.0.0.1'])
  assert.deepEqual(outline(offer.sdp).attributes.filter((name) => webOnly.includes(name)), [])

  const answer = await calls.answer({ ...request({ ...answered, sdp: sdpFile('answer-plain-pcmu') }) })
  const { media, attributes } = outline(answer.sdp)
  assert.deepEqual(media, ['m=audio PORT UDP/TLS/RTP/SAVPF 111 110'])
  for (const name of ['candidate', 'fingerprint', 'ice-pwd', 'ice-ufrag', 'mid', 'rtcp-mux', 'setup']) assert.ok(attributes.includes(name), name)
  assert.ok(!attributes.includes('crypto'))
})

test('a browser that bundles is answered with BUNDLE, another is not: with max-bundle it refuses anything else', async (t) => {
  const { calls } = await startCalls(t)
  const offers = { bundled: sdpFile('chromium-audio-gathered-loopback'), plain: sdpFile('chromium-audio-gathered-loopback') }
  offers.plain = Buffer.from(offers.plain.toString().replace(/a=group:.*\r\n/, ''))
  for (const [callId, sdp] of Object.entries(offers)) {
    await calls.offer(request({ ...fromBrowser, callId, sdp }))
    const answer = await calls.answer(request({ ...answered, callId, sdp: sdpFile('answer-plain-pcmu') }))
    assert.equal(answer.sdp?.includes('a=group:BUNDLE 0\r\n'), callId === 'bundled')
  }
})

test('Firefox, whose DTMF would be lost beside opus, is answered with PCMU', async (t) => {
  const { calls } = await startCalls(t)
  const sdp = Buffer.from(sdpFile('firefox-audio-gathered').toString().replaceAll('192.0.2.10', '127.0.0.1'))
  await calls.offer(request({ ...fromBrowser, sdp }))
  const plain = sdpFile('answer-plain-pcmu').toString().replaceAll('126', '101')
  const answer = await calls.answer(request({ ...answered, sdp: Buffer.from(plain) }))
  assert.deepEqual(outline(answer.sdp).media, ['m=audio PORT UDP/TLS/RTP/SAVPF 0 101'])
})

test('video stays away from an audio phone and is rejected to the browser, in answers and in later offers', async (t) => {
  const { calls } = await startCalls(t)
  const offer = await calls.offer(request({ ...fromBrowser, sdp: sdpFile('chromium-av-gathered-loopback') }))
  assert.deepEqual(outline(offer.sdp).media, ['m=audio PORT RTP/AVP 0 8 126'])
  const answer = await calls.answer(request({ ...answered, sdp: sdpFile('answer-plain-pcmu') }))
  assert.deepEqual(outline(answer.sdp).media, ['m=audio PORT UDP/TLS/RTP/SAVPF 111 110', 'm=video 0 UDP/TLS/RTP/SAVPF 96'])

  const fromPhone = { fromTag: 'to', toTag: 'from' }
  const reOffer = await calls.offer(request({ ...fromPhone, sdp: sdpFile('answer-plain-pcmu') }))
  assert.equal(reOffer.receiver, 'browser')
  assert.equal(outline(reOffer.sdp).media.length, 2, 'as many m-lines as the browser has')
  const browserAnswer = sdpFile('chromium-audio-answer').toString().trimEnd() + '\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\n'
  const reAnswer = await calls.answer(request({ ...fromPhone, sdp: Buffer.from(browserAnswer) }))
  assert.equal(outline(reAnswer.sdp).media.length, 1, 'as many m-lines as the phone has')
})

test('a phone\'s offer reaches a browser with opus first and both clocks of telephone-event', async (t) => {
  const { calls } = await startCalls(t)
  const offer = await calls.offer(request({ source: phone, destination: browser, sdp: sdpFile('answer-plain-pcmu') }))
  assert.deepEqual(outline(offer.sdp).media, ['m=audio PORT UDP/TLS/RTP/SAVPF 96 0 97 126'])
  assert.ok(outline(offer.sdp).attributes.includes('candidate'))
})

test('a phone behind TLS is offered SDES with AES_CM_128 alone', async (t) => {
  const { calls } = await startCalls(t)
  const offer = await calls.offer(request({
    source: browser, destination: { transport: 'tls', address: '127.0.0.1' }, sdp: sdpFile('chromium-audio-gathered-loopback'),
  }))
  assert.equal(offer.receiver, 'phone-srtp')
  assert.deepEqual(outline(offer.sdp).media, ['m=audio PORT RTP/SAVP 0 8 126'])
  const suites = offer.sdp?.toString().match(/a=crypto:\d+ (\S+)/g)?.map((line) => line.split(' ')[1])
  assert.deepEqual(suites, ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'])
})

test('an offer with nothing that the other leg takes is refused, and leaves nothing behind', async (t) => {
  const { calls, emptied } = await startCalls(t)
  const refused = calls.offer(request({ source: phone, destination: browser, sdp: sdpFile('t38-reinvite') }))
  await assert.rejects(refused, { code: 'not_acceptable', message: /image.*browser takes audio, video, application/ })
  await emptied()
})

test('LF endings and bytes that are no UTF-8 pass: the endings become CRLF, the bytes stay', async (t) => {
  const { calls } = await startCalls(t)
  const sdp = Buffer.from(sdpFile('answer-plain-pcmu').toString('latin1').replaceAll('\r\n', '\n').replace('s=-', 's=caf\xe9'), 'latin1')
  const offer = await calls.offer(request({ source: phone, destination: phone, sdp }))
  assert.ok(offer.sdp?.includes(Buffer.from('s=caf\xe9\r\n', 'latin1')))
  assert.doesNotMatch(offer.sdp?.toString('latin1') ?? '', /[^\r]\n/)
})

test('an SDP without c= is refused before any node sees it', async (t) => {
  const { calls, emptied } = await startCalls(t)
  const refused = calls.offer(request({ ...fromBrowser, sdp: sdpFile('bad-no-connection-line') }))
  await assert.rejects(refused, { code: 'sdp_invalid', message: /no c= for this m-line/ })
  await emptied()
})

test('an SDP of 64 KB is refused for its size, and leaves nothing behind', async (t) => {
  const { calls, emptied } = await startCalls(t)
  const sdp = Buffer.concat([sdpFile('answer-plain-pcmu'), Buffer.from('a=x-filler:0123456789\r\n'.repeat(2900))])
  await assert.rejects(calls.offer(request({ source: phone, destination: phone, sdp })), { code: 'too_large' })
  await emptied()
})
