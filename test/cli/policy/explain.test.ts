import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { DecisionExplanation } from '../../../src/policy/explanation.ts'
import { policyDirectory } from '../../policy/directory.ts'
import { sdpFile } from '../../support/calls.ts'
import { runPolicy } from './run.ts'

const policy = `version: 1
profiles: { browser: { extends: webrtc, codecs: [opus, PCMU] }, phone: { extends: sip } }
endpoints: [{ profile: browser, match: { transport: wss } }, { profile: phone }]
rules:
  - { name: premium, match: { to: { user: { prefix: "1900" } } }, set: { record-call: true } }
  - { name: acme, match: { vars: { trunk: acme }, header: { X-Trunk: a } }, set: { tos: 8 } }
`
const invite = `INVITE sip:1900@example.com SIP/2.0\r
Via: SIP/2.0/WSS 203.0.113.9;branch=z9hG4bK1\r
From: <sip:alice:secret@example.com>;tag=a\r
To: <sip:1900@example.com>\r
Call-ID: call-9\r
CSeq: 1 INVITE\r
X-Trunk: b\r
Content-Type: application/sdp\r
\r
${sdpFile('chromium-audio-gathered-loopback').toString()}`

test('explains a SIP message: facts, endpoints, rules, and the line of each NG key, also of the answer to come', async (t) => {
  const directory = await policyDirectory(t, { 'a.yaml': policy, 'invite.txt': invite })
  const hop = ['--source', 'sip:203.0.113.9:4000;transport=wss', '--destination', 'sip:192.0.2.1']
  const { out, code } = await runPolicy(['explain', join(directory, 'invite.txt'), directory, ...hop])
  assert.equal(code, 0)
  const told = out.replaceAll(`${directory}/`, '')
  for (const line of [
    /^offer, call call-9, policy [0-9a-f]{12}$/m,
    /^ {2}sender +wss, 203\.0\.113\.9, 4000, sip:203/m,
    /^ {2}From +sip:alice:\[masked\]@example\.com$/m,
    /^ {2}x-trunk +b$/m,
    /^ {2}sdp +audio, UDP\/TLS\/RTP\/SAVPF, IP4, 127\.0\.0\.1, ICE, DTLS, private address$/m,
    /^Receiver, the callee: phone \(extends sip; the first endpoint that matches; takes audio image: PCMU PCMA telephone-event\)\n {2}no +browser +a\.yaml:3:13 +transport is udp, not wss\n {2}yes +phone +a\.yaml:3:62 +has no match/m,
    /^ {2}yes +premium +a\.yaml:5:5 +to\.user: prefix 1900$/m,
    /^ {2}no +acme +a\.yaml:6:5 +vars\.trunk is not known, not acme; header\.X-Trunk is b, not a$/m,
    /^ {2}record-call +yes +rule premium +a\.yaml:5:87$/m,
    /^ {2}transport-protocol +RTP\/AVP +preset sip: protocol \(receiver phone\)$/m,
    /^answer, call call-9[^]*What rtpengine is asked with the answer\n {2}ICE +force +preset webrtc: ice \(receiver browser\)$/m,
  ]) assert.match(told, line)
  const json = JSON.parse((await runPolicy(['explain', join(directory, 'invite.txt'), directory, ...hop, '--format', 'json'])).out) as DecisionExplanation[]
  assert.deepEqual(json.map(({ facts, flags }) => [facts.command, flags['ICE'], flags['record-call']]), [['offer', 'remove', 'yes'], ['answer', 'force', 'yes']])
})

