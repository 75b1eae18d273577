import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NgClient } from '../../src/ng/client.ts'
import { offerCommand } from '../../src/ng/commands.ts'
import { readFlagsString, type FlagsReader } from '../../src/ng/flags-string.ts'
import type { NgDictionary } from '../../src/ng/types.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { ensureTree, type Release } from '../../stack/tree.ts'
import { sdpFile } from '../support/calls.ts'

const strings = [
  'replace-origin transport-protocol=RTP/AVP ICE=remove DTLS=off rtcp-mux-demux codec-strip-opus codec-mask-PCMA strip-extmap',
  'transport-protocol=RTP/SAVP DTLS=off SDES-no-NULL_HMAC_SHA1_80 SDES=pad codec-transcode-G722 ptime=30',
  'transport-protocol=RTP/AVP replace=[origin username] replace-SDP-version ICE=remove DTLS=off',
  'transport-protocol=RTP/AVP ICE=remove rtcp-mux=[ demux ] flags=[strip-extmap no-rtcp-attribute] codec=[strip=[opus PCMA] transcode=[G722]]',
  'transport-protocol=RTP/SAVP DTLS=off SDES=[no-NULL_HMAC_SHA1_80 no-NULL_HMAC_SHA1_32 pad] sdp-attr=[audio=[remove=[mid ssrc]]] codec-mask-red',
  'transport-protocol=RTP/AVP ICE=remove replace=[origin',
]

for (const [release, reader] of [['trixie', 'rtpengine-12.5'], ['sid', 'rtpengine-26.0']] as [Release, FlagsReader][]) {
  test(`the rtpengine of ${release} makes the same SDP of each string as of the keys that are read from it`, async (t) => {
    const rtpengine = await startRtpengine(t, { tree: await ensureTree({ release }) })
    const client = new NgClient({ instanceId: 'strings' })
    t.after(async () => client.close())
    const node = { id: 'real', host: rtpengine.address, port: rtpengine.port }
    const offered = async (callId: string, flags: NgDictionary) => {
      const command = offerCommand({ callId, fromTag: 'a', sdp: sdpFile('chromium-audio-gathered-loopback'), flags })
      const { sdp } = await client.send(node, command, { deadline: performance.now() + 5000 })
      return comparable(sdp?.toString() ?? '')
    }
    for (const [index, text] of strings.entries()) {
      const { ng } = readFlagsString(text, reader)
      assert.deepEqual(await offered(`keys ${index}`, ng), await offered(`string ${index}`, { 'rtpp-flags': text }), text)
    }
    // The protocol of Kamailio's words counts for 12.5, and for 26.0 not.
    const [plain] = await offered('word', { 'rtpp-flags': 'RTP/AVP ICE=remove DTLS=off' })
    assert.equal(plain, reader === 'rtpengine-12.5' ? 'RTP/AVP' : 'UDP/TLS/RTP/SAVPF')
  })
}

/** The protocol, and the lines without what is another each time. */
function comparable (sdp: string): [protocol: string, lines: string[]] {
  const lines = sdp.split('\r\n').map((line) => line
    .replace(/^(m=audio|a=rtcp:)\s*\d+/, '$1')
    .replace(/inline:\S+/, 'inline')
    .replace(/^(a=(?:ice-ufrag|ice-pwd|candidate|tls-id):).*/, '$1')
    .replace(/^(o=\S+) \d+ \d+/, '$1'))
  return [/^m=audio \d+ (\S+)/m.exec(sdp)?.[1] ?? '', lines]
}
