import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { startKamailio } from '../../../stack/kamailio.ts'
import { startNgpilot } from '../../../stack/ngpilot.ts'
import { freePort } from '../../../stack/ports.ts'
import { startRtpengine } from '../../../stack/rtpengine.ts'
import { startSipp } from '../../../stack/sipp.ts'
import { ensureTree } from '../../../stack/tree.ts'
import { callee, caller } from '../../bench/kamailio-scenarios.ts'
import { startNgCaller } from '../../support/ng-caller.ts'
import { contactOf, dialogHeaders, openPeer, register, sdp } from '../../stack/fixtures/sip-peer.ts'
import { trustingPolicy } from '../../transparency/compare.ts'
import { inTheField, proxyWith } from './kamailio-config.ts'

/** An ngpilot that trusts its clients, in a process of its own, and where it poses as an rtpengine. */
async function startPosing (t: TestContext, nodes: number[]) {
  const port = await freePort()
  const ngpilot = await startNgpilot(t, {
    env: {
      NGPILOT_RTPENGINE_NODES: nodes.map((node) => `127.0.0.1:${node}`).join(','), NGPILOT_NG_LISTEN: `127.0.0.1:${port}`,
      NGPILOT_POLICY_DIRECTORY: await trustingPolicy(t), NGPILOT_LOG_LEVEL: 'warn',
    },
  })
  return { ...ngpilot, socket: `udp:127.0.0.1:${port}` }
}

async function callsOf (t: TestContext, ngPort: number): Promise<string[]> {
  const direct = await startNgCaller(t, { port: ngPort })
  return (await direct.ask({ command: 'list' })).calls as string[]
}

test('configurations of the kind that people have work with one address changed', async (t) => {
  const rtpengine = await startRtpengine(t, { args: ['--interface=internal/127.0.0.1', '--interface=external/127.0.0.1'] })
  const ngpilot = await startPosing(t, [rtpengine.port])
  for (const { name, request, reply, protocol } of inTheField) {
    const uas = await startSipp(t, { scenario: callee, calls: 1_000_000 })
    const kamailio = await startKamailio(t, { files: { 'kamailio.cfg': proxyWith(ngpilot.socket, uas.port, { request, reply }) } })
    const uac = await startSipp(t, {
      scenario: caller, target: `${kamailio.address}:${kamailio.sipPort}`, args: ['-s', '1000', '-key', 'domain', kamailio.domain],
    })
    await uac.success()
    const offered = /^m=audio (\d+) (.*)$/m.exec(await uas.messages())
    const answered = /SIP\/2\.0 200[^]*?^m=audio (\d+) (.*)$/m.exec(await uac.messages())
    for (const [port] of [offered, answered].map((found) => found?.slice(1).map(Number) ?? [])) {
      const { min, max } = rtpengine.rtpPorts
      assert.ok(port !== undefined && port >= min && port <= max, `${name}: ${port} is none of rtpengine's ports`)
    }
    assert.ok(offered?.[2]?.startsWith(protocol), `${name}: offered ${offered?.[2] ?? 'nothing'}`)
    assert.ok(answered?.[2]?.startsWith('RTP/AVP 0'), `${name}: answered ${answered?.[2] ?? 'nothing'}`)
    await uas.stop()
    await kamailio.stop()
  }
  assert.deepEqual(await callsOf(t, rtpengine.port), [])
})

