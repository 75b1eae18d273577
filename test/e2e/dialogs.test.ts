import assert from 'node:assert/strict'
import { afterEach, before, test, type TestContext } from 'node:test'
import { contactOf, dialogHeaders } from '../stack/fixtures/sip-peer.ts'
import { sharedContext } from '../support/shared.ts'
import {
  accept, bye, calleeSide, callerSide, establish, exchange, hearEachOther, openCallee, openPhone,
} from '../support/sip-call.ts'
import { type Site, startSite } from '../support/site.ts'
import { spiral } from '../support/spiral.ts'

let site: Site
const context = sharedContext()
before(async () => { site = await startSite(context) })
afterEach(() => site.clear())

/** Each test has a callee of its own name, so that no registration is left for the next one. */
let names = 0
async function phones (t: TestContext) {
  const name = `callee${++names}`
  return { name, alice: await openPhone(t, 'alice', site.kamailio), bob: await openCallee(t, name, site.kamailio) }
}

/** rtpengine 10.5 passes on what a party sends though the other has said that it wants nothing; newer ones do not. */
const heedsDirection = process.env.NGPILOT_TEST_RELEASE !== 'bookworm'

const mLine = (sdp: string) => /^m=.*/m.exec(sdp)?.[0] ?? ''
const direction = (sdp: string) => /^a=(sendrecv|sendonly|recvonly|inactive)/m.exec(sdp)?.[1] ?? 'sendrecv'

for (const method of ['INVITE', 'UPDATE']) {
  test(`${method} in a dialog, from either side, with and without a change: the ports stay, and both hear each other`, async (t) => {
    const { alice, bob } = await phones(t)
    const { caller, callee, invite, ok } = await establish(alice, bob)
    await hearEachOther(alice, bob)
    const byCaller = await exchange(caller, callee, { method })
    assert.deepEqual([byCaller.offer, byCaller.answer].map(mLine), [invite.body, ok.body].map(mLine))
    const byCallee = await exchange(callee, caller, { method })
    assert.deepEqual([byCallee.answer, byCallee.offer].map(mLine), [invite.body, ok.body].map(mLine))
    const [offer, answer] = [alice.sdp({ version: 2 }), bob.sdp({ version: 2 })]
    const unchanged = await exchange(caller, callee, { method, offer, answer })
    assert.deepEqual([unchanged.offer, unchanged.answer].map(mLine), [invite.body, ok.body].map(mLine))
    await hearEachOther(alice, bob)
    await bye(callee, caller)
    await site.isEmpty()
  })
}

for (const [how, change, seen] of [
  ['sendonly', { direction: 'sendonly' }, 'sendonly'],
  ['inactive', { direction: 'inactive' }, 'inactive'],
  ['c=0.0.0.0', { address: '0.0.0.0' }, 'sendonly'],
] as const) {
  test(`hold by ${how}, from either side, and resume: the held party hears nothing meanwhile`, async (t) => {
    const { alice, bob } = await phones(t)
    const { caller, callee } = await establish(alice, bob)
    await hearEachOther(alice, bob)
    for (const [from, to] of [[caller, callee], [callee, caller]] as const) {
      const held = await exchange(from, to, {
        offer: from.sdp(change), answer: to.sdp({ direction: how === 'inactive' ? 'inactive' : 'recvonly' }),
      })
      assert.equal(direction(held.offer), seen)
      // As it must, whatever rtpengine does with what it sends.
      if (!heedsDirection) to.phone.sendTo('')
      await from.phone.hearsNothing()
      const resumed = await exchange(from, to)
      assert.deepEqual([direction(resumed.offer), direction(resumed.answer)], ['sendrecv', 'sendrecv'])
      await hearEachOther(alice, bob)
    }
    await bye(caller, callee)
    await site.isEmpty()
  })
}

test('several 183 with early media, then the 200: the same SDP for the same answer, another for another', async (t) => {
  const { alice, bob } = await phones(t)
  alice.peer.request('INVITE', bob.peer.uri, { body: alice.sdp() })
  const invite = await bob.peer.receive(/^INVITE/)
  bob.sendTo(invite.body)
  const early: string[] = []
  for (const version of [1, 1, 2]) {
    bob.peer.reply(invite, '183 Session Progress', { body: bob.sdp({ version }) })
    early.push((await alice.peer.receive(/^SIP\/2.0 183/)).body)
  }
  assert.equal(early[1], early[0])
  alice.sendTo(early[2] ?? '')
  await hearEachOther(alice, bob)
  const { caller, callee } = await accept(alice, bob, invite)
  await hearEachOther(alice, bob)
  await bye(caller, callee)
  await site.isEmpty()
})

