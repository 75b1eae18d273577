import { alert, certificate, done, dtls, fingerprintOf, hello, stun } from './handshakes.ts'
import { call, ethernet, ipv4, pcapOf, places, record, rtp, sdps, type Sent, sip, troubles, udp } from './traces.ts'

type Line = Parameters<typeof sip>[0]

const invite = 'INVITE sip:bob@example.com SIP/2.0'
const fromPhone = (start: string, at: number, cseq: string, more: Partial<Line> = {}): Sent =>
  sip({ from: 'phone', to: 'proxy', start, at, cseq, ...more })
const again = (...times: number[]): Sent[] =>
  times.map((at) => sip({ from: 'proxy', to: 'phone', start: invite, at, sdp: sdps.phoneOffer }))
const changed = (trace: readonly Sent[], change: (text: string, at: number) => string): Sent[] =>
  trace.map((each) => ({ ...each, text: change(each.text, each.at) }))

/** The phone's own request within the dialog: its tag is the callee's. */
const ofPhone = (trace: readonly Sent[]): Sent[] => changed(trace, (text) =>
  text.replace('tag=caller', 'tag=x').replace('tag=callee', 'tag=caller').replace('tag=x', 'tag=callee'))
const timer = (text: string): string => text.replace('Call-ID', 'Session-Expires: 1800;refresher=uac\r\nCall-ID')
const refreshed = (status: string, byeAt = 900.2, change = timer): Sent[] => [
  ...changed(call().slice(0, 9), (text, at) => at > 1 && at < 3 ? change(text) : text),
  ...ofPhone([
    fromPhone('INVITE sip:alice@203.0.113.5 SIP/2.0', 900, '1 INVITE', { toTag: 'caller' }),
    sip({ from: 'proxy', to: 'phone', start: `SIP/2.0 ${status}`, at: 900.1, cseq: '1 INVITE', toTag: 'caller' }),
    fromPhone('BYE sip:alice@203.0.113.5 SIP/2.0', byeAt, '2 BYE', { toTag: 'caller' }),
  ]),
]
const withTimer = (upSeconds: number): Sent[] =>
  changed(call().map((each) => each.at >= 60 ? { ...each, at: each.at - 60 + upSeconds } : each), (text, at) =>
    at > 1 && at < 3 ? timer(text) : text)
const withReason = (reason: string): Sent[] =>
  changed(call(), (text) => text.replace('CSeq: 2 BYE', `${reason}CSeq: 2 BYE`))
const refusedWith = (status: string): Sent[] => [...call().slice(0, 3), fromPhone(`SIP/2.0 ${status}`, 1, '1 INVITE')]
const noAck = troubles['audio stops after 30 seconds'].trace

const media = { phone: '192.0.2.77:35000', relay: '203.0.113.5:31542' }
interface Stream {
  isLost?: (index: number) => boolean
  count?: number
  lateMs?: (index: number) => number
  from?: number
}
/** RTP from one end to another, one packet each 20 ms from the answer, or another second, on. */
function stream (
  from: string, to: string, ssrc: number,
  { isLost = () => false, count = 2900, lateMs = () => 0, from: begin = 2.2 }: Stream = {},
): Buffer[] {
  const frame = (index: number) => ethernet(ipv4(17, from, to, udp(from, to, rtp(65_000 + index, index * 160, ssrc))))
  return Array.from({ length: count }, (_, index) => index).filter((index) => !isLost(index))
    .map((index) => record(begin + index * 0.02 + lateMs(index) / 1000, frame(index)))
}
const toRelay = (how?: Stream): Buffer[] => stream(media.phone, media.relay, 1, how)
const toPhone = (how?: Stream): Buffer[] => stream(media.relay, media.phone, 2, how)
const captured = (...frames: Buffer[]): Buffer => pcapOf(call(), frames)
/** An hour later, with the same ports. */
const later = changed(call(), (text) => text.replaceAll('call-1', 'call-2').replaceAll('z9hG4bK', 'z9hG4bK2'))
  .map((each) => ({ ...each, at: each.at + 3600 }))
const laterMedia = [
  ...stream(media.phone, media.relay, 3, { from: 3602.2 }), ...stream(media.relay, media.phone, 4, { from: 3602.2 }),
]
/** The other leg of a bridge: it goes on for 40 s after the first has hung up. */
const otherLeg = changed(call().filter(({ from, to }) => from === places.phone || to === places.phone), (text) =>
  text.replaceAll('192.0.2.77', '192.0.2.88').replaceAll('call-1@', 'call-1b@').replaceAll('31542', '31550'))
  .map(({ at, from, to, ...each }) =>
    ({ ...each, from: from.replace('.77', '.88'), to: to.replace('.77', '.88'), at: at + (at < 60 ? 0.5 : 40) }))
