import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startBaresip } from '../../stack/baresip.ts'
import { type Kamailio, startKamailio, type KamailioOptions } from '../../stack/kamailio.ts'
import { type Answer, type Asked, startMediaControl } from './fixtures/media-control.ts'
import { freePort } from '../../stack/ports.ts'
import { contactOf, dialogHeaders, openPeer, register, sdp } from './fixtures/sip-peer.ts'

const rewritten: Answer = { status: 200, body: 'v=0\r\no=- 9 9 IN IP4 127.0.0.1\r\ns=rewritten\r\nt=0 0\r\n' }
const nothingToDo: Answer = { status: 204 }
const refused: Answer = { status: 422, body: '{}', sipStatus: '488 Not Acceptable Here' }

/** Rewrites every SDP, and has nothing to say to what has none. */
const willing = ({ sip }: Asked): Answer => sip.includes('\r\n\r\nv=0') ? rewritten : nothingToDo
/** The same, except for what begins so. */
const except = (start: string, answer: Answer) => (asked: Asked) =>
  asked.startLine.startsWith(start) ? answer : willing(asked)

async function startSite (
  t: TestContext, answer: (asked: Asked) => Answer = willing, options: KamailioOptions = {}, isConnected = true,
) {
  const control = await startMediaControl(t, answer)
  const kamailio = await startKamailio(t, { ...options, settings: { NGPILOT_URL: control.url, ...options.settings } })
  const push = options.way === 'evapi' && isConnected ? await connectEvapi({ control, kamailio }) : () => undefined
  const [alice, bob] = [await openPeer(t, 'alice', kamailio), await openPeer(t, 'bob', kamailio)]
  /** What media control was asked, by first lines, once there are so many. */
  const asked = async (count: number) => {
    for (let tries = 0; tries < 100 && control.asked.length < count; tries++) await sleep(20)
    return control.asked.map(({ startLine }) => startLine.replace(/ sip:.*/, ''))
  }
  return { control, kamailio, alice, bob, asked, push }
}

/** Connects media control, and waits until Kamailio's script knows. */
interface Connectable {
  control: { connectEvapi: (port: number) => Promise<(frame: object) => unknown> }
  kamailio: Kamailio
}

async function connectEvapi ({ control, kamailio }: Connectable) {
  const push = await control.connectEvapi(kamailio.evapiPort)
  for (let tries = 0; tries < 250 && !kamailio.logs().includes('ngpilot has connected'); tries++) await sleep(20)
  return push
}

type Site = Awaited<ReturnType<typeof startSite>>

/** Alice calls Bob, who picks up. */
async function call ({ alice, bob }: Site) {
  await register(bob)
  alice.request('INVITE', bob.uri, { body: sdp(4000) })
  const invite = await bob.receive(/^INVITE/)
  bob.reply(invite, '200 OK', { body: sdp(5000) })
  const ok = await alice.receive(/^SIP\/2.0 200/)
  alice.request('ACK', contactOf(ok), { headers: dialogHeaders(ok, '1 ACK') })
  await bob.receive(/^ACK/)
  return { invite, ok }
}

