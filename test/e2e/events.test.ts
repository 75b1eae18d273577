import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../stack/ports.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { sharedContext } from '../support/shared.ts'
import type { Message } from '../stack/fixtures/sip-peer.ts'
import { bye, establish, exchange, hearEachOther, openCallee, openPhone, type Phone } from '../support/sip-call.ts'
import { type Site, startSite } from '../support/site.ts'
import { spiral } from '../support/spiral.ts'

const policy = `
version: 1
profiles:
  phone: { extends: sip, codecs: [PCMU] }
endpoints:
  - { profile: phone }
rules:
  - { name: move, match: { callee: phone, when: 'sip.to.user.startsWith("mover")' }, set: { on-node-loss: re-anchor } }
`
const context = sharedContext()
const folder = await mkdtemp(join(tmpdir(), 'ngpilot-policy-'))
context.after(() => rm(folder, { recursive: true }))
await writeFile(join(folder, 'policy.yaml'), policy)
let names = 0
/** As on a busy machine, where the 200 of one party is there before the BYE to the other has been sent. */
const events = await readFile('kamailio/media-events.cfg', 'utf8')
const slowEvents = events.replace('dlg_bye("all");', 'dlg_bye("caller");\n\tusleep("300000");\n\tdlg_bye("callee");')
assert.notEqual(slowEvents, events)

/** How Kamailio learns of what happens to calls: by evapi, or by ngpilot's webhook. */
for (const way of ['evapi', 'http'] as const) {
  suite(`told by ${way === 'http' ? 'webhook' : way}`, () => {
    let site: Site
    /** Both end a call after 2 s without media, and say so to ngpilot. */
    const nodes = new Map<string, number>()

    before(async () => {
      const [port, eventsPort] = [await freePort(), await freePort()]
      const rtpengineArgs = ['--timeout=2', `--b2b-url=http://127.0.0.1:${port}/v1/rtpengine/timeout`, '--xmlrpc-format=0']
      const second = await startRtpengine(context, { args: rtpengineArgs })
      site = await startSite(context, {
        way, rtpengineArgs, others: [second],
        env: {
          NGPILOT_HTTP_PORT: String(port), NGPILOT_POLICY_DIRECTORY: folder,
          ...(way === 'http' && { NGPILOT_WEBHOOK_URL: `http://127.0.0.1:${eventsPort}/` }),
        },
        ...(way === 'http' && { settings: { MEDIA_EVENTS_PORT: String(eventsPort) }, files: { 'media-events.cfg': slowEvents } }),
      })
      nodes.set('n1', site.rtpengine.pid).set('n2', second.pid)
    })

    async function phones (t: TestContext, name = 'callee') {
      return { alice: await openPhone(t, 'alice', site.kamailio), bob: await openCallee(t, `${name}${++names}`, site.kamailio) }
    }

    if (way === 'evapi') {
      test('a call that a proxy sends back to Kamailio passes it twice: each pass has media of its own', async (t) => {
        const { alice, bob } = await phones(t)
        await spiral(t, site, alice, bob)
      })
    }

    test('a call whose media stop is ended: both parties get a BYE, one that rings still is cancelled, and nothing is left', async (t) => {
      const { alice, bob } = await phones(t)
      await establish(alice, bob)
      await hearEachOther(alice, bob)
      const { alice: carol, bob: dave } = await phones(t)
      carol.peer.request('INVITE', dave.peer.uri, { body: carol.sdp() })
      const ringing = await dave.peer.receive(/^INVITE/)
      dave.sendTo(ringing.body)
      dave.peer.reply(ringing, '183 Session Progress', { body: dave.sdp() })
      carol.sendTo((await carol.peer.receive(/^SIP\/2.0 183/)).body)
      await hearEachOther(carol, dave)
      for (const phone of [alice, bob, carol, dave]) phone.sendTo('')
      await Promise.all([areToldToEnd(alice, bob), isCancelled(ringing, dave, carol)])
      await site.isEmpty()
    })

    test('a call whose rtpengine is lost waits for a re-INVITE, which brings its media back; or it is ended', async (t) => {
      const { alice, bob } = await phones(t, 'mover')
      const { caller, callee, ok } = await establish(alice, bob)
      await hearEachOther(alice, bob)
      const callId = ok.header('Call-ID')
      kill(await nodeOf(callId))
      await isStranded(callId)
      assert.ok(await bob.peer.receivesNone(/^BYE/, 300), 'it can be moved')
      await exchange(callee, caller)
      await hearEachOther(alice, bob)
      assert.deepEqual(await stranded(), [])

      const { alice: carol, bob: dave } = await phones(t)
      await establish(carol, dave)
      await hearEachOther(carol, dave)
      const { alice: eve, bob: frank } = await phones(t)
      eve.peer.request('INVITE', frank.peer.uri, { body: eve.sdp() })
      const ringing = await frank.peer.receive(/^INVITE/)
      frank.peer.reply(ringing, '180 Ringing')
      await eve.peer.receive(/^SIP\/2.0 180/)
      kill(await nodeOf(callId))
      await Promise.all([areToldToEnd(carol, dave), isCancelled(ringing, frank, eve)])
      await bye(caller, callee)
      await site.holdsInStore(0)
    })

    const ask = async (path: string) => (await fetch(`${site.ngpilot.url}${path}`)).json()
    const nodeOf = async (callId: string) => (await ask(`/v1/calls/${encodeURIComponent(callId)}`) as { node: string }).node
    const stranded = async () => (await ask('/v1/calls?stranded') as { calls: { callId: string }[] }).calls.map((call) => call.callId)
    const kill = (node: string) => process.kill(nodes.get(node) ?? 0, 'SIGKILL')
    /** Waits until the API says so, and Kamailio has been told. */
    const isStranded = async (callId: string) => {
      const isTold = () => site.kamailio.logs().includes(`rtpengine lost: the call ${callId} is silent`)
      for (let tries = 0; tries < 600 && !((await stranded()).includes(callId) && isTold()); tries++) await sleep(50)
      assert.deepEqual([await stranded(), isTold()], [[callId], true])
    }
  })
}

async function isCancelled (ringing: Message, callee: Phone, caller: Phone): Promise<void> {
  callee.peer.reply(await callee.peer.receive(/^CANCEL/, 30_000), '200 OK')
  callee.peer.reply(ringing, '487 Request Terminated')
  await callee.peer.receive(/^ACK/)
  await caller.peer.receive(/^SIP\/2.0 487/)
}

async function areToldToEnd (...parties: Phone[]): Promise<void> {
  await Promise.all(parties.map(async ({ peer }) => peer.reply(await peer.receive(/^BYE/, 30_000), '200 OK')))
}