test('a reliable 183 with PRACK, an offer in PRACK and in an early UPDATE, a 200 without SDP; a refused re-INVITE ends nothing', async (t) => {
  const { alice, bob } = await phones(t)
  alice.peer.request('INVITE', bob.peer.uri, { body: alice.sdp(), headers: ['Supported: 100rel'] })
  const invite = await bob.peer.receive(/^INVITE/)
  bob.sendTo(invite.body)
  bob.peer.reply(invite, '183 Session Progress', { body: bob.sdp(), headers: ['Require: 100rel', 'RSeq: 1'] })
  const early = await alice.peer.receive(/^SIP\/2.0 183/)
  alice.sendTo(early.body)
  const [caller, callee] = [callerSide(alice, early), calleeSide(bob, invite, early)]
  await exchange(caller, callee, { method: 'PRACK' })
  await hearEachOther(alice, bob)
  await exchange(callee, caller, { method: 'UPDATE' })
  await hearEachOther(alice, bob)
  bob.peer.reply(invite, '200 OK')
  const ok = await alice.peer.receive(/^SIP\/2.0 200/)
  alice.peer.request('ACK', contactOf(ok), { headers: dialogHeaders(ok, '1 ACK') })
  await bob.peer.receive(/^ACK/)

  caller.request('INVITE', { body: caller.sdp() })
  bob.peer.reply(await bob.peer.receive(/^INVITE/), '488 Not Acceptable Here')
  await alice.peer.receive(/^SIP\/2.0 488/)
  await hearEachOther(alice, bob)
  await exchange(callee, caller)
  await hearEachOther(alice, bob)
  await bye(caller, callee)
  await site.isEmpty()
})

test('a hold that is refused changes nothing, whoever asked for it and how: both hear each other on', async (t) => {
  const { alice, bob } = await phones(t)
  const { caller, callee } = await establish(alice, bob)
  await hearEachOther(alice, bob)
  for (const [from, to] of [[caller, callee], [callee, caller]] as const) {
    for (const change of [{ direction: 'sendonly' }, { direction: 'inactive' }, { address: '0.0.0.0' }]) {
      from.request('INVITE', { body: from.sdp(change) })
      to.phone.peer.reply(await to.phone.peer.receive(/^INVITE/), '488 Not Acceptable Here')
      await from.phone.peer.receive(/^SIP\/2.0 488/)
      await hearEachOther(alice, bob)
    }
  }
  await exchange(callee, caller)
  await hearEachOther(alice, bob)
  await bye(caller, callee)
  await site.isEmpty()
})

test('a late offer: in the 200 of an INVITE without SDP, its answer in the ACK; the same in a re-INVITE', async (t) => {
  const { alice, bob } = await phones(t)
  alice.peer.request('INVITE', bob.peer.uri)
  const invite = await bob.peer.receive(/^INVITE/)
  bob.peer.reply(invite, '200 OK', { body: bob.sdp() })
  const ok = await alice.peer.receive(/^SIP\/2.0 200/)
  assert.notEqual(mLine(ok.body), mLine(bob.sdp()))
  const [caller, callee] = [callerSide(alice, ok), calleeSide(bob, invite, ok)]
  for (let times = 0; times < 2; times++) {
    if (times > 0) {
      caller.request('INVITE')
      bob.peer.reply(await bob.peer.receive(/^INVITE/), '200 OK', { body: bob.sdp({ version: 2 }) })
      await alice.peer.receive(/^SIP\/2.0 200/)
    }
    caller.request('ACK', { body: alice.sdp({ version: times + 1 }) })
    bob.sendTo((await bob.peer.receive(/^ACK/)).body)
    alice.sendTo(ok.body)
    await hearEachOther(alice, bob)
  }
  await bye(callee, caller)
  await site.isEmpty()
})

