import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Release } from '../../src/ng/release.ts'
import { checks } from '../../src/policy/checks.ts'
import { importFlags } from '../../src/policy/import.ts'
import { lintPolicy } from '../../src/policy/lint.ts'
import { lintSets } from '../../src/policy/lint-sets.ts'
import { checkPolicy } from '../../src/policy/load.ts'
import { policyDirectory } from './directory.ts'

async function findings (t: TestContext, text: string, oldest: Release = '10.5'): Promise<string[]> {
  const directory = await policyDirectory(t, { 'a.yaml': `version: 1\n${text}\n` })
  const { policy, sources, problems } = await checkPolicy(directory)
  assert.ok(policy, JSON.stringify(problems))
  return lintPolicy(policy, sources, oldest).map(({ line, column, code, severity, message }) => `${line}:${column} ${severity} ${code}: ${message.replaceAll(`${directory}/`, '')}`)
}

const web = '{ profile: webrtc, match: { transport: wss } }'

/** A check, the lines after `version: 1` that break it, and what is said of them. */
const broken: [about: string, text: string, ...findings: string[]][] = [
  ['a browser and a phone', `endpoints: [${web}, { profile: sip }]`],
  ['NG-02, a flag that old nodes ignore', `profiles: { a: { extends: sip, ng: { flags: [static-codecs] } } }\nendpoints: [${web}, { profile: a }]`,
    '2:45 error NG-02: rtpengine 10.5 does not know "static-codecs" and ignores it; it came with 12.2'],
  ['NG-02 in a rule', `endpoints: [${web}, { profile: sip }]\nrules: [{ name: r, set: { ng: { template: x } } }]`,
    '3:43 error NG-02: rtpengine 10.5 does not know "template" and ignores it; it came with 13.1'],
  ['NG-03, a flags string for both directions', `endpoints: [${web}, { profile: sip }]\nrules: [{ name: r, match: { callee: sip }, answer-flags: "ICE=remove" }]`,
    '3:58 error NG-03: takes ICE off the answer that goes to a browser, which then refuses it'],
  ['NG-05, a codec that is only decoded', `endpoints: [${web}, { profile: sip }]\nrules: [{ name: r, match: { callee: sip }, offer-flags: "transcode-AMR" }]`,
    '3:57 error NG-05: rtpengine as Debian builds it only decodes AMR: the codec is dropped without an error'],
  ['NG-06, opus masked only', `endpoints: [${web}, { profile: sip }]\nrules: [{ name: r, match: { callee: sip }, offer-flags: "codec-mask-opus transcode-PCMU" }]`,
    '3:57 warning NG-06: a browser offers PCMU and PCMA itself, so that with opus only masked it is answered with them and nothing is transcoded'],
  ['NG-10, codecs for one message only', `endpoints: [${web}, { profile: sip }]\nrules: [{ name: r, match: { receiver: sip }, offer-flags: "codec-strip-opus" }]`,
    '3:59 warning NG-10: rule r changes codecs where receiver matches: a re-INVITE from the other side gets none of it, and the codec falls back'],
  ['NG-13, words that exclude each other', `profiles: { a: { extends: sip, ng: { flags: [port-latching, no-port-latching] } } }\nendpoints: [${web}, { profile: a }]`,
    '2:45 error NG-13: "port-latching" and "no-port-latching" contradict each other'],
  ['NG-14, a browser without ICE', `endpoints: [${web}, { profile: sip }]\nrules: [{ name: r, match: { receiver: webrtc }, offer-flags: "ICE=remove" }]`,
    '3:62 error NG-14: a browser is offered SDP without ICE of rtpengine\'s own'],
  ['PO-01, a narrower endpoint after a wider one', `endpoints:\n  - { profile: webrtc, match: { transport: [ws, wss] } }\n  - { profile: sip-sdes, match: { transport: wss, address: 192.0.2.1 } }\n  - { profile: sip }`,
    '4:5 error PO-01: never matches: all that it takes, the endpoint at a.yaml:3:5 has taken'],
  ['PO-01, an address inside an earlier block', 'endpoints:\n  - { profile: webrtc, match: { address: 192.0.2.0/24 } }\n  - { profile: sip, match: { address: [192.0.2.7, 192.0.2.128/25] } }',
    '4:5 error PO-01: never matches: all that it takes, the endpoint at a.yaml:3:5 has taken'],
  ['PO-02, a rule on a profile of nobody', `endpoints: [${web}, { profile: sip }]\nrules: [{ name: r, match: { callee: sip-sdes }, set: { nodes: a } }]\nsets: [a]`,
    '3:9 warning PO-02: rule r never applies: no endpoint gives a leg the profile that it wants (callee: sip-sdes)'],
  ['PO-02, a rule after one that refuses all', `endpoints: [${web}]\nrules:\n  - { name: no, reject: { code: 403, reason: No } }\n  - { name: r, set: { nodes: a } }\nsets: [a]`,
    '5:5 warning PO-02: rule r never applies: rule no at a.yaml:4:5 has refused all that it takes'],
  ['PO-02, a rule on a profile of nobody, and an address', `endpoints: [${web}, { profile: sip }]\nrules: [{ name: r, match: { callee: { profile: sip-sdes, address: 192.0.2.1 } }, set: { nodes: a } }]\nsets: [a]`,
    '3:9 warning PO-02: rule r never applies: no endpoint gives a leg the profile that it wants (callee: sip-sdes)'],
  ['nothing, a rule on an address of a party', `endpoints: [${web}, { profile: sip }]\nrules: [{ name: r, match: { callee: { address: 192.0.2.1 } }, set: { nodes: a } }]\nsets: [a]`],
  ['NG-14, flags for a callee of whom the address is said, whose own offers get them too', `endpoints: [${web}, { profile: sip }]\nrules: [{ name: r, match: { callee: { address: 192.0.2.1 } }, offer-flags: RTP/AVP ICE=remove rtcp-mux-demux }]`,
    '3:76 error NG-14: a browser is offered a protocol without DTLS', '3:76 error NG-14: a browser is offered SDP without ICE of rtpengine\'s own',
    '3:76 error NG-13: "demux" and "require" contradict each other'],
  ['nothing, the same for what goes there', `endpoints: [${web}, { profile: sip }]\nrules: [{ name: r, match: { receiver: { address: 192.0.2.1 } }, offer-flags: RTP/AVP ICE=remove rtcp-mux-demux }]`],
  ['NG-02 and NG-15, words of a flags string', `endpoints: [${web}, { profile: sip }]\nrules: [{ name: r, match: { receiver: sip }, offer-flags: "RTP/AVP ICE=removee replace-orign loop-protekt replace-origin=x" }]`,
    '3:68 error NG-02: "ICE=removee": unknown word "removee"; did you mean "remove"?',
    '3:80 error NG-02: "replace-orign": unknown word "orign"; did you mean "origin"?',
    '3:94 error NG-02: "loop-protekt": unknown word "loop-protekt"; did you mean "loop-protect"?',
    '3:107 warning NG-15: "replace-origin=x": "=x" is dropped: what follows "replace-" is the item'],
  ['NG-10, codecs of a leg for one message only', `endpoints: [${web}, { profile: sip }]\nrules: [{ name: r, match: { callee: sip, when: \'"opus" in sdp.codecs\' }, set: { callee: { codecs: [PCMU] } } }]`,
    '3:99 warning NG-10: rule r changes codecs where when matches: a re-INVITE from the other side gets none of it, and the codec falls back'],
  ['NG-05, each codec where it stands', `profiles: { a: { extends: sip, ng: { codec: { transcode: [AMR] } } } }\nendpoints: [${web}, { profile: a }]\nrules: [{ name: r, match: { callee: a }, set: { ng: { codec: { transcode: [iLBC] } } } }]`,
    '2:45 error NG-05: rtpengine as Debian builds it only decodes AMR: the codec is dropped without an error',
    '4:62 error NG-05: rtpengine as Debian builds it only decodes iLBC: the codec is dropped without an error'],
  ['PO-01, what is said of SDP and texts', `endpoints:\n  - { profile: sip, match: { sdp: { ice: true } } }\n  - { profile: webrtc, match: { sdp: { ice: true, dtls: true } } }\n  - { profile: sip, match: { from: { user: { prefix: "1" } } } }\n  - { profile: sip, match: { from: { user: { prefix: "12" } } } }\n  - { profile: sip, match: { from: { user: ["123", "14"] } } }\n  - { profile: sip, match: { user-agent: { prefix: Free } } }\n  - { profile: sip, match: { user-agent: FreeSWITCH } }\n  - { profile: sip, match: { user-agent: [FreeSWITCH, Asterisk] } }`,
    ...[[4, 3], [6, 5], [7, 5], [9, 8]].map(([line, before]) => `${line}:5 error PO-01: never matches: all that it takes, the endpoint at a.yaml:${before}:5 has taken`)],
  ['PO-01 and PO-02, a time that never comes', `endpoints: [${web}, { profile: sip, match: { time: { since: 2026-12-24, until: 2026-12-01 } } }]\nrules: [{ name: r, match: { time: { since: 2026-12-24, until: 2026-12-24 } }, set: { tos: 1 } }]`,
    '2:61 error PO-01: never matches: its time ends before it begins', '3:9 warning PO-02: rule r never applies: its time ends before it begins'],
  ['PO-02, a rule after one that refuses all who extend a profile', `profiles: { a: { extends: sip } }\nendpoints: [${web}, { profile: a }]\nrules:\n  - { name: no, match: { callee: [sip, webrtc] }, reject: { code: 403, reason: No } }\n  - { name: r, match: { callee: { profile: a, address: 192.0.2.1 } }, set: { tos: 1 } }`,
    '6:5 warning PO-02: rule r never applies: rule no at a.yaml:5:5 has refused all that it takes'],
  ['nothing, a rule after one that refuses a part', `endpoints: [${web}, { profile: sip }]\nrules:\n  - { name: no, match: { callee: { profile: sip, address: 192.0.2.1 } }, reject: { code: 403, reason: No } }\n  - { name: r, match: { callee: sip }, set: { tos: 1 } }`],
  ['NG-13, what a rule makes of a leg', `endpoints: [${web}, { profile: sip }]\nrules: [{ name: r, match: { callee: sip }, set: { callee: { ng: { flags: [trust-address, SIP-source-address] } } } }]`,
    '3:74 error NG-13: "trust-address" and "SIP-source-address" contradict each other'],
  ['NG-14, a browser whose ICE a rule takes away', `endpoints: [${web}, { profile: sip }]\nrules: [{ name: r, match: { callee: webrtc }, set: { callee: { ice: none } } }]`,
    '3:69 error NG-14: a browser is offered SDP without ICE of rtpengine\'s own',
    '3:69 error NG-03: takes ICE off the answer that goes to a browser, which then refuses it'],
  ['NG-13, an address of another family', `profiles: { a: { extends: sip, address-family: IP6, media-address: 192.0.2.9 } }\nendpoints: [${web}, { profile: a }]`,
    '2:68 error NG-13: 192.0.2.9 is no address of the family IP6'],
  ['PO-04, a profile of codecs that nobody can be transcoded to', `profiles: { a: { extends: sip, codecs: [AMR-WB, AMR, telephone-event] } }\nendpoints: [${web}, { profile: a }]`,
    '2:40 warning PO-04: profile a: rtpengine as Debian builds it cannot encode AMR-WB, AMR: only who speaks one of them gets through'],
  ['PO-04, a rule that leaves a leg such codecs', `endpoints: [${web}, { profile: sip }]\nrules: [{ name: r, match: { callee: sip }, set: { callee: { codecs: [EVS] } } }]`,
    '3:69 warning PO-04: rule r: rtpengine as Debian builds it cannot encode EVS: only who speaks it gets through'],
  ['nothing, such a codec beside one that it can', `profiles: { a: { extends: sip, codecs: [AMR, PCMA] } }\nendpoints: [${web}, { profile: a }]`],
  ['PO-03, a profile without use', `profiles: { a: { extends: sip } }\nendpoints: [${web}]`,
    '2:13 warning PO-03: profile a is used by no endpoint and no other profile'],
]

