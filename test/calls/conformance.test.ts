import assert from 'node:assert/strict'
import test from 'node:test'
import { presets } from '../../src/policy/presets.ts'
import { policyOf } from '../policy/directory.ts'
import { browser, outline, phone, request, sdpFile, sip, startCalls } from '../support/calls.ts'

const outside = { transport: 'udp', address: '198.51.100.9', port: 5060 } as const
const changed = (name: string, ...changes: [string | RegExp, string][]) =>
  Buffer.from(changes.reduce((text, [from, to]) => text.replace(from, to), sdpFile(name).toString('latin1')), 'latin1')
const loopback = (name: string) => changed(name, [/192\.0\.2\.\d+|198\.51\.100\.\d+|203\.0\.113\.\d+|(?:10|192\.168|172\.16)\.[\d.]+/g, '127.0.0.1'])

/** What an endpoint of each kind offers. */
const offers = {
  webrtc: sdpFile('chromium-audio-gathered-loopback'),
  sip: sdpFile('answer-plain-pcmu'),
  'sip-sdes': loopback('yealink-like-sdes-offer'),
  'sip-osrtp': loopback('baresip-osrtp'),
}
const endpoints = Object.keys(presets).map((name) => `  - { profile: ${name}, match: { vars: { is: ${name} } } }\n`).join('')
const presetsOnly = `endpoints:\n${endpoints}`
const as = (name: string) => ({ transport: name.includes('webrtc') ? 'wss' : 'tls', address: '127.0.0.1', vars: { is: name } } as const)

test('what rtpengine makes of an offer has no error in it, whatever the presets of the legs', async (t) => {
  const { calls, findings } = await startCalls(t, { policy: await policyOf(t, presetsOnly) })
  for (const [from, sdp] of Object.entries(offers)) {
    // IPv6 needs an interface that this rtpengine has not: then ANY-12 must say so.
    for (const to of Object.keys(presets)) {
      findings.length = 0
      const callId = `${from} to ${to}`
      const offer = await calls.offer(request({ callId, source: as(from), destination: as(to), sdp }))
      assert.deepEqual([offer.sender, offer.receiver], [from, to])
      const errors = findings.filter(({ finding, action }) => finding.severity === 'error' && action !== 'repair')
      assert.deepEqual(errors.map(({ finding }) => finding.id), to === 'ipv6-only' ? ['ANY-12'] : [], callId)
      await calls.deleteCall(request({ callId }))
    }
  }
})

test('a browser and a phone: leaks are repaired and counted, nothing else is found', async (t) => {
  const { calls, findings, store } = await startCalls(t)
  const offer = await calls.offer(request({ source: browser, destination: phone, sdp: sdpFile('chromium-audio-gathered-loopback') }))
  const answer = await calls.answer(request({ fromTag: 'from', toTag: 'to', sdp: sdpFile('answer-plain-pcmu') }))
  assert.ok(findings.some(({ finding, action }) => finding.id === 'SIP-07' && action === 'repair'))
  assert.deepEqual(findings.filter(({ action }) => action !== 'repair').map(({ finding }) => finding.id), [])
  assert.deepEqual([offer.findings, answer.findings], [undefined, undefined])
  assert.deepEqual((await store.find('call-1'))?.timeline.map(({ event }) => event), ['offer', 'answer'])
})

test('what is found is in the outcome and, as ids alone, in the timeline', async (t) => {
  const { calls, findings, store } = await startCalls(t)
  const offer = await calls.offer(request({ source: browser, destination: outside, sdp: sdpFile('chromium-audio-gathered-loopback') }))
  assert.deepEqual(offer.findings, ['ANY-09'])
  const found = findings.find(({ finding }) => finding.id === 'ANY-09')
  assert.deepEqual([found?.direction, found?.profile, found?.action, found?.finding.severity], ['out', 'phone', 'observe', 'error'])
  assert.deepEqual(found?.finding.evidence, [{ line: 4, field: 'c=', value: 'IN IP4 127.0.0.1' }])
  const entry = (await store.find('call-1'))?.timeline.at(-1)
  assert.deepEqual([entry?.event, entry?.detail], ['findings', 'ANY-09'])
})

