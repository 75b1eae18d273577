import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readBody } from '../../src/ng/codec.ts'
import { startKamailio } from '../../stack/kamailio.ts'
import { startNgpilot } from '../../stack/ngpilot.ts'
import { freePort } from '../../stack/ports.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { proxyWith } from '../ingress/ng/kamailio-config.ts'
import { startNgTap } from '../support/ng-tap.ts'
import { bye, establish, openCallee, openPhone } from '../support/sip-call.ts'
import { startSite } from '../support/site.ts'

async function folderWith (t: TestContext, policy: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ngpilot-policy-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'policy.yaml'), `version: 1\n${policy}`)
  return folder
}

const refusing = `rules:
  - name: abroad
    match: { to: { user: { prefix: "00" } } }
    reject: { code: 603, reason: Not Abroad }
  - name: mute
    match: { caller: { address: 127.0.0.3 } }
    reject: { code: 403, reason: "No Calls, Today" }
`

for (const [way, expected] of [
  ['http', ['SIP/2.0 603 Not Abroad', 'SIP/2.0 403 No Calls, Today']],
  ['evapi', ['SIP/2.0 603 Not Abroad', 'SIP/2.0 403 No Calls, Today']],
  // NG tells neither To nor a SIP reply.
  ['ng', [undefined, 'SIP/2.0 488 Not Acceptable Here']],
] as const) {
  test(`by ${way} a rule's reject is what the caller is told, and neither the callee nor rtpengine hears of the call`, async (t) => {
    const site = await startSite(t, { way, env: { NGPILOT_POLICY_DIRECTORY: await folderWith(t, refusing) } })
    const called = [await openCallee(t, '0044123', site.kamailio), await openCallee(t, 'bob', site.kamailio)] as const
    for (const [index, line] of expected.entries()) {
      const callee = called[index]
      if (line === undefined || !callee) continue
      const phone = await openPhone(t, 'alice', site.kamailio, ['127.0.0.1', '127.0.0.3'][index])
      phone.peer.request('INVITE', callee.peer.uri, { body: phone.sdp() })
      assert.equal((await phone.peer.receive(/^SIP\/2.0 [3-6]/)).startLine, line)
      assert.ok(await callee.peer.receivesNone(/^INVITE/, 100))
    }
    await site.isEmpty()
    const { caller, callee } = await establish(await openPhone(t, 'alice', site.kamailio), called[1])
    await bye(caller, callee)
  })
}

test('lists in brackets, which Kamailio hands on unread, reach an rtpengine that reads none, and fill what the policy leaves open', async (t) => {
  const rtpengine = await startRtpengine(t)
  const tap = await startNgTap(t, { host: rtpengine.address, port: rtpengine.port })
  const port = await freePort()
  const policy = `rules:
  - { name: acme, match: { vars: { trunk: acme } }, set: { client-flags: merge } }
`
  await startNgpilot(t, {
    env: {
      NGPILOT_RTPENGINE_NODES: `127.0.0.1:${tap.port}`, NGPILOT_NG_LISTEN: `127.0.0.1:${port}`, NGPILOT_POLICY_DIRECTORY: await folderWith(t, policy),
    },
  })
  const uas = await openPhone(t, 'bob', { sipPort: 0, domain: 'example.test' })
  const kamailio = await startKamailio(t, {
    files: {
      'kamailio.cfg': proxyWith(`udp:127.0.0.1:${port}`, uas.peer.port, {
        request: 'rtpengine_offer("trunk=acme replace=[username session-name] sdp-attr=[audio=[add=[x-way:there]]] flags=[loop-protect] label=a", "none")',
        reply: 'rtpengine_answer("trunk=acme", "none")',
      }),
    },
  })
  const alice = await openPhone(t, 'alice', kamailio)
  alice.peer.request('INVITE', uas.peer.uri, { body: alice.sdp() })
  const invite = await uas.peer.receive(/^INVITE/)
  assert.match(invite.body, /^a=x-way:there\r$/m)
  const offered = tap.commands.map((body) => readBody(body, 0)).find(({ command }) => command === 'offer')
  assert.deepEqual(
    [offered?.['replace'], offered?.['flags'], offered?.['label'], offered?.['sdp-attr'], offered?.['rtpp-flags'], offered?.['trunk'], offered?.['ICE']],
    [['username', 'session-name', 'origin', 'session-connection'], ['loop-protect', 'trust-address'], 'a', { audio: { add: ['x-way:there'] } }, undefined, undefined, 'remove'],
  )
})
