import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { policyDirectory } from '../../policy/directory.ts'
import { runPolicy } from './run.ts'

test('shows each problem with its place, its line and a caret', async (t) => {
  const directory = await policyDirectory(t, { 'a.yaml': 'version: 1\nprofiles:\n  a: { extends: sipp }\n', 'b.yaml': 'version: 1\nprofile: {}\n' })
  const { out, code } = await runPolicy(['check', directory])
  assert.equal(out, [
    `${directory}/a.yaml:3:17: error: profiles.a.extends: there is no preset or profile "sipp"; did you mean "sip"?`,
    '  3 |   a: { extends: sipp }',
    '                      ^',
    '',
    `${directory}/b.yaml:2:1: error: profile: unknown key; did you mean "profiles"?`,
    '  2 | profile: {}',
    '      ^',
    '',
    '2 errors, 0 warnings (for rtpengine 10.5 and newer)', '',
  ].join('\n'))
  assert.equal(code, 1)
})

test('an endpoint that keeps the policy from loading hides nothing of what else is wrong with it', async (t) => {
  const directory = await policyDirectory(t, {
    'a.yaml': 'version: 1\nprofiles: { a: { extends: sip } }\nendpoints:\n  - { profile: sip }\n  - { profile: sip-sdes }\nrules: [{ name: r, offer-flags: transcode-AMR }]\n',
  })
  const { findings } = JSON.parse((await runPolicy(['check', directory, '--format', 'json'])).out) as { findings: { line: number, code?: string, message: string }[] }
  assert.deepEqual(findings.map(({ line, code, message }) => `${line} ${code ?? ''} ${message.split(/[;:] /)[0] ?? ''}`), [
    '2 PO-03 profile a is used by no endpoint and no other profile', '5  endpoints[1]', '6 NG-05 rtpengine as Debian builds it only decodes AMR',
  ])
})

test('the policy that ships has no problem, and its tests pass', async () => {
  const checked = await runPolicy(['check', 'policy', '--strict'])
  assert.match(checked.out, /^revision [0-9a-f]{12}: .*; no problems \(for rtpengine 10\.5 and newer\)\n$/)
  assert.equal(checked.code, 0)
  const tested = await runPolicy(['test', 'policy'])
  assert.match(tested.out, /(\d+) of \1 tests pass/)
  assert.equal(tested.code, 0)
})

const policy = `version: 1
profiles: { browser: { extends: webrtc }, phone: { extends: sip } }
endpoints: [{ profile: browser, match: { transport: wss } }, { profile: phone }]
rules: [{ name: barred, match: { callee: phone, to: { user: { prefix: "1900" } } }, reject: { code: 403, reason: Barred } }]
`

test('a failed test says what was expected and what was found', async (t) => {
  const directory = await policyDirectory(t, {
    'a.yaml': policy,
    'a.test.yaml': `version: 1
tests:
  - { name: good, facts: { sender: { transport: wss } }, expect: { sender: browser, receiver: phone, without: [SDES] } }
  - { name: barred, facts: { sip: { to: "sip:1900123@example.com" } }, expect: { reject: 403, rules: [barred] } }
  - name: bad
    facts: { sender: { transport: wss }, sip: { to: "sip:1900123@example.com" } }
    expect: { receiver: browser, flags: { ICE: force, replace: [username] }, without: [DTLS] }
`,
  })
  assert.match((await runPolicy(['check', directory])).out, /\nrevision [0-9a-f]{12}: 2 profiles, 2 endpoints, 1 rule, 3 tests; 1 error, 0 warnings/)
  const { out, code } = await runPolicy(['test', directory])
  assert.match(out, /^ok {4}good\nok {4}barred\nfails bad {2}.*a\.test\.yaml:5\n/)
  assert.match(out, / {8}reject: expected false, found 403\n/)
  assert.match(out, / {8}receiver: expected browser, found phone\n/)
  assert.match(out, /\n2 of 3 tests pass/)
  assert.equal(code, 1)
  const json = JSON.parse((await runPolicy(['test', directory, '--format', 'json'])).out) as { passed: number, failed: number, tests: { isPassed: boolean }[] }
  assert.deepEqual([json.passed, json.failed, json.tests.map(({ isPassed }) => isPassed)], [2, 1, [true, true, false]])
  assert.match((await runPolicy(['check', directory])).out, /a\.test\.yaml:5:5: error: test "bad" fails: reject: expected false, found 403/)
})

