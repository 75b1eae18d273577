import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readFlagsString, type FlagsReader } from '../../src/ng/flags-string.ts'
import type { NgDictionary } from '../../src/ng/types.ts'
import { startKamailio } from '../../stack/kamailio.ts'
import { ensureTree, type Release } from '../../stack/tree.ts'
import { openPeer, sdp } from '../stack/fixtures/sip-peer.ts'
import { startFakeRtpengine } from '../support/fake-rtpengine.ts'
import { fieldStrings, rows } from './flags-strings.ts'

const kamailios: [release: Release, reader: FlagsReader][] = [['bookworm', 'kamailio-5.6'], ['trixie', 'kamailio-6.0'], ['sid', 'kamailio-6.1']]

/** What Kamailio adds itself, from the SIP message. */
const ofTheMessage = ['supports', 'sdp', 'call-id', 'from-tag', 'via-branch', 'command', 'sip-message-type']

const refusedStrings = ['ICE=remove call-id', 'from-tag', 'via-branch=3', 'repacketize=x']

for (const [release, reader] of kamailios) {
  test(`Kamailio of ${release} sends the dictionary that is read from each string, and refuses the same`, async (t) => {
    const ours = rows.flatMap(([text, , only]) => only === undefined || only === reader ? [text] : [])
    const strings = [...new Set([...ours, ...fieldStrings, ...refusedStrings])]
    const captured = new Map<string, NgDictionary>()
    const rtpengine = await startFakeRtpengine(t, {
      respond (command) {
        if (command.command === 'ping') return { result: 'pong' }
        captured.set(command['call-id'] as string, command)
        return { result: 'ok', sdp: sdp(4000) }
      },
    })
    const kamailio = await startKamailio(t, { tree: await ensureTree({ release }), files: { 'kamailio.cfg': configuration(rtpengine.port, strings) } })
    const peer = await openPeer(t, 'caller', kamailio)
    for (const [index, text] of strings.entries()) {
      const callId = `string-${index}`
      peer.request('INVITE', `sip:s${index}@${kamailio.domain}`, { headers: [`Call-ID: ${callId}`], body: sdp(5000) })
      const { startLine } = await peer.receive(/^SIP/)
      const { ng, refused } = readFlagsString(text, reader)
      assert.equal(startLine, refused ? 'SIP/2.0 500 refused' : 'SIP/2.0 404 taken', text)
      if (refused) continue
      const sent = Object.entries(captured.get(callId) ?? {}).filter(([key]) => !ofTheMessage.includes(key) && !(key === 'received-from' && !('received-from' in ng)))
      assert.deepEqual(Object.fromEntries(sent), { ...ng }, text)
    }
  })
}

/** Each string stands in the script as an operator would write it; the user of the request URI says which is meant. */
function configuration (port: number, strings: readonly string[]): string {
  const cases = strings.map((text, index) => `
  if ($rU == "s${index}") {
    if (rtpengine_offer("${text.replaceAll('\t', '\\t').replaceAll('\n', '\\n')}")) sl_send_reply("404", "taken");
    else sl_send_reply("500", "refused");
    exit;
  }`)
  return `#!KAMAILIO
#!trydefenv SIP_ADDRESS
#!trydefenv SIP_PORT
log_stderror=yes
children=1
listen=udp:SIP_ADDRESS:SIP_PORT
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "rtpengine.so"
modparam("rtpengine", "rtpengine_sock", "udp:127.0.0.1:${port}")
request_route {
  if (is_method("OPTIONS")) {
    sl_send_reply("200", "OK");
    exit;
  }${cases.join('')}
}
`
}
