import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, before, test, type TestContext } from 'node:test'
import type { StackContext } from '../../stack/context.ts'
import { sharedContext } from '../support/shared.ts'
import { accept, bye, callerSide, exchange, hearEachOther, openCallee, openPhone, type Phone } from '../support/sip-call.ts'
import { type Site, startSite } from '../support/site.ts'

const policy = `
version: 1
profiles:
  phone: { extends: sip, codecs: [PCMU] }
  feedback: { extends: sip, protocol: RTP/AVPF, codecs: [PCMU] }
endpoints:
  - { profile: feedback, match: { address: 127.0.0.2 } }
  - { profile: phone }
`
const context = sharedContext()
const folder = await mkdtemp(join(tmpdir(), 'ngpilot-policy-'))
context.after(() => rm(folder, { recursive: true }))
await writeFile(join(folder, 'policy.yaml'), policy)
let names = 0

let site: Site
before(async () => { site = await startSite(context, { env: { NGPILOT_POLICY_DIRECTORY: folder } }) })
afterEach(() => site.clear())

/** One user with two devices: a phone, and one that is offered RTP/AVPF. */
async function phones (t: TestContext, q: { plain?: string, feedback?: string } = {}, { kamailio } = site) {
  const name = `callee${++names}`
  return {
    alice: await openPhone(t, 'alice', kamailio),
    plain: await openCallee(t, name, kamailio, { q: q.plain }),
    feedback: await openCallee(t, name, kamailio, { address: '127.0.0.2', q: q.feedback }),
  }
}

/** The shipped script, but that it does not tell ngpilot which branch a message is of. */
async function startSiteWithoutViaBranch (t: StackContext): Promise<Site> {
  const names = ['media-http.cfg', 'media-wait.cfg']
  const files = await Promise.all(names.map(async (name) =>
    [name, (await readFile(`kamailio/${name}`, 'utf8')).replaceAll('Ngpilot-Via-Branch', 'Ngpilot-Xxx-Branch')] as const))
  return startSite(t, { env: { NGPILOT_POLICY_DIRECTORY: folder }, files: Object.fromEntries(files) })
}

/** Alice calls; both are offered their own, ring, and are heard early. @returns the INVITE that each got */
async function ringEarly (all: Awaited<ReturnType<typeof phones>>) {
  const { alice, plain, feedback } = all
  alice.peer.request('INVITE', plain.peer.uri, { body: alice.sdp() })
  const invites = { plain: await plain.peer.receive(/^INVITE/), feedback: await feedback.peer.receive(/^INVITE/) }
  assert.deepEqual([protocol(invites.plain.body), protocol(invites.feedback.body)], ['RTP/AVP', 'RTP/AVPF'])
  for (const each of ['plain', 'feedback'] as const) {
    all[each].sendTo(invites[each].body)
    all[each].peer.reply(invites[each], '183 Session Progress', { body: sdpOf(all[each], each) })
    const early = await alice.peer.receive(/^SIP\/2.0 183/)
    assert.equal(protocol(early.body), 'RTP/AVP')
    alice.sendTo(early.body)
    await alice.hears(all[each].mark)
  }
  return invites
}

test('without via-branch too each is offered its own, each is heard early, and whichever picks up wins', async (t) => {
  const site = await startSiteWithoutViaBranch(t)
  for (const winner of ['plain', 'feedback'] as const) {
    const all = await phones(t, {}, site)
    const { alice } = all
    const invites = await ringEarly(all)
    const { caller, callee } = await accept(alice, all[winner], invites[winner], { body: sdpOf(all[winner], winner) })
    await hearEachOther(alice, all[winner])
    const loser = winner === 'plain' ? 'feedback' : 'plain'
    all[loser].peer.reply(invites[loser], '487 Request Terminated')
    await all[loser].peer.receive(/^ACK/)
    await hearEachOther(alice, all[winner])
    await site.holds(invites[winner].body, invites[loser].body)
    await exchange(callee, caller, { answer: alice.sdp({ version: 2 }), offer: sdpOf(all[winner], winner) })
    await hearEachOther(alice, all[winner])
    await bye(callee, caller)
    await site.isEmpty()
  }
  // One after the other; the first has rung with early media.
  const { alice, plain, feedback } = await phones(t, { plain: '0.9', feedback: '0.3' }, site)
  alice.peer.request('INVITE', plain.peer.uri, { body: alice.sdp() })
  const first = await plain.peer.receive(/^INVITE/)
  plain.peer.reply(first, '183 Session Progress', { body: plain.sdp() })
  await alice.peer.receive(/^SIP\/2.0 183/)
  plain.peer.reply(first, '486 Busy Here')
  await plain.peer.receive(/^ACK/)
  const invite = await feedback.peer.receive(/^INVITE/)
  assert.equal(protocol(invite.body), 'RTP/AVPF')
  const { caller, callee } = await accept(alice, feedback, invite, { body: sdpOf(feedback, 'feedback') })
  await hearEachOther(alice, feedback)
  await bye(caller, callee)
  await site.isEmpty()
})