test('explains facts, and of several tests the one that is asked for', async (t) => {
  const directory = await policyDirectory(t, {
    'a.yaml': policy,
    'facts.txt': 'sender: { transport: udp }\nreceiver: { transport: wss }\n',
    'a.test.yaml': 'version: 1\ntests:\n  - { name: one, facts: {}, expect: { receiver: phone } }\n  - { name: two, facts: { vars: { trunk: acme } }, expect: { receiver: phone } }\n',
  })
  assert.match((await runPolicy(['explain', join(directory, 'facts.txt'), directory])).out, /Receiver, the callee: browser \(extends webrtc/)
  const { out } = await runPolicy(['explain', join(directory, 'a.test.yaml'), directory, '--only', 'two'])
  assert.match(out, /^offer, call call-1, decision two, /)
  assert.doesNotMatch(out, /decision one/)
})

test('of a call that is refused the heading says so, with the reply and the line that says it', async (t) => {
  const directory = await policyDirectory(t, {
    'a.yaml': `${policy}  - name: abroad\n    match: { to: { user: { prefix: "00" } } }\n    reject: { code: 603, reason: Not Abroad }\n`,
    'facts.txt': 'sender: { transport: wss }\nsip: { to: "sip:0044@example.com" }\n',
  })
  const { out } = await runPolicy(['explain', join(directory, 'facts.txt'), directory])
  assert.match(out, /^offer, call call-1, policy [0-9a-f]{12}: refused with 603 Not Abroad\n/)
  assert.match(out.replaceAll(`${directory}/`, ''), /\nWhat the offer is refused with; rtpengine is not asked\n {2}reject +603 Not Abroad +rule abroad +a\.yaml:9:13\n/)
})

test('says what is wrong with what is to be explained', async (t) => {
  const directory = await policyDirectory(t, { 'a.yaml': policy, 'bad.txt': 'sender: { trnsport: udp }\n', 'sip.txt': 'INVITE sip:x SIP/2.0\r\n\r\n', 'kamailio.cfg': '#!KAMAILIO\n', 'empty.txt': '' })
  const cases: [string[], RegExp][] = [
    [[], /explain takes one file or call-id/],
    [[join(directory, 'bad.txt'), directory], /bad\.txt:1:11: sender\.trnsport: unknown key; did you mean "transport"\?/],
    [[join(directory, 'sip.txt'), directory], /sip\.txt: From: the header is missing/],
    [['no-such', '--url', 'http://127.0.0.1:1'], /there is no file "no-such", and as a call-id: ngpilot does not answer/],
    [[join(directory, 'a.yaml'), directory, '--only', 'x'], /a\.yaml:1:1: version: unknown key/],
    [[join(directory, 'kamailio.cfg'), directory], /kamailio\.cfg is a configuration of Kamailio; "ngpilot policy import" reads the flags in it; this takes a SIP message, facts/],
    [[join(directory, 'empty.txt'), directory], /empty\.txt is empty; this takes a SIP message, facts in the words that tests have, tests, or a record of decisions\n$/],
  ]
  for (const [args, message] of cases) {
    const { errors, code } = await runPolicy(['explain', ...args])
    assert.match(errors, message)
    assert.equal(code, 2)
  }
})

for (const columns of [80, 120]) {
  test(`no line is wider than a terminal of ${columns} columns, and none says less`, async (t) => {
    const rules = `${policy}  - { name: a-rule-with-quite-a-long-name-of-its-own, match: { header: { X-Trunk: { regex: ["^carrier-a+$", "^carrier-b+$", "^carrier-c+$"] } } } }\n`
    const directory = await policyDirectory(t, { '10-of-the-operator.yaml': rules, 'invite.txt': invite })
    const args = ['explain', join(directory, 'invite.txt'), directory, '--source', 'sip:203.0.113.9:4000;transport=wss', '--destination', 'sip:192.0.2.1']
    const [narrow, wide] = [await runPolicy(args, { columns }), await runPolicy(args)]
    const long = narrow.out.split('\n').filter((line) => line.length > columns && /\S\s+\S/.test(line.trim()))
    assert.deepEqual(long, [])
    const words = (text: string) => text.split(/\s+/).filter((word) => !/^\d{4}-/.test(word)).sort()
    assert.deepEqual(words(narrow.out), words(wide.out))
  })
}