test('a late offer in a reliable 183, its answer in the PRACK, and the offer again in the 200: the call stands', async (t) => {
  const { alice, bob } = await phones(t)
  alice.peer.request('INVITE', bob.peer.uri, { headers: ['Supported: 100rel'] })
  const invite = await bob.peer.receive(/^INVITE/)
  bob.peer.reply(invite, '183 Session Progress', { body: bob.sdp(), headers: ['Require: 100rel', 'RSeq: 1'] })
  const early = await alice.peer.receive(/^SIP\/2.0 183/)
  alice.sendTo(early.body)
  const [caller, callee] = [callerSide(alice, early), calleeSide(bob, invite, early)]
  caller.request('PRACK', { body: alice.sdp(), headers: ['RAck: 1 1 INVITE'] })
  const prack = await bob.peer.receive(/^PRACK/)
  bob.sendTo(prack.body)
  bob.peer.reply(prack, '200 OK')
  await alice.peer.receive(/^SIP\/2.0 200/)
  await hearEachOther(alice, bob)
  bob.peer.reply(invite, '200 OK', { body: bob.sdp() })
  const ok = await alice.peer.receive(/^SIP\/2.0 200/)
  assert.equal(mLine(ok.body), mLine(early.body))
  alice.peer.request('ACK', contactOf(ok), { headers: dialogHeaders(ok, '1 ACK') })
  await bob.peer.receive(/^ACK/)
  await hearEachOther(alice, bob)
  const shown = await fetch(`${site.ngpilot.url}/v1/calls/${encodeURIComponent(ok.header('Call-ID'))}`)
  assert.equal((await shown.json() as { isEstablished: boolean }).isEstablished, true)
  await exchange(callee, caller)
  await hearEachOther(alice, bob)
  await bye(caller, callee)
  await site.isEmpty()
})

test('glare: the second of two offers gets 491, and may come once the first is answered', async (t) => {
  const { alice, bob } = await phones(t)
  const { caller, callee } = await establish(alice, bob)
  caller.request('INVITE', { body: caller.sdp() })
  const reInvite = await bob.peer.receive(/^INVITE/)
  callee.request('INVITE', { body: callee.sdp() })
  await bob.peer.receive(/^SIP\/2.0 491/)
  bob.peer.reply(reInvite, '200 OK', { body: callee.sdp() })
  await alice.peer.receive(/^SIP\/2.0 200/)
  caller.request('ACK')
  await bob.peer.receive(/^ACK sip/)
  await exchange(callee, caller)
  await hearEachOther(alice, bob)
  await bye(caller, callee)
  await site.isEmpty()
})

test('forks of one profile: the first 200 wins, and a 200 that comes late cannot take its media away', async (t) => {
  const { name, alice, bob } = await phones(t)
  const tablet = await openCallee(t, name, site.kamailio)
  alice.peer.request('INVITE', bob.peer.uri, { body: alice.sdp() })
  const [toBob, toTablet] = [await bob.peer.receive(/^INVITE/), await tablet.peer.receive(/^INVITE/)]
  assert.notEqual(mLine(toBob.body), mLine(toTablet.body), 'each has ports of its own')
  for (const [phone, invite] of [[bob, toBob], [tablet, toTablet]] as const) {
    phone.sendTo(invite.body)
    phone.peer.reply(invite, '183 Session Progress', { body: phone.sdp() })
    alice.sendTo((await alice.peer.receive(/^SIP\/2.0 183/)).body)
    await alice.hears(phone.mark)
  }
  const { caller, callee } = await accept(alice, bob, toBob)
  await hearEachOther(alice, bob)
  tablet.peer.reply(toTablet, '200 OK', { body: tablet.sdp() })
  const second = await alice.peer.receive(/^SIP\/2.0 200/)
  assert.match(second.body, /^m=audio 0 /m)
  const loser = callerSide(alice, second)
  loser.request('ACK')
  loser.request('BYE')
  await tablet.peer.receive(/^BYE/)
  await hearEachOther(alice, bob)
  await bye(caller, callee)
  await site.isEmpty()
})

test('one fork fails: its ports are free, the other is answered and both hear each other', async (t) => {
  const { name, alice, bob } = await phones(t)
  const tablet = await openCallee(t, name, site.kamailio)
  alice.peer.request('INVITE', bob.peer.uri, { body: alice.sdp() })
  const [toBob, toTablet] = [await bob.peer.receive(/^INVITE/), await tablet.peer.receive(/^INVITE/)]
  tablet.peer.reply(toTablet, '486 Busy Here')
  await tablet.peer.receive(/^ACK/)
  await site.holds(toBob.body, toTablet.body)
  const { caller, callee } = await accept(alice, bob, toBob)
  await hearEachOther(alice, bob)
  await bye(caller, callee)
  await site.isEmpty()
})