for (const winner of ['plain', 'feedback'] as const) {
  test(`each is offered its own; the one for ${winner} wins, after early media of both, and the other cannot take its media away`, async (t) => {
    const all = await phones(t)
    const { alice } = all
    const invites = await ringEarly(all)
    const loser = winner === 'plain' ? 'feedback' : 'plain'
    const { caller, callee } = await accept(alice, all[winner], invites[winner], { body: sdpOf(all[winner], winner) })
    await hearEachOther(alice, all[winner])
    all[loser].peer.reply(invites[loser], '200 OK', { body: sdpOf(all[loser], loser) })
    const second = callerSide(alice, await alice.peer.receive(/^SIP\/2.0 200/))
    second.request('ACK')
    second.request('BYE')
    await all[loser].peer.receive(/^BYE/)
    await hearEachOther(alice, all[winner])
    await bye(callee, caller)
    await site.isEmpty()
  })

  test(`the one for ${winner} is answered after the other has failed, whose ports are free`, async (t) => {
    const all = await phones(t)
    const { alice, plain } = all
    const loser = winner === 'plain' ? 'feedback' : 'plain'
    alice.peer.request('INVITE', plain.peer.uri, { body: alice.sdp() })
    const invite = await all[winner].peer.receive(/^INVITE/)
    const failing = await all[loser].peer.receive(/^INVITE/)
    all[loser].peer.reply(failing, '486 Busy Here')
    await all[loser].peer.receive(/^ACK/)
    await site.holds(invite.body, failing.body)
    const { caller, callee } = await accept(alice, all[winner], invite, { body: sdpOf(all[winner], winner) })
    await hearEachOther(alice, all[winner])
    await bye(caller, callee)
    await site.isEmpty()
  })

  test(`one after the other, ${winner} last: it is offered its own, and both hear each other`, async (t) => {
    const loser = winner === 'plain' ? 'feedback' : 'plain'
    const all = await phones(t, { [winner]: '0.3', [loser]: '0.9' })
    const { alice } = all
    alice.peer.request('INVITE', all.plain.peer.uri, { body: alice.sdp() })
    const first = await all[loser].peer.receive(/^INVITE/)
    all[loser].sendTo(first.body)
    all[loser].peer.reply(first, '183 Session Progress', { body: sdpOf(all[loser], loser) })
    alice.sendTo((await alice.peer.receive(/^SIP\/2.0 183/)).body)
    await hearEachOther(alice, all[loser])
    assert.ok(await all[winner].peer.receivesNone(/^INVITE/, 50))
    all[loser].peer.reply(first, '480 Temporarily Unavailable')
    await all[loser].peer.receive(/^ACK/)
    all[loser].sendTo('')
    const invite = await all[winner].peer.receive(/^INVITE/)
    assert.equal(protocol(invite.body), winner === 'plain' ? 'RTP/AVP' : 'RTP/AVPF')
    const { caller, callee } = await accept(alice, all[winner], invite, { body: sdpOf(all[winner], winner) })
    await hearEachOther(alice, all[winner])
    await bye(caller, callee)
    await site.isEmpty()
  })
}

test('when all have failed the caller is told, and nothing is left', async (t) => {
  for (const q of [{}, { plain: '0.9', feedback: '0.3' }]) {
    const { alice, plain, feedback } = await phones(t, q)
    alice.peer.request('INVITE', plain.peer.uri, { body: alice.sdp() })
    for (const phone of [plain, feedback]) {
      phone.peer.reply(await phone.peer.receive(/^INVITE/), '486 Busy Here')
      await phone.peer.receive(/^ACK/)
    }
    await alice.peer.receive(/^SIP\/2.0 486/)
    await site.isEmpty()
  }
})

function protocol (sdp: string): string | undefined {
  return /^m=audio \d+ (\S+)/m.exec(sdp)?.[1]
}

function sdpOf (phone: Phone, profile: 'plain' | 'feedback'): string {
  return phone.sdp({ protocol: profile === 'plain' ? 'RTP/AVP' : 'RTP/AVPF' })
}