for (const way of ['http', 'evapi'] as const) {
  test(`${way}: a call goes through media control: offer, early answer, answer, and its end`, async (t) => {
    const site = await startSite(t, willing, { way })
    const { control, kamailio, alice, bob, asked } = site
    await register(bob)
    alice.request('INVITE', bob.uri, { body: sdp(4000) })
    const invite = await bob.receive(/^INVITE/)
    assert.match(invite.body, /s=rewritten/)
    if (way === 'http') assert.equal(control.asked[0]?.headers['content-type'], 'message/sip')
    assert.equal(control.asked[0]?.headers['ngpilot-source'], `sip:127.0.0.1:${alice.port};transport=udp`)
    assert.match(String(control.asked[0].headers['ngpilot-destination']), new RegExp(`^sip:(bob@)?127.0.0.1:${bob.port}`))
    assert.match(control.asked[0].sip, /^INVITE .*m=audio 4000/s)

    bob.reply(invite, '183 Session Progress', { body: sdp(5000) })
    assert.match((await alice.receive(/^SIP\/2.0 183/)).body, /s=rewritten/)
    bob.reply(invite, '200 OK', { body: sdp(5000) })
    const ok = await alice.receive(/^SIP\/2.0 200/)
    assert.match(ok.body, /s=rewritten/)
    alice.request('ACK', contactOf(ok), { headers: dialogHeaders(ok, '1 ACK') })
    await bob.receive(/^ACK/)
    alice.request('BYE', contactOf(ok), { headers: dialogHeaders(ok, '2 BYE') })
    bob.reply(await bob.receive(/^BYE/), '200 OK')
    await alice.receive(/^SIP\/2.0 200/)
    assert.deepEqual(await asked(4), ['INVITE', 'SIP/2.0 183 Session Progress', 'SIP/2.0 200 OK', 'BYE'])
    assert.doesNotMatch(kamailio.logs(), /ERROR|CRITICAL/)
  })

  test(`${way}: an offer that is refused is answered with the status that media control names`, async (t) => {
    const { alice, bob } = await startSite(t, except('INVITE', refused), { way })
    await register(bob)
    alice.request('INVITE', bob.uri, { body: sdp(4000) })
    await alice.receive(/^SIP\/2.0 488 Not Acceptable Here/)
    assert.ok(await bob.receivesNone(/^INVITE/, 200))
  })

  test(`${way}: media control that is silent, or gone, makes 503 within seconds, and is told that the call is over`, async (t) => {
    const { alice, bob, asked, kamailio } = await startSite(t, except('INVITE', undefined), { way })
    await register(bob)
    const before = performance.now()
    alice.request('INVITE', bob.uri, { body: sdp(4000) })
    await alice.receive(/^SIP\/2.0 503/)
    assert.ok(performance.now() - before < 4000)
    assert.deepEqual(await asked(2), ['INVITE', 'SIP/2.0 500 Failed'])
    assert.match(kamailio.logs(), /media control (does|did) not answer/)

    const gone = await startSite(t, willing, { way, settings: { NGPILOT_URL: 'http://127.0.0.1:9' } }, false)
    await register(gone.bob)
    gone.alice.request('INVITE', gone.bob.uri, { body: sdp(4000) })
    await gone.alice.receive(/^SIP\/2.0 503/)
  })

  test(`${way}: a call that is cancelled while media control thinks is over, and its end is told`, async (t) => {
    const { alice, bob, asked } = await startSite(t, except('INVITE', undefined), { way })
    await register(bob)
    const headers = ['Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKcancelled;rport', 'Call-ID: cancelled']
    alice.request('INVITE', bob.uri, { headers, body: sdp(4000) })
    await asked(1)
    alice.request('CANCEL', bob.uri, { headers })
    await alice.receive(/^SIP\/2.0 487/)
    assert.deepEqual((await asked(2)).slice(0, 2), ['INVITE', 'CANCEL'])
    assert.ok(await bob.receivesNone(/^INVITE/, 700))
  })

  test(`${way}: an INVITE that is repeated while media control thinks is asked about once`, async (t) => {
    const { alice, bob, asked } = await startSite(t, except('INVITE', undefined), { way })
    await register(bob)
    const headers = ['Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKrepeated;rport', 'Call-ID: repeated']
    alice.request('INVITE', bob.uri, { headers, body: sdp(4000) })
    await asked(1)
    alice.request('INVITE', bob.uri, { headers, body: sdp(4000) })
    await alice.receive(/^SIP\/2.0 503/)
    assert.deepEqual(await asked(2), ['INVITE', 'SIP/2.0 500 Failed'])
  })

  test(`${way}: a callee that declines ends the media, a caller that gives up as well`, async (t) => {
    const { alice, bob, asked } = await startSite(t, willing, { way })
    await register(bob)
    alice.request('INVITE', bob.uri, { body: sdp(4000) })
    bob.reply(await bob.receive(/^INVITE/), '486 Busy Here')
    await alice.receive(/^SIP\/2.0 486/)
    assert.deepEqual(await asked(2), ['INVITE', 'SIP/2.0 486 Failed'])

    const headers = ['Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKringing;rport', 'Call-ID: ringing']
    alice.request('INVITE', bob.uri, { headers, body: sdp(4000) })
    const ringing = await bob.receive(/^INVITE/)
    bob.reply(ringing, '180 Ringing')
    await alice.receive(/^SIP\/2.0 180/)
    alice.request('CANCEL', bob.uri, { headers })
    bob.reply(await bob.receive(/^CANCEL/), '200 OK')
    bob.reply(ringing, '487 Request Terminated')
    await alice.receive(/^SIP\/2.0 487/)
    await sleep(200)
    // Different processes of Kamailio tell of the last two.
    assert.deepEqual((await asked(5)).slice(2).sort(), ['CANCEL', 'INVITE', 'SIP/2.0 487 Failed'])
  })

  test(`${way}: a 200 is held back while media control has a fault, and gets through when it is repeated`, async (t) => {
    const { control, alice, bob } = await startSite(t, except('SIP/2.0 200', { status: 503, body: '{}' }), { way })
    await register(bob)
    alice.request('INVITE', bob.uri, { body: sdp(4000) })
    const invite = await bob.receive(/^INVITE/)
    bob.reply(invite, '200 OK', { body: sdp(5000) })
    assert.ok(await alice.receivesNone(/^SIP\/2.0 [2-6]/, 300))
    control.answer = willing
    bob.reply(invite, '200 OK', { body: sdp(5000) })
    assert.match((await alice.receive(/^SIP\/2.0 200/)).body, /s=rewritten/)
  })

  test(`${way}: a 200 that media control refuses for good fails the call`, async (t) => {
    const { alice, bob, asked } = await startSite(t, except('SIP/2.0 200', refused), { way })
    await register(bob)
    alice.request('INVITE', bob.uri, { body: sdp(4000) })
    const invite = await bob.receive(/^INVITE/)
    bob.reply(invite, '200 OK', { body: sdp(5000) })
    await alice.receive(/^SIP\/2.0 488 Not Acceptable Here/)
    await asked(3) // the failure is told by another process than the one that asks about the next 200
    bob.reply(invite, '200 OK', { body: sdp(5000) })
    assert.ok(await alice.receivesNone(/^SIP\/2.0 200/, 300))
    assert.deepEqual(await asked(4), ['INVITE', 'SIP/2.0 200 OK', 'SIP/2.0 488 Failed', 'SIP/2.0 200 OK'])
  })

  test(`${way}: an early answer that media control refuses rings without SDP`, async (t) => {
    const { alice, bob } = await startSite(t, except('SIP/2.0 180', refused), { way })
    await register(bob)
    alice.request('INVITE', bob.uri, { body: sdp(4000) })
    bob.reply(await bob.receive(/^INVITE/), '180 Ringing', { body: sdp(5000) })
    assert.equal((await alice.receive(/^SIP\/2.0 180/)).body, '')
  })

  test(`${way}: a re-INVITE from either side is asked about; its failure ends nothing`, async (t) => {
    const site = await startSite(t, willing, { way })
    const { control, alice, bob, asked } = site
    const { invite, ok } = await call(site)
    bob.request('INVITE', contactOf(invite), {
      headers: [
        `From: ${ok.header('To')}`, `To: ${ok.header('From')}`, `Call-ID: ${ok.header('Call-ID')}`, 'CSeq: 7 INVITE',
        `Route: ${invite.header('Record-Route')}`,
      ],
      body: sdp(5002),
    })
    const again = await alice.receive(/^INVITE/)
    assert.match(again.body, /s=rewritten/)
    alice.reply(again, '488 Not Acceptable Here')
    await bob.receive(/^SIP\/2.0 488/)
    assert.deepEqual((await asked(4)).slice(2), ['INVITE', 'SIP/2.0 488 Failed'])

    control.answer = except('INVITE', { status: 404, body: '{}', sipStatus: '481 Call/Transaction Does Not Exist' })
    alice.request('INVITE', contactOf(ok), { headers: dialogHeaders(ok, '2 INVITE'), body: sdp(4002) })
    await alice.receive(/^SIP\/2.0 488/) // 481 would end the dialog
  })

  test(`${way}: a late offer: an INVITE without SDP, and the answer in the ACK`, async (t) => {
    const { alice, bob, asked } = await startSite(t, willing, { way })
    await register(bob)
    alice.request('INVITE', bob.uri)
    const invite = await bob.receive(/^INVITE/)
    assert.equal(invite.body, '')
    bob.reply(invite, '200 OK', { body: sdp(5000) })
    const ok = await alice.receive(/^SIP\/2.0 200/)
    alice.request('ACK', contactOf(ok), { headers: dialogHeaders(ok, '1 ACK'), body: sdp(4000) })
    assert.match((await bob.receive(/^ACK/)).body, /s=rewritten/)
    assert.deepEqual(await asked(3), ['INVITE', 'SIP/2.0 200 OK', 'ACK'])
  })

  test(`${way}: of several devices each gets an offer of its own, told apart in its answer`, async (t) => {
    const site = await startSite(t, except('INVITE', rewritten), { way, settings: { NGPILOT_TOKEN: 'a-token-of-sixteen' } })
    const { control, kamailio, alice, bob } = site
    const tablet = await openPeer(t, 'bob', kamailio)
    await register(bob)
    await register(tablet)
    alice.request('INVITE', bob.uri, { body: sdp(4000) })
    bob.reply(await bob.receive(/^INVITE/), '180 Ringing')
    const onTablet = await tablet.receive(/^INVITE/)
    assert.match(onTablet.body, /s=rewritten/)
    tablet.reply(onTablet, '200 OK', { body: sdp(5000) })
    await alice.receive(/^SIP\/2.0 200/)
    await bob.receive(/^CANCEL/)
    const branches = control.asked.map(({ headers }) => headers['ngpilot-via-branch'])
    assert.equal(new Set(branches.slice(0, 2)).size, 2)
    const tabletOffer = control.asked.find(({ headers }) => String(headers['ngpilot-destination']).includes(`:${tablet.port}`))
    assert.equal(branches[2], tabletOffer?.headers['ngpilot-via-branch'])
    assert.ok(control.asked.every(({ path, headers }) => path === '/evapi' || headers.authorization === 'Bearer a-token-of-sixteen'))
  })

  test(`${way}: an SDP of 60 KB passes`, async (t) => {
    const long = 'a=candidate:1 1 udp 2113937151 192.0.2.1 54400 typ host\r\n'.repeat(1000)
    const { alice, bob } = await startSite(t, except('INVITE', { status: 200, body: `v=0\r\n${long}` }), { way })
    await register(bob)
    const headers = ['Contact: <sip:alice@127.0.0.1>']
    alice.request('INVITE', bob.uri, { headers, body: sdp(4000) })
    assert.equal((await bob.receive(/^INVITE/)).body.length, long.length + 5)
  })
}

