import assert from 'node:assert/strict'
import test from 'node:test'
import { explainCall, explainText } from '../../src/cli/explain.ts'
import { styleFor } from '../../src/cli/style.ts'
import type { CallExplanation } from '../../src/diagnosis/explanation.ts'

const begin = Date.UTC(2026, 10, 27, 10)
const browser = { tag: 'a', profile: 'browser' }
const phone = { tag: 'b', profile: 'phone' }
const call: CallExplanation = {
  callId: 'call-1@example.com', state: 'ended', node: 'n1', revision: '8c823b31bdd0',
  startedAt: begin, answeredAt: begin + 2000, endedAt: begin + 62_000,
  legs: [{ role: 'caller', ...browser, agreedCodec: 'opus' }, { role: 'callee', ...phone, agreedCodec: 'PCMU' }],
  decision: {
    caller: { name: 'browser', why: 'transport: [ws, wss]', place: 'policy/90-ngpilot.yaml:27:5' },
    callee: { name: 'phone', why: 'no endpoint matches' },
    rules: [{ name: 'record-acme', why: 'callee: phone', place: 'policy/10-acme.yaml:3:5' }],
    asked: 'transport-protocol: RTP/AVP; DTLS: off; rtcp-mux: [demux]; ICE: remove; codec: { consume: [opus], strip: [red, G722, CN] }',
  },
  findings: [{
    id: 'DX-17', severity: 'error', confidence: 'high', title: 'the browser\'s audio stopped', leg: 'caller (browser)',
    why: 'The call was healthy, then nothing more came, for one of several reasons that take more than one line to tell.',
    fix: 'Look at the track.', detail: 'it stopped 12 s after the call began', evidence: [{ field: 'caller.packets', value: '227' }],
    firstAt: begin + 27_400, lastAt: begin + 60_000,
  }],
  timeline: [
    { at: begin, event: 'offer', detail: 'browser → phone, in INVITE' }, { at: begin + 2000, event: 'answer', detail: 'phone → browser, in 200 INVITE' },
    { at: begin + 62_000, event: 'end' },
  ],
  media: [
    { role: 'caller', profile: 'browser', codec: 'opus/48000/2', received: { packets: 227, bytes: 1, errors: 5 }, notAvailable: { heard: 'it sent no report' } },
    { role: 'callee', profile: 'phone', heard: { mos: 4.38, lossPercent: 0.5, jitterMs: 2, roundTripMs: 20.4, samples: 3, sustained: { mos: 4.3, lossPercent: 0, jitterMs: 2, roundTripMs: 20 } }, notAvailable: {} },
  ],
  exchanges: [{
    at: begin, command: 'offer', sip: 'INVITE', from: browser, to: phone, isEncrypted: true, wantsTranscoding: false, findings: [], repaired: ['SIP-07', 'SIP-10'],
    sdpIn: 'v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n', sdpOut: 'v=0\r\nm=audio 30000 RTP/AVP 0\r\n',
  }],
}

const plain = styleFor(false, {})

test('findings stand on top, then legs with the reason of their profile, timeline, media, and the SDP that changed', () => {
  const text = explainText(call, { width: 80, style: plain })
  assert.deepEqual(text.split('\n').filter((line) => line.length > 80), [])
  assert.match(text, /^call-1@example\.com {2}ended, 1 min 0 s after the answer\n/)
  const headings = ['error DX-17', 'Legs', 'Timeline', 'Media', 'SDP'].map((heading) => text.indexOf(`\n${heading}`))
  assert.deepEqual(headings, headings.toSorted((one, other) => one - other))
  assert.ok(headings.every((at) => at > 0))
  assert.match(text, /\n {4}caller \(browser\), 25 s after the answer, confidence high\n/)
  assert.match(text, /\n {2}caller: browser \(policy\/90-ngpilot\.yaml:27:5: transport: \[ws, wss\]\)\n {2}callee: phone \(no endpoint matches\)\n {2}rule: {3}record-acme/)
  assert.match(text, /\n {2}packets from it +227, and 5 errors +-\n[\s\S]*\n {2}it hears: MOS +- +4\.4\n[\s\S]*\n {2}caller: heard not available because it sent no report\n/)
  assert.match(text, /offer in INVITE, 0\.000 s: browser → phone\n {4}mended by ngpilot: SIP-07, SIP-10\n {4}v=0\n {2}- m=audio 9 UDP[^\n]*\n {2}\+ m=audio 30000 RTP\/AVP 0$/)
})

