import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Kamailio, startKamailio } from '../../../stack/kamailio.ts'
import { openPeer, register, sdp } from '../../stack/fixtures/sip-peer.ts'
import { startSite } from '../../support/site.ts'

const up = 'ngpilot_evapi_up{kamailio="k1"}'
const offers = 'ngpilot_requests_total{ingress="evapi",command="offer",result="ok"}'

test('a Kamailio that stops reading, and one that starts anew, are connected to again; calls go on by evapi', async (t) => {
  const site = await startSite(t, { way: 'evapi' })
  const until = async (name: string, value: number) => {
    for (let tries = 0; await site.metric(name) !== value; tries++) {
      assert.ok(tries < 400, `${name} does not become ${value}\n${site.ngpilot.logs()}`)
      await sleep(50)
    }
  }
  /** Alice calls somebody through this Kamailio, and his INVITE has the SDP that ngpilot made. */
  const call = async (kamailio: Kamailio, callee: string) => {
    const [alice, bob] = [await openPeer(t, 'alice', kamailio), await openPeer(t, callee, kamailio)]
    await register(bob)
    alice.request('INVITE', bob.uri, { body: sdp(4000) })
    const invite = await bob.receive(/^INVITE/)
    assert.doesNotMatch(invite.body, /m=audio 4000 /)
    bob.reply(invite, '486 Busy Here')
    await alice.receive(/^SIP\/2.0 486/)
  }
  await call(site.kamailio, 'bob')
  assert.equal(await site.metric(offers), 1)

  const pids = await family(site.kamailio.pid)
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  await until(up, 0)
  for (const pid of pids) process.kill(pid, 'SIGCONT')
  await until(up, 1)
  await call(site.kamailio, 'bert')
  assert.equal(await site.metric(offers), 2)

  await site.kamailio.stop()
  await until(up, 0)
  const again = await startKamailio(t, {
    domain: 'ngpilot.test', way: 'evapi', evapiPort: site.kamailio.evapiPort, settings: { NGPILOT_URL: site.ngpilot.url },
  })
  await until(up, 1)
  await call(again, 'bill')
  assert.equal(await site.metric(offers), 3)
  assert.ok((await site.metric('ngpilot_evapi_connects_total{kamailio="k1"}') ?? 0) >= 3)
  await site.isEmpty()
})

/** A process and all below it. */
async function family (pid: number): Promise<number[]> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter((each) => each !== '').map(Number)
  return [pid, ...(await Promise.all(children.map(family))).flat()]
}