test('an event ends the dialog of a call without media: over evapi, and posted by the webhook', async (t) => {
  const eventsPort = await freePort()
  for (const options of [{ way: 'evapi' }, { way: 'http', settings: { MEDIA_EVENTS_PORT: String(eventsPort) } }] as const) {
    const site = await startSite(t, willing, options)
    const { alice, bob } = site
    const { invite, ok } = await call(site)
    const tag = (text: string) => /;tag=([^;>]*)/.exec(text)?.[1] ?? ''
    const push = async (event: object) => {
      const frame = { node: 'n1', at: 1, callId: ok.header('Call-ID'), tags: [tag(ok.header('From')), tag(ok.header('To'))], ...event }
      if (options.way === 'evapi') site.push(frame)
      else assert.equal((await fetch(`http://127.0.0.1:${eventsPort}/`, { method: 'POST', body: JSON.stringify(frame) })).status, 200)
    }
    await push({ event: 'dtmf', tag: 'a', digit: '5', durationMs: 100 })
    await push({ event: 'stranded', reason: 'gone', canReanchor: true })
    await push({ event: 'media-timeout', callId: 'another call' })
    assert.ok(await bob.receivesNone(/^BYE/, 200))
    await push(options.way === 'evapi' ? { event: 'media-timeout' } : { event: 'stranded', reason: 'gone', canReanchor: false })
    for (const party of [alice, bob]) {
      const bye = await party.receive(/^BYE/)
      assert.equal(bye.header('Call-ID'), invite.header('Call-ID'))
      party.reply(bye, '200 OK')
    }
  }
})