/** Flags strings that earn what no policy can: ngpilot's own keys stand in the way there. */
const brokenStrings: [about: string, text: string, ...findings: string[]][] = [
  ['NG-01', 'RTP/AVP rtcp-mux-demux endpoint-learning=off', 'error NG-01: rtpengine before 12.5 ignores this; write endpoint-learning-off'],
  ['NG-04', 'ICE=remove DTLS=off SDES-off rtcp-mux-demux',
    'error NG-04: nothing sets the protocol: a browser\'s offer leaves as UDP/TLS/RTP/SAVPF with neither fingerprint (DTLS=off) nor crypto (SDES-off), and the phone answers 488'],
  ['NG-07', 'UDP/TLS/RTP/SAVPF ICE=force', 'warning NG-07: a browser is offered twelve a=crypto lines beside its fingerprint'],
  ['NG-08', 'RTP/AVP ICE=remove',
    'error NG-08: a browser\'s offer goes out without rtcp-mux demux: a phone that does not mux makes the answer come back without a=rtcp-mux, which the browser refuses; in the answer it is too late to ask for it'],
  ['NG-11 and NG-12', 'RTP/SAVP ICE=remove rtcp-mux-demux',
    'warning NG-11: SRTP is offered with a=crypto and with a DTLS fingerprint at once',
    'warning NG-12: SRTP is offered with twelve suites, among them NULL_HMAC_SHA1_80 and _32, which encrypt nothing'],
]
for (const [about, text, ...expected] of brokenStrings) {
  test(`finds ${about} in "${text}"`, () => {
    const { findings: found } = importFlags(text, { reader: 'kamailio-6.0', use: 'offer', oldest: '10.5' })
    assert.deepEqual(found.map(({ code, severity, message }) => `${severity} ${code ?? ''}: ${message}`), expected)
  })
}