const bridged = (...otherMedia: Buffer[]): Buffer =>
  pcapOf([...call(), ...otherLeg], [...toRelay(), ...toPhone(), ...otherMedia])
const toOther = (ssrc: number, how: Stream): Buffer[] => stream('203.0.113.5:31550', '192.0.2.88:35000', ssrc, how)
const fromOther = (how: Stream): Buffer[] => stream('192.0.2.88:35000', '203.0.113.5:31550', 7, how)

const browser = '198.51.100.20:40000'
const relay = `203.0.113.5:${/m=audio (\d+)/.exec(sdps.browserAnswer)?.[1] ?? ''}`
/** Checks of both sides, one a second from the answer on, and how each answers the other. */
function checked (ofBrowser: 'success' | 'error' | undefined, ofRelay: 'success' | undefined): Buffer[] {
  return [0, 1, 2, 3, 4, 5].flatMap((second) => {
    const [to, back] = [{ from: browser, to: relay, at: 2.2 + second }, { from: relay, to: browser, at: 2.21 + second }]
    return [
      stun(to, 'request'), ...ofBrowser ? [stun(back, ofBrowser)] : [],
      stun(back, 'request'), ...ofRelay ? [stun(to, ofRelay)] : [],
      // A candidate of the browser's that leads nowhere.
      stun({ ...back, to: '192.168.7.7:40000' }, 'request'),
    ]
  })
}

/** Of frames those that an IPv4 address sends, as a capture of one direction has them. */
const sentBy = (end: string, frames: readonly Buffer[]): Buffer[] =>
  frames.filter((frame) => [...frame.subarray(42, 46)].join('.') === end.split(':')[0])

/** What the relay shows the browser, which keys its part of the handshake or ends it with an alert. */
const shaken = (der: string, end: { type: number, body: Buffer, epoch?: number } = done): Buffer[] => [
  dtls({ from: relay, to: browser, at: 2.3 }, hello),
  dtls({ from: browser, to: relay, at: 2.31 }, ...certificate('of the page')),
  dtls({ from: relay, to: browser, at: 2.32 }, ...certificate(der), done),
  dtls({ from: browser, to: relay, at: 2.33 }, end),
]
const printed = call({ browserAnswer: sdps.browserAnswer.replace(/a=fingerprint:.*/, fingerprintOf('of the relay')) })
const handshakes = (...frames: Buffer[]): Buffer => pcapOf(printed, frames)

const onHold = sdps.phoneOffer.replace('a=sendrecv', 'a=sendonly')
/** The caller puts the phone on hold, 20 s after it began. */
const held = [
  sip({ from: 'proxy', to: 'phone', start: invite, at: 20, cseq: '2 INVITE', toTag: 'callee', sdp: onHold }),
  fromPhone('SIP/2.0 200 OK', 20.1, '2 INVITE', { sdp: sdps.phoneAnswer.replace('a=sendrecv', 'a=recvonly') }),
]
const reliable = { sdp: sdps.phoneAnswer, headers: ['RSeq: 1', 'Require: 100rel'] }

/** A trace as messages, or as a whole capture. */
export type Trace = readonly Sent[] | Buffer