test('what is wrong with an SDP stands on top with what mends it, once, and at the SDP by name', () => {
  const broken = (id: string, severity: 'error' | 'warning' | 'note') => ({
    id, severity, confidence: 'high' as const, leg: 'phone', title: `what ${id} is`, why: `Why ${id}.`,
    fix: `How to mend ${id}.`, evidence: [],
  })
  const [offer] = call.exchanges.map((exchange) => ({
    ...exchange, findingsIn: [broken('ANY-07', 'warning')], findings: [broken('ANY-09', 'error'), broken('SIP-12', 'note')],
  }))
  assert.ok(offer)
  const exchanges = [offer, { ...offer, at: begin + 9000 }]
  const text = explainText({ ...call, findings: [], exchanges }, { width: 80, style: plain })
  const [top = '', sdps = ''] = text.split('\nLegs\n')
  assert.match(top, /\n\nerror ANY-09 {2}what ANY-09 is\n {4}offer in INVITE, 0\.000 s, as it went on to phone\n {4}why: Why ANY-09\.\n {4}mend: How to mend ANY-09\.\n\nwarning ANY-07 {2}what ANY-07 is\n {4}offer in INVITE, 0\.000 s, as it came from browser\n/)
  assert.doesNotMatch(top, /SIP-12|Nothing found|9\.000 s/)
  assert.match(sdps, /phone\n {4}as it came: warning ANY-07 {2}what ANY-07 is\n {4}error ANY-09 {2}what ANY-09 is\n {4}note SIP-12 /)
})

test('of an SDP what has changed is shown, many lines of one kind as a count', () => {
  const same = ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 't=0 0', 'a=group:BUNDLE 0'].join('\r\n')
  const candidates = Array.from({ length: 5 }, (_, index) => `a=candidate:${index} 1 udp 1 192.0.2.1 900${index} typ host`)
  const sdpIn = [same, 'm=audio 9 UDP/TLS/RTP/SAVPF 111', ...candidates, 'a=mid:0', ''].join('\r\n')
  const exchanges = call.exchanges.map((exchange) => ({ ...exchange, repaired: [], sdpIn, sdpOut: `${same}\r\nm=audio 30000 RTP/AVP 0\r\n` }))
  assert.equal(explainText({ ...call, exchanges }, { width: 80, style: plain }).split('phone\n').at(-1), [
    '    … 5 lines as they came',
    '  - m=audio 9 UDP/TLS/RTP/SAVPF 111',
    '  - a=candidate:0 1 udp 1 192.0.2.1 9000 typ host', '  - a=candidate:1 1 udp 1 192.0.2.1 9001 typ host',
    '  - … 3 more a=candidate', '  - a=mid:0', '  + m=audio 30000 RTP/AVP 0',
  ].join('\n'))
})

test('colours only where they are wanted, and JSON as it came', async () => {
  const coloured = explainText(call, { width: 80, style: styleFor(true, {}) })
  assert.match(coloured, /\x1b\[31m {2}- m=audio 9/)
  assert.equal(coloured.replaceAll(/\x1b\[\d+m/g, ''), explainText(call, { width: 80, style: styleFor(true, { NO_COLOR: '1' }) }))
  const printed: string[] = []
  const api = { explain: () => Promise.resolve(call) }
  await explainCall(api, call.callId, { json: true, width: 80, style: plain }, (line) => printed.push(line))
  assert.deepEqual(JSON.parse(printed.join('')), call)
})