test('what has gone through is handed on with what was found in it as it came, and as it went on', async (t) => {
  const { calls, latest } = await startCalls(t)
  const sdp = changed('answer-plain-pcmu', ['a=rtpmap:0 ', 'a=rtpmap:99 iLBC/8000\r\na=rtpmap:0 '])
  await calls.offer(request({ source: phone, destination: outside, sdp }))
  const ids = (found: readonly { id: string }[] = []) => found.map(({ id }) => id)
  assert.deepEqual([ids(latest()?.findingsIn), ids(latest()?.findings)], [['ANY-07'], ['ANY-09']])
})

test('an answer is held against its offer, and against the other leg', async (t) => {
  const { calls } = await startCalls(t)
  await calls.offer(request({ source: phone, destination: phone, sdp: changed('answer-plain-pcmu', ['a=sendrecv', 'a=sendonly']) }))
  const answer = await calls.answer(request({ fromTag: 'from', toTag: 'to', sdp: changed('answer-plain-pcmu', [/(a=rtpmap:0)/, 'a=ptime:30\r\n$1']) }))
  assert.ok(answer.findings?.includes('OA-01'), answer.findings?.join())
})

test('a re-offer is held against the SDP before it', async (t) => {
  const { calls } = await startCalls(t)
  const sdp = sdpFile('chromium-audio-gathered-loopback')
  await calls.offer(request({ source: browser, destination: phone, sdp }))
  await calls.answer(request({ fromTag: 'from', toTag: 'to', sdp: sdpFile('answer-plain-pcmu') }))
  const anew = changed('chromium-audio-gathered-loopback', [/(a=fingerprint:sha-256 )../, '$100'], [/^(o=- \d+) 2 /m, '$1 3 '])
  const again = await calls.offer(request({ source: browser, destination: phone, toTag: 'to', sdp: anew }))
  assert.deepEqual(again.findings, ['DTLS-05'])
})

const rejecting = (rule: string) => `${presetsOnly}conformance: { ${rule}: reject }\n`

test('a policy can reject what came in, before a node hears of it', async (t) => {
  const policy = await policyOf(t, rejecting('SDES-07'))
  const { calls, left } = await startCalls(t, { policy })
  const sdp = changed('baresip-sdes', [/inline:\S+/, 'inline:c2hvcnQ='])
  await assert.rejects(calls.offer(request({ source: as('sip-sdes'), destination: phone, sdp, sip: sip('INVITE') })), {
    code: 'not_acceptable', sip: '488 Not Acceptable: SDES-07', message: /^SDES-07: an SRTP key of the wrong length; profile sip-sdes rejects it/,
  })
  assert.deepEqual(await left(), { onNode: [], inStore: 0 })
})

test('a policy can reject what would go out, and the call leaves nothing behind', async (t) => {
  const policy = await policyOf(t, rejecting('ANY-09'))
  const { calls, emptied } = await startCalls(t, { policy })
  await assert.rejects(calls.offer(request({ source: browser, destination: outside, sdp: sdpFile('chromium-audio-gathered-loopback') })), {
    code: 'not_acceptable', sip: '488 Not Acceptable: ANY-09',
  })
  await emptied()
})

test('a policy can keep what is repaired by default', async (t) => {
  const text = `${presetsOnly}conformance: { SIP-07: observe }\n`
  const { calls } = await startCalls(t, { policy: await policyOf(t, text) })
  const offer = await calls.offer(request({ source: browser, destination: phone, sdp: sdpFile('chromium-audio-gathered-loopback') }))
  assert.ok(outline(offer.sdp).attributes.includes('msid'))
  assert.ok(!outline(offer.sdp).attributes.includes('extmap'))
  assert.deepEqual(offer.findings, ['SIP-07'])
})
