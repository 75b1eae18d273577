import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { analyze } from '../../src/analyze/analyze.ts'
import { type Report, reportOf } from '../../src/analyze/report.ts'
import { type CaptureProgram, startCapture } from '../../stack/capture.ts'
import type { StackContext } from '../../stack/context.ts'
import { type BrowserPhone, startBrowserPhone } from '../support/browser-phone.ts'
import { type RtpEnd, type RtpEndOptions, startRtpEnd } from '../support/rtp-end.ts'
import { openPhone } from '../support/sip-call.ts'
import { phoneHz, startSipPhone } from '../support/sip-phone.ts'
import { type Site, startSite } from '../support/site.ts'
import { dialogHeaders, openPeer, register, type SipPeer } from '../stack/fixtures/sip-peer.ts'
import { chunked } from './traces.ts'

/** A real call, captured, and what must be found in it: all errors and warnings, in alphabetical order. */
export interface WireCall {
  name: string
  /** In a pcap and a pcapng. */
  expected: string[]
  /** In text, which has no media. Default: the same. */
  inText?: string[]
  /** Profiles in place of those that ship. */
  policy?: string
  call: (t: StackContext, site: Site, browser: () => Promise<BrowserPhone>) => Promise<void>
}

/** From Chromium to a phone that picks up; then what `happens`, and the end, by the browser if it can. */
function browserCalls (
  { phone: options, spoils = 'nothing', happens = () => sleep(7000) }: {
    phone?: Parameters<typeof startSipPhone>[2]
    spoils?: Parameters<BrowserPhone['spoil']>[0]
    happens?: (browser: BrowserPhone) => Promise<unknown>
  } = {},
): WireCall['call'] {
  return async (t, { kamailio }, browser) => {
    const [phone, page] = [await startSipPhone(t, kamailio, options), await browser()]
    await page.spoil(spoils)
    await page.call(phone.uri).catch(() => undefined)
    await happens(page)
    await phone.hangup().catch(() => undefined)
    await phone.stop()
  }
}

/** Between two phones whose SDP and media are the test's own. */
export function phonesTalk ({ caller = {}, callee = {}, seconds = 6 }: { caller?: RtpEndOptions, callee?: RtpEndOptions, seconds?: number } = {}): WireCall['call'] {
  return async (t, { kamailio }) => {
    const [alice, bob] = [await openPeer(t, 'alice', kamailio), await openPeer(t, 'bob', kamailio)]
    const [here, there] = [await startRtpEnd(t, caller), await startRtpEnd(t, callee)]
    await register(bob)
    alice.request('INVITE', bob.uri, { body: sdpOf(here, caller) })
    const invite = await bob.receive(/^INVITE/)
    there.sendTo(invite.body)
    bob.reply(invite, '200 OK', { body: sdpOf(there, callee) })
    const ok = await alice.receive(/^SIP\/2.0 200/)
    here.sendTo(ok.body)
    inDialog(alice, bob, 'ACK', dialogHeaders(ok, '1 ACK'))
    await bob.receive(/^ACK/)
    await sleep(seconds * 1000)
    inDialog(alice, bob, 'BYE', dialogHeaders(ok, '2 BYE'))
    bob.reply(await bob.receive(/^BYE/), '200 OK')
    await alice.receive(/^SIP\/2.0 200/)
    here.silence()
    there.silence()
  }
}

function inDialog (from: SipPeer, to: SipPeer, method: string, headers: string[]): void {
  from.request(method, `sip:bob@127.0.0.1:${to.port}`, { headers })
}

