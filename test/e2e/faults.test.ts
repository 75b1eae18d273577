import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { answersOptions } from '../../stack/sip-ping.ts'
import { makeSilent } from '../../stack/silent.ts'
import { sdpFile } from '../support/calls.ts'
import { sharedContext } from '../support/shared.ts'
import { openCallee, openPhone } from '../support/sip-call.ts'
import { startSipClient } from '../support/sip-client.ts'
import { startSipPhone } from '../support/sip-phone.ts'
import { type Site, startSite } from '../support/site.ts'

const context = sharedContext()
const sdp = sdpFile('answer-plain-pcmu').toString()
let site: Site

before(async () => {
  site = await startSite(context)
})

test('an INVITE that comes twice is one offer and one call', async (t) => {
  const phone = await startSipPhone(t, site.kamailio, { isAnswering: false })
  const client = await startSipClient(t, site.kamailio)
  const invite = client.request('INVITE', phone.uri, 'twice', sdp)
  client.send(invite)
  client.send(invite)
  await client.waitFor(180)
  client.send(invite)
  await sleep(100)
  assert.deepEqual(await site.left(), { onNode: ['twice'], inStore: 1 })
  assert.equal(await site.metric('ngpilot_requests_total{ingress="http",command="offer",result="ok"}'), 1)
  await phone.hangup()
  await client.waitFor(486)
  await site.isEmpty()
})

test('an SDP without c= is answered with 488', async (t) => {
  const phone = await startSipPhone(t, site.kamailio)
  const client = await startSipClient(t, site.kamailio)
  client.send(client.request('INVITE', phone.uri, 'no-c', sdp.replace(/c=.*\r\n/, '')))
  assert.match(await client.waitFor(488), /^SIP\/2.0 488 Not Acceptable Here/)
  await site.isEmpty()
})

test('a user who is not registered is 404, and media is never asked', async (t) => {
  const client = await startSipClient(t, site.kamailio)
  client.send(client.request('INVITE', `sip:nobody@${site.kamailio.domain}`, 'nobody', sdp))
  await client.waitFor(404)
  await site.isEmpty()
})

test('with rtpengine silent the caller gets 503 within the deadline, while Kamailio\'s workers stay free', async (t) => {
  const phone = await startSipPhone(t, site.kamailio)
  const client = await startSipClient(t, site.kamailio)
  await makeSilent(site.rtpengine.pid)
  try {
    const calls = ['silent-1', 'silent-2', 'silent-3', 'silent-4', 'silent-5', 'silent-6']
    for (const callId of calls) client.send(client.request('INVITE', phone.uri, callId, sdp))
    // As many calls wait as there are workers, and more; each of them answers on.
    for (let count = 0; count < 8; count++) assert.ok(await answersOptions(site.kamailio.address, site.kamailio.sipPort))
    await client.waitFor(503)
    await until(() => calls.every((callId) => client.received.some((reply) => reply.startsWith('SIP/2.0 503') && reply.includes(callId))))
  } finally {
    process.kill(site.rtpengine.pid, 'SIGCONT')
  }
  await site.isEmpty()
})

test('rtpengine lost while it rings: the caller is told soon after the callee has picked up, and nothing is left', async (t) => {
  const [alice, bob] = [await openPhone(t, 'alice', site.kamailio), await openCallee(t, 'ringing', site.kamailio)]
  alice.peer.request('INVITE', bob.peer.uri, { body: alice.sdp() })
  const invite = await bob.peer.receive(/^INVITE/)
  process.kill(site.rtpengine.pid, 'SIGKILL')
  // A callee repeats its 200 until the ACK comes (RFC 3261 §13.3.1.4).
  const repeating = setInterval(() => { bob.peer.reply(invite, '200 OK', { body: bob.sdp() }) }, 500)
  t.after(() => { clearInterval(repeating) })
  assert.equal((await alice.peer.receive(/^SIP\/2.0 [2-6]/, 20_000)).startLine, 'SIP/2.0 500 Media Server Lost')
  clearInterval(repeating)
  await site.holdsInStore(0)
})

test('with ngpilot gone the caller gets 503', async (t) => {
  const phone = await startSipPhone(t, site.kamailio)
  const client = await startSipClient(t, site.kamailio)
  await site.ngpilot.stop()
  client.send(client.request('INVITE', phone.uri, 'gone', sdp))
  await client.waitFor(503)
})

async function until (condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 150 && !condition(); tries++) await sleep(20)
  assert.ok(condition())
}
