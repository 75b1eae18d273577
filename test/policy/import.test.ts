import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importFlags, type Imported } from '../../src/policy/import.ts'
import { yamlOf } from '../../src/cli/policy/yaml-text.ts'
import { fieldStrings } from '../ng/flags-strings.ts'
import { policyDirectory } from './directory.ts'
import { loadPolicy } from '../../src/policy/load.ts'

const imported = (text: string, use: 'offer' | 'answer' | 'manage' = 'manage'): Imported => importFlags(text, { reader: 'kamailio-6.0', use, oldest: '10.5' })
const found = ({ findings }: Imported): string[] => findings.map(({ code, text }) => `${code ?? '-'} ${text ?? ''}`.trim())

test('the string of every guide is a plain SIP phone, and three times wrong', () => {
  const guide = imported('ICE=remove DTLS=off SDES-off replace-origin replace-session-connection')
  assert.deepEqual(guide.profile, { extends: 'sip' })
  assert.deepEqual(found(guide), ['NG-04 DTLS=off', 'NG-08', 'NG-03 ICE=remove'])
  assert.match(guide.findings[0]?.message ?? '', /leaves as UDP\/TLS\/RTP\/SAVPF with neither fingerprint \(DTLS=off\) nor crypto \(SDES-off\)/)
  assert.deepEqual(guide.tokens.map(({ becomes }) => becomes),
    ['extends: sip', 'extends: sip', 'nothing: RTP/AVP carries no keys', 'extends: sip', 'extends: sip'])
})

const profiles: [string, Imported['profile'], ...string[]][] = [
  ['RTP/AVP ICE=remove rtcp-mux-demux', { extends: 'sip' }],
  ['UDP/TLS/RTP/SAVPF ICE=force SDES-off rtcp-mux-offer rtcp-mux-require generate-mid', { extends: 'webrtc' }],
  ['WebRTC', { extends: 'webrtc' }, 'NG-02 WebRTC'],
  ['UDP/TLS/RTP/SAVPF ICE=force', { extends: 'webrtc' }, 'NG-07'],
  ['RTP/SAVP DTLS=off SDES-no-NULL_HMAC_SHA1_80 SDES-no-NULL_HMAC_SHA1_32 rtcp-mux-demux', { extends: 'sip-sdes' }],
  ['RTP/SAVP rtcp-mux-demux', { extends: 'sip-sdes' }, 'NG-11 RTP/SAVP', 'NG-12 RTP/SAVP'],
  ['RTP/AVP rtcp-mux-demux codec-strip-all codec-offer-PCMU codec-offer=telephone-event ptime=30', { extends: 'sip', codecs: ['PCMU', 'telephone-event'], ptime: 30 }],
  ['RTP/AVP rtcp-mux-demux codec-mask-all transcode-G729', { extends: 'sip', codecs: ['G729'] }],
  ['RTP/AVP rtcp-mux-demux codec-strip-red TOS=184 replace-username loop-protect', { extends: 'sip', tos: 184, ng: { flags: ['loop-protect'], replace: ['username'], codec: { strip: ['red'] } } }],
  ['RTP/AVP rtcp-mux-demux codec-mask-opus transcode-PCMU', { extends: 'sip', ng: { codec: { transcode: ['PCMU'], mask: ['opus'] } } }, 'NG-06 codec-mask-opus'],
  ['RTP/AVP rtcp-mux-demux transcode-AMR', { extends: 'sip', ng: { codec: { transcode: ['AMR'] } } }, 'NG-05 transcode-AMR'],
  ['RTP/AVP rtcp-mux-demux endpoint-learning=off', { extends: 'sip', ng: { 'endpoint-learning': ['off'] } }, 'NG-01 endpoint-learning=off'],
  ['RTP/AVP rtcp-mux-demux strip-extmapp SDES-off', { extends: 'sip' }, 'NG-02 strip-extmapp'],
  ['RTP/AVP rtcp-mux-demux trunk=acme', { extends: 'sip' }, 'NG-02 trunk=acme'],
  ['RTP/AVP rtcp-mux-demux static-codecs', { extends: 'sip', ng: { flags: ['static-codecs'] } }, 'NG-02 static-codecs'],
  ['RTP/AVP rtcp-mux-demux port-latching no-port-latching', { extends: 'sip', ng: { flags: ['port-latching', 'no-port-latching'] } }, 'NG-13 port-latching'],
  ['UDP/TLS/RTP/SAVPF ICE=force SDES-off DTLS=off', { extends: 'webrtc', ng: { DTLS: 'off' } }, 'NG-13 DTLS=off'],
  ['RTP/AVP rtcp-mux-demux via-branch=auto received-from=192.0.2.1', { extends: 'sip' }],
]
for (const [text, profile, ...codes] of profiles) {
  test(`imports ${text}`, () => {
    const one = imported(text, 'offer')
    assert.deepEqual(one.profile, profile)
    assert.deepEqual(found(one), codes)
  })
}

test('media that goes where SIP came from is said in a word where both ends have the string, and kept where one has', () => {
  const { profile, tokens } = imported('SIP-source-address replace-origin loop-protect')
  assert.deepEqual(profile, { extends: 'sip', 'trust-address': false, ng: { flags: ['loop-protect'] } })
  assert.deepEqual(tokens.map(({ becomes }) => becomes), ['trust-address: false', 'extends: sip', 'ng: flags'])
  assert.deepEqual(imported('RTP/AVP SIP-source-address', 'offer').profile, { extends: 'sip', ng: { flags: ['SIP-source-address'] } })
})

test('says what became of hints and of what ngpilot knows by itself', () => {
  assert.deepEqual(imported('RTP/AVP trunk=acme via-branch=auto delete-delay=0').tokens.map(({ becomes }) => becomes), [
    'extends: sip', 'a hint: match: { vars: { trunk: acme } }', 'nothing: ngpilot knows it from the SIP message', 'nothing: ngpilot sets it itself',
  ])
})

for (const text of fieldStrings) {
  test(`what becomes of "${text}" is a policy without problems`, async (t) => {
    const { profile } = imported(text)
    const directory = await policyDirectory(t, { 'a.yaml': yamlOf({ version: 1, profiles: { imported: profile } }) })
    assert.ok((await loadPolicy(directory)).profiles.has('imported'))
  })
}
