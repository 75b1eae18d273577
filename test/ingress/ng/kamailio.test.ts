import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { startKamailio } from '../../../stack/kamailio.ts'
import { startNgpilot } from '../../../stack/ngpilot.ts'
import { freePort } from '../../../stack/ports.ts'
import { startRtpengine } from '../../../stack/rtpengine.ts'
import { startSipp } from '../../../stack/sipp.ts'
import { callee, caller } from '../../bench/kamailio-scenarios.ts'
import { startNgCaller } from '../../support/ng-caller.ts'
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

/** Kamailio asks a silent one for five seconds, and a SIP phone is more patient than that: RFC 3261 says 32 s. */
const patient = (scenario: string) => scenario.replace(/timeout="\d+"/g, 'timeout="32000"')

test('of two ngpilots one falls silent, then is killed: Kamailio does as its manual says, and calls go on', async (t) => {
  const rtpengine = await startRtpengine(t)
  const [one, two] = await Promise.all([startPosing(t, [rtpengine.port]), startPosing(t, [rtpengine.port])])
  const uas = await startSipp(t, { scenario: patient(callee), calls: 1_000_000 })
  const flags = { request: 'rtpengine_offer("RTP/AVP replace-origin")', reply: 'rtpengine_answer("RTP/AVP replace-origin")' }
  const kamailio = await startKamailio(t, {
    files: { 'kamailio.cfg': proxyWith(`${one.socket} ${two.socket}`, uas.port, flags) },
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
  process.kill(one.pid, 'SIGKILL')
  await both.success()

  const before = (await uas.messages()).length
  await (await callsAt(8, 10)).success()
  const offers = (await uas.messages()).slice(before).match(/^INVITE [^]*?^m=audio \d+/gm) ?? []
  assert.equal(offers.length, 10)
  for (const offer of offers) {
    const port = Number(/\d+$/.exec(offer)?.[0])
    assert.ok(port >= rtpengine.rtpPorts.min && port <= rtpengine.rtpPorts.max, `${port} is none of rtpengine's ports`)
  }
  // The new ones have ended too. A call that began with the killed one it deletes nowhere, and its BYE passes all the same.
  assert.deepEqual((await callsOf(t, rtpengine.port)).filter((callId) => callId.startsWith('10-')), [])
  for (const failure of kamailio.logs().match(/ERROR: rtpengine.*/g) ?? []) {
    assert.match(failure, new RegExp(`<${one.socket}>|known \\(${one.socket}\\)|no available proxies`), 'it blames the killed one alone')
  }
})