const brokenSet = ['3:34 error PO-05: rule r sends calls to the set "de", in which there is no rtpengine; there is default']

test('finds PO-05 where a rule names a set that no node is in, and nothing where none is known', async (t) => {
  const directory = await policyDirectory(t, { 'a.yaml': 'version: 1\nsets: [de]\nrules: [{ name: r, set: { nodes: de } }]\n' })
  const { policy } = await checkPolicy(directory)
  assert.ok(policy)
  const found = lintSets(policy, ['default'])
  assert.deepEqual(found.map(({ line, column, code, severity, message }) => `${line}:${column} ${severity} ${code}: ${message}`), brokenSet)
  assert.deepEqual([...lintSets(policy, ['default', 'de']), ...lintSets(policy, [])], [])
})

test('each check has something here that breaks it', () => {
  const foundIn = (rows: readonly (readonly unknown[])[]) => rows.map(([, , ...found]) => found)
  const earned = JSON.stringify([brokenSet, foundIn(broken), foundIn(brokenStrings)])
  assert.deepEqual(Object.keys(checks).filter((code) => !earned.includes(` ${code}: `)), [])
})

for (const [about, text, ...expected] of broken) {
  test(`finds in ${about}: ${expected.length === 0 ? 'nothing' : expected.length}`, async (t) => assert.deepEqual(await findings(t, text), expected))
}

test('what the fleet knows is no finding', async (t) => {
  const text = `profiles: { a: { extends: sip, ng: { flags: [static-codecs] } } }\nendpoints: [${web}, { profile: a }]`
  assert.deepEqual(await findings(t, text, '12.5'), [])
})