test('evapi: while no ngpilot is connected, Kamailio asks by HTTP; afterwards by evapi', async (t) => {
  const site = await startSite(t, willing, { way: 'evapi' }, false)
  const { control, alice, bob, asked } = site
  const { ok } = await call(site)
  alice.request('BYE', contactOf(ok), { headers: dialogHeaders(ok, '2 BYE') })
  bob.reply(await bob.receive(/^BYE/), '200 OK')
  await alice.receive(/^SIP\/2.0 200/)
  assert.deepEqual(await asked(3), ['INVITE', 'SIP/2.0 200 OK', 'BYE'])
  assert.ok(control.asked.every(({ path }) => path === '/v1/sip'))

  await connectEvapi(site)
  alice.request('INVITE', bob.uri, { body: sdp(4000) })
  assert.match((await bob.receive(/^INVITE/)).body, /s=rewritten/)
  assert.equal(control.asked[3]?.path, '/evapi')
})

test('evapi: a body with a NUL or with bytes that are no UTF-8 arrives as it is', async (t) => {
  const { control, kamailio, alice, bob, asked } = await startSite(t, () => nothingToDo, { way: 'evapi' })
  await register(bob)
  const body = Buffer.concat([Buffer.from(sdp(4000)), Buffer.from('s=a\0b\xfc\r\n', 'latin1')])
  const head = Buffer.from([
    `INVITE ${bob.uri} SIP/2.0`, `Via: SIP/2.0/UDP 127.0.0.1:${alice.port};branch=z9hG4bKnul;rport`, 'Max-Forwards: 70', 'CSeq: 1 INVITE',
    `From: <${alice.uri}>;tag=1`, `To: <${bob.uri}>`, 'Call-ID: nul', `Contact: <sip:alice@127.0.0.1:${alice.port}>`,
    'Content-Type: application/sdp', `Content-Length: ${body.length}`, '', '',
  ].join('\r\n'))
  alice.send(Buffer.concat([head, body]))
  await bob.receive(/^INVITE/)
  await asked(1)
  assert.equal(control.asked[0]?.bytes.subarray(-body.length).toString('latin1'), body.toString('latin1'))
  assert.doesNotMatch(kamailio.logs(), /ERROR|CRITICAL/)
})