test('a misspelt test is a problem of the policy', async (t) => {
  const directory = await policyDirectory(t, { 'a.yaml': policy, 'a.test.yaml': 'version: 1\ntests: [{ name: x, facts: {}, expect: { reciever: phone } }]\n' })
  assert.match((await runPolicy(['check', directory])).out, /a\.test\.yaml:2:\d+: error: tests\[0\]\.expect\.reciever: unknown key; did you mean "receiver"\?/)
  assert.match((await runPolicy(['test', directory])).errors, /is no policy/)
})

test('words in the tables of tests that nothing has are told, with the nearest', async (t) => {
  const directory = await policyDirectory(t, {
    'a.yaml': policy,
    'a.test.yaml': `version: 1
tests:
  - name: a
    facts: { sender: { transport: wsss }, receiver: { profile: phne }, sip: { method: INVIT } }
    expect: { sender: browzer, rules: [barrd], without: [ICEE], nodes: x, flags: { transport-protcol: RTP/AVP, codec: {} } }
  - { name: b, facts: { sdp: { codec: [opus], hasICE: true } }, expect: { sender: phone } }
`,
  })
  const out = JSON.parse((await runPolicy(['check', directory, '--format', 'json'])).out) as { findings: { line: number, column: number, message: string }[] }
  assert.deepEqual(out.findings.filter(({ line }) => line < 6).map(({ column, message }) => `${column} ${message.replace(/.*: there/, 'there')}`), [
    '35 there is no transport "wsss"; did you mean "wss"?', '64 there is no preset or profile "phne"; did you mean "phone"?',
    '87 there is no SIP method with SDP "INVIT"; did you mean "INVITE"?',
    '23 there is no preset or profile "browzer"; did you mean "browser"?', '40 there is no rule "barrd"; did you mean "barred"?',
    '58 there is no NG key "ICEE"; did you mean "ICE"?', '72 there is no set of nodes "x"; known: default',
    '84 there is no NG key "transport-protcol"; did you mean "transport-protocol"?',
  ])
  assert.match(JSON.stringify(out.findings.filter(({ line }) => line === 6)), /codec: unknown key; did you mean \\"codecs\\"\?.*hasICE: unknown key; did you mean \\"hasIce\\"/)
})

test('--versions says which words old nodes ignore', async (t) => {
  const directory = await policyDirectory(t, { 'a.yaml': `${policy}  \nsets: [x]\n`.replace('{ extends: sip }', '{ extends: sip, ng: { flags: [static-codecs] } }') })
  assert.match((await runPolicy(['check', directory, '--versions', '10.5,12.5'])).out, /error NG-02: rtpengine 10\.5 does not know "static-codecs"/)
  assert.equal((await runPolicy(['check', directory, '--versions', '12.5,26.0'])).code, 0)
})

test('asks a running ngpilot for the sets that its nodes are in, and names a rule for another', async (t) => {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ nodes: [{ id: 'n1', version: '12.5', sets: ['default', 'recorder'] }] }))
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  const directory = await policyDirectory(t, { 'a.yaml': `version: 1\nsets: [recorders]\nrules:\n  - name: record\n    set: { nodes: recorders }\n` })
  const args = ['check', directory, '--url', `http://127.0.0.1:${(server.address() as AddressInfo).port}`]
  const { out, code } = await runPolicy(args)
  assert.equal(out.split('\n')[0], `${directory}/a.yaml:5:19: error PO-05: rule record sends calls to the set "recorders", in which there is no rtpengine; there are default, recorder`)
  assert.match(out, /what would be right: recorder, or a node with sets: \[recorders\] in rtpengine\.nodes\n/)
  assert.equal(code, 1)
  assert.doesNotMatch((await runPolicy(['check', directory])).out, /PO-05/)
})
