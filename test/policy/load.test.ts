import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkPolicy, loadPolicy } from '../../src/policy/load.ts'
import { presetNames } from '../../src/policy/presets.ts'
import { fallback } from '../../src/policy/profiles.ts'
import { policyDirectory, policyOf } from './directory.ts'

test('the files of a directory make one policy, endpoints in the order of the file names', async (t) => {
  const policy = await loadPolicy(await policyDirectory(t, {
    '10-late.yml': 'version: 1\nendpoints: [{ profile: sip }]',
    '00-early.yaml': 'version: 1\nprofiles: { phone: { extends: desk } }\nendpoints: [{ profile: phone, match: { transport: udp } }]',
    '05-base.yaml': 'version: 1\nprofiles: { desk: { extends: sip, ptime: 20 } }',
    '.#00-early.yaml': 'an editor\'s lock',
    'notes.txt': 'not a policy',
  }))
  assert.deepEqual(policy.endpoints.map(({ profile }) => profile), ['phone', 'sip'])
  assert.deepEqual([...policy.profiles.keys()], [...presetNames, 'desk', 'phone'])
  assert.equal(policy.profiles.get('phone')?.ptime, 20)
})

test('a profile has what it extends, and over it what it says itself', async (t) => {
  const policy = await policyOf(t, `
profiles:
  desk:
    extends: sip
    codecs: [g722, pcma, Telephone-Event]
    ptime: 20
    ng: { replace: [username], TOS: 184, sdp-attr: { audio: { remove: [msid] } } }
  video:
    extends: desk
    media: [audio, video]
    ng: { replace: [SDP-version, username], TOS: 46, sdp-attr: { audio: { remove: [ssrc] }, none: { add: [x] } } }
`)
  const video = policy.profiles.get('video') ?? fallback
  assert.deepEqual({ ...video, settings: undefined, origins: undefined }, {
    settings: undefined,
    origins: undefined,
    name: 'video',
    line: ['video', 'desk', 'sip'],
    protocol: 'RTP/AVP',
    isWebRtc: false,
    media: ['audio', 'video'],
    codecs: ['G722', 'PCMA', 'telephone-event'],
    ptime: 20,
    ng: { replace: ['username', 'SDP-version'], TOS: 46, 'sdp-attr': { audio: { remove: ['msid', 'ssrc'] }, none: { add: ['x'] } } },
  })
})

test('what becomes of findings is said for all profiles, for one, and for those that extend it', async (t) => {
  const policy = await policyOf(t, `
conformance: { default: observe, SIP-09: reject, WEB-11: repair }
profiles:
  desk: { extends: sip, conformance: { SIP-09: observe, SDES-02: reject } }
  lab: { extends: desk, conformance: { SDES-02: repair } }
`)
  assert.deepEqual(policy.profiles.get('lab')?.conformance, { default: 'observe', 'SIP-09': 'observe', 'WEB-11': 'repair', 'SDES-02': 'repair' })
  assert.deepEqual(policy.profiles.get('webrtc')?.conformance, { default: 'observe', 'SIP-09': 'reject', 'WEB-11': 'repair' })
})

test('a transport-protocol of its own becomes the protocol of the profile', async (t) => {
  const policy = await policyOf(t, 'profiles: { phone: { extends: sip, ng: { transport-protocol: UDP/TLS/RTP/SAVP, label: a } } }')
  assert.equal(policy.profiles.get('phone')?.protocol, 'UDP/TLS/RTP/SAVP')
  assert.deepEqual(policy.profiles.get('phone')?.ng, { label: 'a' })
})

test('the revision is that of the names and contents, wherever the directory lies', async (t) => {
  const files = { 'a.yaml': 'version: 1', 'b.yaml': 'version: 1 ' }
  const revision = async (changed: Record<string, string>) => (await loadPolicy(await policyDirectory(t, changed))).revision
  const first = await revision(files)
  assert.match(first, /^[0-9a-f]{12}$/)
  assert.equal(await revision(files), first)
  assert.notEqual(await revision({ ...files, 'b.yaml': 'version: 1  ' }), first)
  assert.notEqual(await revision({ 'a.yaml': 'version: 1', 'c.yaml': 'version: 1 ' }), first)
})

test('a list may stand once and be repeated by an alias', async (t) => {
  const policy = await policyOf(t, 'profiles:\n  a: { extends: sip, codecs: &g711 [PCMU, PCMA] }\n  b: { extends: webrtc, codecs: *g711 }')
  assert.deepEqual(policy.profiles.get('b')?.codecs, ['PCMU', 'PCMA'])
})

test('loading a broken policy fails with every problem, one a line', async (t) => {
  const directory = await policyDirectory(t, { 'a.yaml': 'version: 2\nprofils: {}', 'b.yaml': 'version: 1\nendpoints: [{ profile: sipp }]' })
  await assert.rejects(loadPolicy(directory), {
    code: 'policy_invalid',
    message: [
      `${directory}/a.yaml:1:10: version: must be 1, found 2`,
      `${directory}/a.yaml:2:1: profils: unknown key; did you mean "profiles"?`,
      `${directory}/b.yaml:2:24: endpoints[0].profile: there is no preset or profile "sipp"; did you mean "sip"?`,
    ].join('\n'),
  })
})

test('a directory that is not there is one problem', async () => {
  const { problems } = await checkPolicy('/nowhere/policy')
  const message = 'cannot be read: ENOENT: no such file or directory, scandir \'/nowhere/policy\''
  assert.deepEqual(problems, [{ file: '/nowhere/policy', line: 0, column: 0, message }])
})