test('a callee that forks further on answers with several tags: whoever answered last is heard', async (t) => {
  const { alice, bob } = await phones(t)
  const voicemail = await openPhone(t, 'voicemail', site.kamailio)
  alice.peer.request('INVITE', bob.peer.uri, { body: alice.sdp() })
  const invite = await bob.peer.receive(/^INVITE/)
  for (const [phone, tag] of [[bob, 'first'], [voicemail, 'second']] as const) {
    phone.sendTo(invite.body)
    bob.peer.reply(invite, '183 Session Progress', { body: phone.sdp(), tag })
    alice.sendTo((await alice.peer.receive(/^SIP\/2.0 183/)).body)
  }
  bob.sendTo('')
  await hearEachOther(alice, voicemail)
  bob.peer.reply(invite, '200 OK', { body: voicemail.sdp(), tag: 'second' })
  const ok = await alice.peer.receive(/^SIP\/2.0 200/)
  const caller = callerSide(alice, ok)
  caller.request('ACK')
  await bob.peer.receive(/^ACK/)
  await hearEachOther(alice, voicemail)
  caller.request('BYE')
  await bob.peer.receive(/^BYE/)
  await site.isEmpty()
})

test('the INVITE again goes no further, and the 200 again carries the same SDP', async (t) => {
  const { alice, bob } = await phones(t)
  const headers = ['Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKagain;rport', 'Call-ID: again']
  for (let times = 0; times < 3; times++) alice.peer.request('INVITE', bob.peer.uri, { body: alice.sdp(), headers })
  const invite = await bob.peer.receive(/^INVITE/)
  assert.ok(await bob.peer.receivesNone(/^INVITE/, 200))
  bob.peer.reply(invite, '200 OK', { body: bob.sdp() })
  const first = await alice.peer.receive(/^SIP\/2.0 200/)
  bob.peer.reply(invite, '200 OK', { body: bob.sdp() })
  assert.equal((await alice.peer.receive(/^SIP\/2.0 200/)).body, first.body)
  const caller = callerSide(alice, first)
  caller.request('ACK')
  await bob.peer.receive(/^ACK/)
  alice.sendTo(first.body)
  bob.sendTo(invite.body)
  await hearEachOther(alice, bob)
  await bye(caller, calleeSide(bob, invite, first))
  await site.isEmpty()
})

test('a 200 that crosses the CANCEL: both hear each other', async (t) => {
  const { alice, bob } = await phones(t)
  const headers = ['Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKcrossing;rport', 'Call-ID: crossing']
  alice.peer.request('INVITE', bob.peer.uri, { body: alice.sdp(), headers })
  const invite = await bob.peer.receive(/^INVITE/)
  bob.peer.reply(invite, '180 Ringing')
  await alice.peer.receive(/^SIP\/2.0 180/)
  alice.peer.request('CANCEL', bob.peer.uri, { headers })
  await bob.peer.receive(/^CANCEL/)
  await alice.peer.receive(/^SIP\/2.0 200/) // to the CANCEL
  const { caller, callee } = await accept(alice, bob, invite)
  await hearEachOther(alice, bob)
  await bye(caller, callee)
  await site.isEmpty()
})

test('a BYE that crosses a re-INVITE ends the call, whichever comes first', async (t) => {
  const { alice, bob } = await phones(t)
  const { caller, callee } = await establish(alice, bob)
  await hearEachOther(alice, bob)
  caller.request('INVITE', { body: caller.sdp() })
  const reInvite = await bob.peer.receive(/^INVITE/)
  callee.request('BYE')
  bob.peer.reply(reInvite, '200 OK', { body: callee.sdp() })
  alice.peer.reply(await alice.peer.receive(/^BYE/), '200 OK')
  await Promise.all([site.isEmpty(), alice.hearsNothing(), bob.hearsNothing()])
  caller.request('INVITE', { body: caller.sdp() })
  await alice.peer.receive(/^SIP\/2.0 4(81|88)/)
  await site.isEmpty()
})

test('a call that a proxy sends back to Kamailio passes it twice: each pass has media of its own', async (t) => {
  const { alice, bob } = await phones(t)
  await spiral(t, site, alice, bob)
})

test('a transfer: the call that replaces another is one of its own', async (t) => {
  const { alice, bob } = await phones(t)
  const carol = await openPhone(t, 'carol', site.kamailio)
  const old = await establish(alice, bob)
  await hearEachOther(alice, bob)
  old.caller.request('REFER', { headers: ['Refer-To: <sip:carol@ngpilot.test>'] })
  bob.peer.reply(await bob.peer.receive(/^REFER/), '202 Accepted')
  await alice.peer.receive(/^SIP\/2.0 202/)
  const replaces = `Replaces: ${old.ok.header('Call-ID')};to-tag=x;from-tag=y`
  carol.peer.request('INVITE', bob.peer.uri, { body: carol.sdp(), headers: [replaces] })
  const next = await accept(carol, bob, await bob.peer.receive(/^INVITE/))
  await bye(old.callee, old.caller)
  await hearEachOther(carol, bob)
  await bye(next.caller, next.callee)
  await site.isEmpty()
})