for (const release of ['bookworm', 'trixie'] as const) {
  test(`the kamailio.cfg that ${release}'s package installs, with WITH_NAT and WITH_RTPENGINE, needs one address changed`, async (t) => {
    const tree = await ensureTree({ release })
    const installed = await readFile(`${tree}/etc/kamailio/kamailio.cfg`, 'utf8')
    const rtpengine = await startRtpengine(t)
    const ngpilot = await startPosing(t, [rtpengine.port])
    const changed = installed.replace('"rtpengine_sock", "udp:127.0.0.1:2223"', `"rtpengine_sock", "${ngpilot.socket}"`)
    assert.notEqual(changed, installed)
    const sipPort = await freePort()
    const kamailio = await startKamailio(t, {
      tree, sipPort, domain: `127.0.0.1:${sipPort}`, files: { 'kamailio.cfg': changed },
      args: ['-A', 'WITH_NAT', '-A', 'WITH_RTPENGINE', '-l', `udp:127.0.0.1:${sipPort}`],
    })
    // Both are behind a NAT: their own addresses are private ones.
    const behindNat = (port: number) => sdp(port).replaceAll('127.0.0.1', '10.0.0.7')
    const [alice, bob] = [await openPeer(t, 'alice', kamailio), await openPeer(t, 'bob', kamailio)]
    await register(bob, ['Contact: <sip:bob@10.0.0.8:5060>'])
    alice.request('INVITE', bob.uri, { headers: ['Contact: <sip:alice@10.0.0.7:5060>'], body: behindNat(4000) })
    const invite = await bob.receive(/^INVITE/)
    bob.reply(invite, '200 OK', { body: behindNat(4002) })
    const ok = await alice.receive(/^SIP\/2.0 200/)
    const { min, max } = rtpengine.rtpPorts
    for (const { body } of [invite, ok]) {
      const port = Number(/^m=audio (\d+)/m.exec(body)?.[1])
      assert.ok(port >= min && port <= max, `${port} is none of rtpengine's ports`)
      assert.doesNotMatch(body, /10\.0\.0\.7/)
    }
    assert.equal((await callsOf(t, rtpengine.port)).length, 1)
    alice.request('BYE', contactOf(ok), { headers: dialogHeaders(ok, '2 BYE') })
    bob.reply(await bob.receive(/^BYE/), '200 OK')
    await alice.receive(/^SIP\/2.0 200/)
    assert.deepEqual(await callsOf(t, rtpengine.port), [])
  })
}

/** Kamailio asks a silent one for five seconds, and a SIP phone is more patient than that: RFC 3261 says 32 s. */
const patient = (scenario: string) => scenario.replace(/timeout="\d+"/g, 'timeout="32000"')

test('of three ngpilots one falls silent and another is killed: Kamailio does as its manual says, and calls go on', async (t) => {
  const rtpengine = await startRtpengine(t)
  const [one, two] = await Promise.all([startPosing(t, [rtpengine.port]), startPosing(t, [rtpengine.port])])
  const three = await startPosing(t, [rtpengine.port])
  const uas = await startSipp(t, { scenario: patient(callee), calls: 1_000_000 })
  const flags = { request: 'rtpengine_offer("RTP/AVP replace-origin")', reply: 'rtpengine_answer("RTP/AVP replace-origin")' }
  const kamailio = await startKamailio(t, {
    files: { 'kamailio.cfg': proxyWith([one, two, three].map(({ socket }) => socket).join(' '), uas.port, flags) },
  })
  // SIPp makes its Call-IDs of its pid, which is the same each time in a namespace of its own.
  const callsAt = (perSecond: number, calls: number) => startSipp(t, {
    scenario: patient(caller), target: `${kamailio.address}:${kamailio.sipPort}`, calls,
    args: ['-s', '1000', '-r', String(perSecond), '-key', 'domain', kamailio.domain, '-timeout', '60', '-cid_str', `${calls}-%u@%s`],
  })
  const said = async (words: RegExp) => {
    for (let tries = 0; tries < 300 && !words.test(kamailio.logs()); tries++) await sleep(100)
    assert.match(kamailio.logs(), words)
  }
  const both = await callsAt(4, 12)
  await sleep(1200)
  process.kill(one.pid, 'SIGSTOP')
  // Five times a second apart it asks in vain, then leaves the silent one alone and asks the other.
  await said(/timeout waiting reply for command/)
  await both.success()
  // To this one nothing can be sent, and no time is lost.
  process.kill(two.pid, 'SIGKILL')

  const before = (await uas.messages()).length
  await (await callsAt(8, 10)).success()
  const offers = (await uas.messages()).slice(before).match(/^INVITE [^]*?^m=audio \d+/gm) ?? []
  assert.equal(offers.length, 10)
  for (const offer of offers) {
    const port = Number(/\d+$/.exec(offer)?.[0])
    assert.ok(port >= rtpengine.rtpPorts.min && port <= rtpengine.rtpPorts.max, `${port} is none of rtpengine's ports`)
  }
  // They have ended too. A call that began with a lost one it deletes nowhere, and its BYE passes all the same.
  assert.deepEqual((await callsOf(t, rtpengine.port)).filter((callId) => callId.startsWith('10-')), [])
  const lost = [one, two].map(({ socket }) => `<${socket}>|known \\(${socket}\\)`).join('|')
  for (const failure of kamailio.logs().match(/ERROR: rtpengine.*/g) ?? []) {
    assert.match(failure, new RegExp(`${lost}|no available proxies`), 'it blames the lost ones alone')
  }
})