test('it relays for nobody but its users: strangers, strange domains and made-up dialogs are refused', async (t) => {
  const { alice, bob, kamailio, asked } = await startSite(t)
  await register(bob)
  alice.request('INVITE', bob.uri, { headers: ['From: <sip:eve@elsewhere.test>;tag=1'], body: sdp(4000) })
  await alice.receive(/^SIP\/2.0 403/)
  alice.request('INVITE', `sip:bob@127.0.0.1:${bob.port}`, { body: sdp(4000) })
  await alice.receive(/^SIP\/2.0 403/)
  alice.request('INVITE', 'sip:nobody@example.test', { body: sdp(4000) })
  await alice.receive(/^SIP\/2.0 404/)
  alice.request('INVITE', `sip:bob@127.0.0.1:${bob.port}`, {
    headers: ['To: <sip:bob@example.test>;tag=made-up', `Route: <sip:127.0.0.1:${kamailio.sipPort};lr;mark=0>`],
    body: sdp(4000),
  })
  await alice.receive(/^SIP\/2.0 403/)
  assert.ok(await bob.receivesNone(/^INVITE/, 100))
  assert.deepEqual(await asked(0), [])
})

test('a number goes to the trunk, with the trunk\'s name for the policy; the trunk may call our users', async (t) => {
  const trunk = await openPeer(t, 'trunk', { sipPort: 9, domain: 'carrier.test' })
  const out = await startSite(t, willing, { settings: { TRUNK_URI: `sip:127.0.0.1:${trunk.port};transport=udp`, TRUNK_NAME: 'acme' } })
  out.alice.request('INVITE', 'sip:+4930123@example.test', { body: sdp(4000) })
  assert.equal((await trunk.receive(/^INVITE/)).startLine, `INVITE sip:+4930123@127.0.0.1:${trunk.port};transport=udp SIP/2.0`)
  assert.equal(out.control.asked[0]?.headers['ngpilot-destination-vars'], 'trunk=acme')

  const inbound = await startSite(t, willing, { settings: { TRUNK_SOURCES: '192.0.2.0/24,127.0.0.0/8', WITH_AUTH: '1' }, files: { 'users.cfg': '' } })
  inbound.alice.request('INVITE', 'sip:+4930123@example.test', { headers: ['From: <sip:eve@elsewhere.test>;tag=1'], body: sdp(4000) })
  await inbound.alice.receive(/^SIP\/2.0 404/)
})

test('with WITH_AUTH a user registers and calls with the password alone', async (t) => {
  const users = 'event_route[htable:mod-init] { $sht(users=>alice) = "secret"; $sht(users=>bob) = "other"; }\n'
  const { kamailio, alice } = await startSite(t, () => nothingToDo, {
    settings: { WITH_AUTH: '1' }, files: { 'users.cfg': users },
  })
  const registrar = { port: kamailio.sipPort }
  const phone = (user: string, password: string) => startBaresip(t, { user, password, domain: kamailio.domain, registrar })
  await assert.rejects(phone('alice', 'wrong'), /could not register: 401/)
  await assert.rejects(phone('alice', 'other'), /could not register: 401/)
  const [caller, callee] = [await phone('bob', 'other'), await phone('alice', 'secret')]
  alice.request('INVITE', callee.uri, { body: sdp(4000) })
  await alice.receive(/^SIP\/2.0 407/)
  await caller.dial(callee.uri)
  assert.doesNotMatch(kamailio.logs(), /ERROR|CRITICAL/)
})