/** Of each rule for traces: those that trip it, alone or with what else is said, and near misses. */
export const cases: Record<string, { trips: Trace[], with?: string[], misses: Trace[] }> = {
  'SIG-01': { trips: [noAck], misses: [call(), noAck.slice(0, 9)] },
  'SIG-02': { trips: [troubles['488 from the SIP endpoint'].trace], with: ['SIP-04'], misses: [refusedWith('486 Busy Here')] },
  'SIG-03': { trips: [[...call().slice(0, 3), ...again(0.5, 1.5, 3.5)]], misses: [[...call().slice(0, 3), ...again(0.5)]] },
  'SIG-04': {
    trips: [call({ phoneAnswer: sdps.phoneAnswer.replace('a=sendrecv', 'a=recvonly') })],
    misses: [[
      ...call().slice(0, 9),
      sip({ from: 'proxy', to: 'phone', start: invite, at: 20, cseq: '2 INVITE', toTag: 'callee', sdp: onHold }),
      fromPhone('SIP/2.0 200 OK', 20.1, '2 INVITE', { sdp: sdps.phoneAnswer.replace('a=sendrecv', 'a=recvonly') }),
    ]],
  },
  'SIG-05': {
    trips: [refreshed('481 Call Leg Does Not Exist'), withTimer(1770)],
    misses: [refreshed('491 Request Pending'), refreshed('481 Call Leg Does Not Exist', 960), withTimer(900),
      refreshed('488 Not Acceptable Here', 912, (text) => text)],
  },
  'SIG-06': {
    trips: [call({ phoneAnswer: sdps.phoneAnswer.replaceAll('192.0.2.77', '192.168.1.7') })],
    misses: [call(), call({ phoneAnswer: sdps.phoneAnswer.replaceAll('192.0.2.77', '192.0.2.78') })],
  },
  'SIG-07': {
    trips: [[...call().slice(0, 3), ...again(0.5, 1.5), ...call().slice(3)]],
    misses: [[...call().slice(0, 3), ...again(0.5), ...call().slice(3)]],
  },
  'SIG-08': {
    trips: [refusedWith('486 Busy Here')],
    misses: [refusedWith('407 Proxy Authentication Required'), refusedWith('487 Request Terminated')],
  },
  'SIG-09': {
    trips: [[...call().slice(0, 5), fromPhone('SIP/2.0 200 OK', 2, '1 INVITE'), ...call().slice(7)]],
    misses: [[
      ...call().slice(0, 4), fromPhone('SIP/2.0 183 Session Progress', 1, '1 INVITE', reliable),
      fromPhone('SIP/2.0 200 OK', 2, '1 INVITE'),
    ]],
  },
  'SIG-10': { trips: [withReason('Reason: Q.850;cause=102;text="RTP Timeout"\r\n')], misses: [withReason('')] },
  'ICE-01': {
    trips: [
      captured(...checked('error', 'success')), captured(...checked(undefined, undefined)),
      captured(...sentBy(browser, checked(undefined, undefined))),
    ],
    misses: [
      captured(...checked('success', 'success')), captured(...checked('error', 'success').slice(0, 12)),
      captured(...sentBy(browser, checked('success', 'success'))), captured(...sentBy(relay, checked('success', 'success'))),
    ],
  },
  'DTLS-01': {
    trips: [handshakes(...shaken('of another'))],
    misses: [handshakes(...shaken('of the relay')), captured(...shaken('of the relay').slice(0, 2))],
  },
  'DTLS-02': {
    trips: [
      handshakes(...shaken('of the relay', alert(46))),
      handshakes(...[2.3, 3.3, 5.5].map((at) => dtls({ from: relay, to: browser, at }, hello))),
    ],
    misses: [handshakes(...shaken('of the relay')), handshakes(dtls({ from: relay, to: browser, at: 2.3 }, hello))],
  },
  'RTP-01': { trips: [captured(...toRelay())], misses: [captured(...toRelay(), ...toPhone()), captured()] },
  'RTP-02': {
    trips: [
      captured(...toRelay({ isLost: (index) => index % 10 === 5 }), ...toPhone()),
      bridged(
        ...fromOther({ count: 4800 }), ...toOther(8, {}),
        ...toOther(9, { from: 61, count: 1900, isLost: (index) => index % 10 === 5 }),
      ),
    ],
    misses: [captured(...toRelay({ isLost: (index) => index % 50 === 5 }), ...toPhone())],
  },
  'RTP-03': {
    trips: [captured(...toRelay({ lateMs: (index) => index % 2 * 60 }), ...toPhone())],
    misses: [captured(...toRelay({ lateMs: (index) => index % 2 * 15 }), ...toPhone())],
  },
  'RTP-04': {
    trips: [
      captured(...toRelay({ count: 1400 }), ...toPhone()),
      bridged(...fromOther({ count: 4800 }), ...toOther(8, {}), ...toOther(9, { from: 61, count: 900 })),
    ],
    misses: [
      bridged(...fromOther({ count: 4800 }), ...toOther(8, {}), ...toOther(9, { from: 61, count: 1900 })),
      captured(...toRelay({ count: 2700 }), ...toPhone()),
      // Two calls over the same ports, and early media of another source than what follows.
      pcapOf([...call(), ...later], [...toRelay(), ...toPhone(), ...laterMedia]),
      captured(...toRelay(), ...stream(media.relay, media.phone, 5, { from: 0.2, count: 80 }), ...toPhone()),
      pcapOf([...call().slice(0, 9), ...held, ...call().slice(9)], [...toRelay({ count: 900 }), ...toPhone({ count: 900 })]),
    ],
  },
}
