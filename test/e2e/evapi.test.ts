import { before, test, type TestContext } from 'node:test'
import { freePort } from '../../stack/ports.ts'
import { sharedContext } from '../support/shared.ts'
import { establish, hearEachOther, openCallee, openPhone, type Phone } from '../support/sip-call.ts'
import { type Site, startSite } from '../support/site.ts'
import { spiral } from '../support/spiral.ts'

const context = sharedContext()
let site: Site

/** The rtpengine ends a call after 2 s without media, and says so to ngpilot. */
before(async () => {
  const port = await freePort()
  site = await startSite(context, {
    way: 'evapi', env: { NGPILOT_HTTP_PORT: String(port) },
    rtpengineArgs: ['--timeout=2', `--b2b-url=http://127.0.0.1:${port}/v1/rtpengine/timeout`, '--xmlrpc-format=0'],
  })
})

let names = 0
async function phones (t: TestContext) {
  return { alice: await openPhone(t, 'alice', site.kamailio), bob: await openCallee(t, `callee${++names}`, site.kamailio) }
}

test('a call that a proxy sends back to Kamailio passes it twice: each pass has media of its own', async (t) => {
  const { alice, bob } = await phones(t)
  await spiral(t, site, alice, bob)
})

test('a call whose media stop is ended: both parties get a BYE, and nothing is left', async (t) => {
  const { alice, bob } = await phones(t)
  await establish(alice, bob)
  await hearEachOther(alice, bob)
  for (const phone of [alice, bob]) phone.sendTo('')
  await areToldToEnd(alice, bob)
  await site.isEmpty()
})

test('a call whose rtpengine is lost is ended: both parties get a BYE, and ngpilot forgets it', async (t) => {
  const { alice, bob } = await phones(t)
  await establish(alice, bob)
  await hearEachOther(alice, bob)
  process.kill(site.rtpengine.pid, 'SIGKILL')
  await areToldToEnd(alice, bob)
  await site.holdsInStore(0)
})

async function areToldToEnd (...parties: Phone[]): Promise<void> {
  await Promise.all(parties.map(async ({ peer }) => peer.reply(await peer.receive(/^BYE/, 30_000), '200 OK')))
}