function sdpOf ({ port }: RtpEnd, { ptime = 20 }: RtpEndOptions): string {
  return [
    'v=0', `o=- 77${port} 1 IN IP4 127.0.0.1`, 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${port} RTP/AVP 0`,
    'a=rtpmap:0 PCMU/8000', `a=ptime:${ptime}`, 'a=sendrecv', '',
  ].join('\r\n')
}

export const choppy: WireCall = {
  name: 'choppy: 30 ms against 20 ms', expected: ['OA-06'], call: phonesTalk({ caller: { ptime: 30 }, seconds: 1 }),
}

export const wireCalls: WireCall[] = [
  { name: 'Chromium calls a phone, healthy', expected: [], call: browserCalls({ happens: (browser) => browser.hears(phoneHz).then(() => sleep(7000)) }) },
  {
    name: 'a phone calls Chromium, healthy', expected: [],
    async call (t, { kamailio }, browser) {
      const [phone, page] = [await startSipPhone(t, kamailio, { user: 'calling' }), await browser()]
      await Promise.all([page.answered(), phone.dial(page.uri)])
      await page.hears(phoneHz)
      await sleep(7000)
      await page.hangup()
      await sleep(500)
      await phone.stop()
    },
  },
  { name: 'two phones, healthy', expected: [], call: phonesTalk() },
  {
    name: 'no audio: ICE password altered in the page', expected: ['DTLS-02', 'ICE-01', 'RTP-01'], inText: [],
    call: browserCalls({ spoils: 'ice-pwd' }),
  },
  {
    name: 'no audio: fingerprint altered in the page', expected: ['DTLS-02', 'RTP-01'], inText: [],
    call: browserCalls({ spoils: 'fingerprint' }),
  },
  {
    // Its offer, masked, is not in the text.
    name: 'no audio: a browser is answered as a phone', expected: ['WEB-01', 'WEB-02', 'WEB-03', 'WEB-08'],
    inText: ['WEB-01', 'WEB-02', 'WEB-03'],
    policy: 'browser: { extends: sip, codecs: [PCMU, telephone-event] }',
    call: browserCalls({ happens: () => sleep(1000) }),
  },
  {
    name: '488: the profile of a browser for a phone', expected: ['ANY-13', 'SIG-02', 'SIP-03', 'SIP-04', 'SIP-10'],
    policy: 'phone: { extends: sip, codecs: [PCMU, PCMA, G722, telephone-event], ng: { transport-protocol: UDP/TLS/RTP/SAVPF } }',
    call: browserCalls({ happens: () => sleep(1000) }),
  },
  { name: '488: a phone that wants SRTP', expected: ['SIG-02'], call: browserCalls({ phone: { encryption: 'srtp-mandf' }, happens: () => sleep(1000) }) },
  choppy,
  { name: 'choppy: one packet in ten is lost', expected: ['RTP-02'], inText: [], call: phonesTalk({ callee: { loses: 0.1 } }) },
  {
    name: 'stops after 32 s: the ACK never comes', expected: ['SIG-01'],
    async call (t, { kamailio }) {
      const phone = await startSipPhone(t, kamailio, { user: 'unacknowledged' })
      const caller = await openPhone(t, 'forgetful', kamailio)
      caller.peer.request('INVITE', phone.uri, { body: caller.sdp() })
      caller.sendTo((await caller.peer.receive(/^SIP\/2.0 200/)).body)
      caller.peer.reply(await caller.peer.receive(/^BYE/, 45_000), '200 OK')
      await sleep(300)
      await phone.stop()
    },
  },
  {
    name: 'stops: the page drops its connection', expected: ['RTP-04'], inText: [],
    call: browserCalls({ happens: async (browser) => {
      await sleep(6000)
      await browser.vanish()
      await sleep(9000)
    } }),
  },
]

export interface FoundOnWire { program: CaptureProgram, wire: WireCall, expected: string[], found: string[], report: Report }

/** Makes calls on sites of their own kind, one after the other, and analyzes what each program has captured of them. */
export async function wireFindings (
  t: StackContext, calls: readonly WireCall[], programs: readonly CaptureProgram[],
  tell: (name: string) => void = () => undefined,
): Promise<FoundOnWire[]> {
  const results: FoundOnWire[] = []
  for (const policy of new Set(calls.map((wire) => wire.policy))) {
    const folder = policy === undefined ? 'policy' : await policyFolder(t, policy)
    const site = await startSite(t, { env: { NGPILOT_POLICY_DIRECTORY: folder } })
    let page: Promise<BrowserPhone> | undefined
    const browser = () => page ??= startBrowserPhone(t, site.kamailio)
    for (const wire of calls.filter((each) => each.policy === policy)) {
      tell(wire.name)
      const captures = await Promise.all(programs.map(async (program) =>
        ({ program, capture: await startCapture(t, program, filterOf(site, program)) })))
      await wire.call(t, site, browser)
      const captured = await Promise.all(captures.map(async ({ program, capture }) =>
        ({ program, bytes: await capture.end() })))
      for (const { program, bytes } of captured) {
        const report = await reportOn(bytes)
        const grave = report.calls.flatMap(({ findings }) => findings).filter(({ severity }) => severity !== 'note')
        const expected = program === 'ngrep' ? wire.inText ?? wire.expected : wire.expected
        results.push({ program, wire, expected, found: [...new Set(grave.map(({ id }) => id))].sort(), report })
      }
    }
  }
  return results
}

/** The ports of the site; ngrep is there for SIP alone. */
function filterOf ({ kamailio: { sipPort, wsPort }, rtpengine: { rtpPorts } }: Site, program: CaptureProgram): string {
  const signalling = `port ${sipPort} or port ${wsPort}`
  return program === 'ngrep' ? signalling : `${signalling} or portrange ${rtpPorts.min}-${rtpPorts.max}`
}

async function reportOn (bytes: Buffer): Promise<Report> {
  return reportOf(await analyze(chunked(bytes, 65_536), { hints: { byAddress: new Map() } }))
}

/** The policy that ships with one profile that is another. */
async function policyFolder (t: StackContext, profile: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ngpilot-policy-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const name = profile.slice(0, profile.indexOf(':'))
  const profiles = { browser: 'browser: { extends: webrtc, codecs: [opus, PCMU, telephone-event] }', phone: 'phone: { extends: sip, codecs: [PCMU, telephone-event] }', [name]: profile }
  await writeFile(join(folder, 'policy.yaml'), [
    'version: 1', 'profiles:', ...Object.values(profiles).map((line) => `  ${line}`),
    'endpoints:', '  - { profile: browser, match: { transport: [ws, wss] } }', '  - { profile: phone }', '',
  ].join('\n'))
  return folder
}
