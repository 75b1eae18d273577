import { repair, rules, type RuleFacts } from '../../src/sdp/conformance.ts'
import { withOneConnection } from '../../src/sdp/connection.ts'
import { readLoosely } from '../../src/sdp/parse.ts'
import type { Sdp } from '../../src/sdp/sdp.ts'
import { type SdpView, viewOf } from '../../src/sdp/view.ts'
import { sample } from './samples.ts'

const key = 'l6KtuMPO2eTv+gUQGyYxPEdSXWhzfomUn6q1wMvW'
const otherKey = 'cn2Ik56ptL/K1eDr9gEMFyItOENOWWRveoWQm6ax'
const print = (byte: string) => Array<string>(32).fill(byte).join(':')

export const plain = [
  'v=0', 'o=- 7 1 IN IP4 198.51.100.1', 's=-', 'c=IN IP4 198.51.100.1', 't=0 0',
  'm=audio 31000 RTP/AVP 0 101', 'a=rtpmap:0 PCMU/8000', 'a=rtpmap:101 telephone-event/8000', 'a=sendrecv',
]
export const sdes = edit(plain, 'm=audio=>m=audio 31000 RTP/SAVP 0 101', `+a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}`)
export const osrtp = edit(plain, `+a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}`)
export const dtls = edit(plain, 'm=audio=>m=audio 31000 UDP/TLS/RTP/SAVP 0 101',
  `+a=fingerprint:sha-256 ${print('4A')}`, '+a=setup:actpass')
export const web = edit(plain, '^a=group:BUNDLE 0', 'm=audio=>m=audio 31000 UDP/TLS/RTP/SAVPF 111 0 110 101',
  '+a=rtpmap:111 opus/48000/2', '+a=rtpmap:110 telephone-event/48000', '+a=mid:0', '+a=rtcp-mux', '+a=setup:actpass',
  `+a=fingerprint:sha-256 ${print('4A')}`, '+a=ice-ufrag:a92dBtoZ', '+a=ice-pwd:7CqSkpPAOHreg3tXz0MUvLxcqK',
  '+a=candidate:Y36 1 UDP 2130706431 198.51.100.1 31000 typ host')
export const webAnswer = edit(web, 'a=setup=>a=setup:active')

/**
 * An SDP with changes: `+line` at the end, `^line` at the end of the session part, `-prefix` out, `prefix=>line` for it.
 */
export function edit (lines: readonly string[], ...changes: string[]): string[] {
  return changes.reduce<string[]>((now, change) => {
    const [prefix = '', line] = change.split('=>')
    if (line !== undefined) return now.map((each) => each.startsWith(prefix) ? line : each)
    if (change.startsWith('+')) return [...now, change.slice(1)]
    if (change.startsWith('-')) return now.filter((each) => !each.startsWith(change.slice(1)))
    const media = now.findIndex((each) => each.startsWith('m='))
    return [...now.slice(0, media), change.slice(1), ...now.slice(media)]
  }, [...lines])
}

export function view (lines: readonly string[] | Buffer): SdpView {
  const { sdp, endings } = readLoosely(Buffer.isBuffer(lines) ? lines : Buffer.from(`${lines.join('\r\n')}\r\n`, 'latin1'))
  return viewOf(sdp, endings)
}

/** The SDP as a plain SIP leg gets it: one c= and without what is repaired by default. */
export function cleaned (sdp: Sdp, role: 'offer' | 'answer' = 'offer'): Sdp {
  const facts: RuleFacts = { direction: 'out', role, leg: { name: 'sip', kind: 'plain' } }
  return repair(withOneConnection(sdp), rules.filter(({ isRepairedByDefault }) => isRepairedByDefault), facts)
}

export interface Case { sdp: readonly string[] | Buffer, facts?: Partial<RuleFacts> }

/** Overrides the default of the test. */
const unknownPeer = { isPublic: undefined } as unknown as Partial<RuleFacts>
const toWeb: Partial<RuleFacts> = { leg: { name: 'browser', kind: 'web' } }
const toSdes: Partial<RuleFacts> = { leg: { name: 'carrier', kind: 'sdes' } }
const toOsrtp: Partial<RuleFacts> = { leg: { name: 'phone', kind: 'osrtp' } }
const toDtls: Partial<RuleFacts> = { leg: { name: 'phone', kind: 'dtls' } }
const answering = (offer: readonly string[], facts: Partial<RuleFacts> = {}): Partial<RuleFacts> => ({ ...facts, role: 'answer', offer: view(offer) })
/** The answer to a browser's re-offer, its first one with these changes; the first answer had tls-id `one`. */
const restarted = (...changes: string[]): Partial<RuleFacts> => ({
  ...answering(edit(web, ...changes), toWeb), previousOfPeer: view(web), previous: view(edit(webAnswer, '^a=tls-id:one')),
})
const tlsTwo = edit(webAnswer, 'o==>o=- 7 2 IN IP4 198.51.100.1', '^a=tls-id:two')
const across = (lines: readonly string[], facts: Partial<RuleFacts> = {}): Partial<RuleFacts> => ({ ...facts, role: 'answer', across: view(lines) })
const video = ['m=video 31002 RTP/AVP 96', 'a=rtpmap:96 H264/90000']
const ptimes = (ms: number) => edit(plain, 'c==>c=IN IP4 203.0.113.9', `+a=ptime:${ms}`)

/** For each rule an SDP that trips it and nothing else, and one that only comes near. */
export const cases: Record<string, { trips: Case[], misses: Case[] }> = {
  'ANY-01': { trips: [{ sdp: sample('bad-lf-endings') }], misses: [{ sdp: plain }] },
  'ANY-02': {
    trips: [{ sdp: Buffer.from(plain.join('\r\n')) }],
    misses: [{ sdp: Buffer.from(`${plain.join('\r\n')}\r\n`) }],
  },
  'ANY-03': {
    trips: [{ sdp: edit(plain, '-s=') }, { sdp: edit(plain, 't==>s=-', 's=-=>t=0 0') }, { sdp: edit(plain, '-t=') }],
    misses: [{ sdp: edit(plain, 'c==>i=x', '^c=IN IP4 198.51.100.1') }, { sdp: edit(plain, '^t=1 2', '^a=tool:x') }],
  },
  'ANY-04': { trips: [{ sdp: sample('bad-no-connection-line') }], misses: [{ sdp: edit(plain, '-c=', '+c=IN IP4 198.51.100.1') }] },
  'ANY-05': {
    trips: [{ sdp: edit(plain, 'm=audio=>m=audio 31000 RTP/AVP', '-a=rtpmap') }],
    misses: [{ sdp: edit(plain, 'm=audio=>m=audio 31000 RTP/AVP 0', '-a=rtpmap') }],
  },
  'ANY-06': { trips: [{ sdp: sample('bad-dynamic-pt-no-rtpmap') }], misses: [{ sdp: sample('minimal-static-pt-offer') }] },
  'ANY-07': {
    trips: [{ sdp: edit(plain, '+a=rtpmap:8 PCMA/8000') }, { sdp: edit(plain, 'm=audio=>m=audio 31000 RTP/AVP 0 101 0') }],
    misses: [{ sdp: edit(plain, '+a=fmtp:101 0-16') }],
  },
  'ANY-08': {
    trips: [{ sdp: edit(plain, 'c==>c=IN IP4 0.0.0.0') }],
    misses: [{ sdp: sample('hold-legacy-zero-address'), facts: { isAgain: true } }, { sdp: edit(plain, 'c==>c=IN IP4 0.0.0.0', 'a=send=>a=inactive') }],
  },
  'ANY-09': {
    trips: [
      { sdp: sample('bad-private-address') }, { sdp: sample('bad-private-address'), facts: unknownPeer },
      { sdp: edit(plain, 'o==>o=- 7 1 IN IP4 10.0.0.1') },
      { sdp: edit(web, 'a=cand=>a=candidate:Y36 1 UDP 2130706431 100.64.0.9 31000 typ host'), facts: toWeb },
    ],
    misses: [
      { sdp: sample('bad-private-address'), facts: { isPublic: false } }, { sdp: edit(plain, 'c==>c=IN IP4 100.128.0.1') },
      { sdp: edit(web, '+a=candidate:Y37 1 UDP 2130706431 10.0.0.1 31000 typ host'), facts: toWeb },
    ],
  },
  'ANY-10': {
    trips: [{ sdp: plain, facts: { across: view(plain) } }],
    misses: [{ sdp: plain, facts: { across: view(edit(plain, 'm=audio=>m=audio 31002 RTP/AVP 0 101')) } }],
  },
  'ANY-11': {
    trips: [
      { sdp: edit(plain, 'a=send=>a=sendonly'), facts: { previous: view(plain) } },
      { sdp: plain, facts: { previous: view(edit(plain, 'o==>o=- 7 2 IN IP4 198.51.100.1')) } },
      { sdp: plain, facts: { previous: view(edit(plain, 'o==>o=- 6 1 IN IP4 198.51.100.1')) } },
    ],
    misses: [
      { sdp: plain, facts: { previous: view(plain) } },
      { sdp: edit(plain, 'o==>o=- 7 10 IN IP4 198.51.100.1', 'a=send=>a=sendonly'), facts: { previous: view(edit(plain, 'o==>o=- 7 9 IN IP4 198.51.100.1')) } },
    ],
  },
  'ANY-12': {
    trips: [
      { sdp: edit(plain, 'c==>c=IN IP4 2001:db8::1') }, { sdp: edit(plain, 'o==>o=- 7 1 IN IP6 198.51.100.1') },
      { sdp: plain, facts: { leg: { name: 'six', kind: 'plain', family: 'IP6' } } },
    ],
    misses: [{ sdp: edit(plain, 'c==>c=IN IP6 2001:db8::1'), facts: { leg: { name: 'six', kind: 'plain', family: 'IP6' } } }, { sdp: edit(plain, 'c==>c=IN IP4 media.example.com') }],
  },
  'ANY-13': {
    trips: [{ sdp: edit(plain, `+a=x:${'y'.repeat(800)}`), facts: { transport: 'udp' } }, { sdp: plain, facts: { transport: 'udp', messageBytes: 1301 } }],
    misses: [{ sdp: edit(plain, `+a=x:${'y'.repeat(800)}`), facts: { transport: 'tcp' } }, { sdp: plain, facts: { transport: 'udp', messageBytes: 1300 } }],
  },
  'ANY-14': {
    trips: [{ sdp: edit(plain, '+a=ptime:40', '+a=maxptime:20') }, { sdp: edit(plain, 'm=audio=>m=audio 31000 RTP/AVP 18 101', '-a=rtpmap:0', '+a=ptime:15') }],
    misses: [{ sdp: edit(plain, '+a=ptime:40', '+a=maxptime:40') }, { sdp: edit(plain, 'm=audio=>m=audio 31000 RTP/AVP 18 101', '-a=rtpmap:0', '+a=ptime:30') }],
  },
  'ANY-15': { trips: [{ sdp: edit(plain, '+b=AS:64') }], misses: [{ sdp: edit(plain, '+b=AS:80') }] },
  'ANY-16': {
    trips: [{ sdp: [...plain, 'm=audio 31000 RTP/AVP 8'] }],
    misses: [
      { sdp: [...plain, 'm=audio 31002 RTP/AVP 8'] },
      { sdp: edit(web, 'a=group=>a=group:BUNDLE 0 1', '+m=audio 31000 UDP/TLS/RTP/SAVPF 8', '+a=mid:1', ...web.slice(-6).map((line) => `+${line}`)), facts: toWeb },
    ],
  },
  'ANY-17': { trips: [{ sdp: edit(plain, '+a=sendonly') }], misses: [{ sdp: edit(plain, '^a=sendrecv') }] },

  'SIP-01': {
    trips: [{ sdp: sample('bad-sip-leak-ice') }],
    misses: [{ sdp: sample('bad-sip-leak-ice'), facts: { leg: { name: 'teams', kind: 'plain', takesIce: true } } }, { sdp: edit(plain, '+a=xcandidate:1') }],
  },
  'SIP-02': { trips: [{ sdp: sample('bad-sip-leak-endofcandidates') }], misses: [{ sdp: edit(plain, '+a=end-of-line') }] },
  'SIP-03': { trips: [{ sdp: sample('bad-sip-leak-dtls') }], misses: [{ sdp: dtls, facts: toDtls }, { sdp: edit(plain, '+a=settings:x') }] },
  'SIP-04': {
    trips: [{ sdp: sample('bad-sip-savpf-profile') }, { sdp: plain, facts: toSdes }, { sdp: edit(sdes, 'm=audio=>m=audio 31000 RTP/SAVP 0 101', '-a=crypto', `+a=fingerprint:sha-256 ${print('4A')}`), facts: toOsrtp }],
    misses: [{ sdp: plain }, { sdp: sample('t38-reinvite') }, { sdp: sample('legacy-besteffort-srtp-offer'), facts: { ...toSdes, isPublic: false } }],
  },
  'SIP-05': {
    trips: [{ sdp: edit(plain, 'm=audio=>m=audio 31000 RTP/AVPF 0 101') }],
    misses: [{ sdp: edit(plain, 'm=audio=>m=audio 31000 RTP/AVPF 0 101'), facts: answering(edit(plain, 'm=audio=>m=audio 4000 RTP/AVPF 0 101')) }],
  },
  'SIP-06': { trips: [{ sdp: edit(plain, '^a=group:BUNDLE 0') }, { sdp: edit(plain, '+a=bundle-only') }], misses: [{ sdp: edit(plain, '+a=groupie') }] },
  'SIP-07': { trips: [{ sdp: sample('bad-sip-leak-msid-ssrc') }], misses: [{ sdp: edit(plain, '+a=middle:1') }] },
  'SIP-08': { trips: [{ sdp: sample('bad-sip-leak-extmap') }], misses: [{ sdp: edit(plain, '+a=ext:1') }] },
  'SIP-09': {
    trips: [{ sdp: sample('bad-sip-rtcpmux-unagreed') }],
    misses: [
      { sdp: sample('bad-sip-rtcpmux-unagreed'), facts: { leg: { name: 'pbx', kind: 'plain', takesMux: true } } },
      { sdp: edit(plain, '+a=rtcp-mux'), facts: answering(edit(plain, '+a=rtcp-mux')) },
    ],
  },
  'SIP-10': {
    trips: [{ sdp: sample('bad-sip-leak-rtcpfb') }],
    misses: [{ sdp: edit(sdes, 'm=audio=>m=audio 31000 RTP/SAVPF 0 101', '+a=rtcp-fb:0 nack'), facts: toSdes }],
  },
  'SIP-11': {
    trips: [{ sdp: [...plain, 'm=application 31002 UDP/DTLS/SCTP webrtc-datachannel'] }],
    misses: [{ sdp: [...plain, 'm=application 0 UDP/DTLS/SCTP webrtc-datachannel'] }],
  },
  'SIP-12': {
    trips: [{ sdp: [...plain, ...video], facts: { leg: { name: 'x', kind: 'plain', media: ['audio', 'image'] } } }],
    misses: [{ sdp: [...plain, 'm=video 0 RTP/AVP 96'], facts: { leg: { name: 'x', kind: 'plain', media: ['audio'] } } }, { sdp: [...plain, ...video] }],
  },
  'SIP-13': {
    trips: [{ sdp: plain, facts: { leg: { name: 'x', kind: 'plain', codecs: ['G729', 'telephone-event'] } } }],
    misses: [{ sdp: plain, facts: { leg: { name: 'x', kind: 'plain', codecs: ['pcmu'] } } }],
  },
  'SIP-14': {
    trips: [{ sdp: edit(plain, 'm=audio=>m=audio 31000 RTP/AVP 0 101 8'), facts: { leg: { name: 'x', kind: 'plain', codecs: ['PCMU'] } } },
      { sdp: edit(plain, 'm=audio=>m=audio 31000 RTP/AVP 0 101 63', '+a=rtpmap:63 red/8000') }],
    misses: [{ sdp: edit(plain, 'm=audio=>m=audio 31000 RTP/AVP 0 101 13'), facts: { leg: { name: 'x', kind: 'plain', codecs: ['PCMU'] } } }],
  },
  'SIP-15': {
    trips: [{ sdp: sample('bad-te-48000-only') }, { sdp: edit(plain, 'm=audio=>m=audio 31000 RTP/AVP 96 0 101', '+a=rtpmap:96 AMR-WB/16000') }],
    misses: [{ sdp: edit(plain, 'm=audio=>m=audio 31000 RTP/AVP 0 101 110', '+a=rtpmap:110 telephone-event/48000') }, { sdp: sample('minimal-static-pt-offer') }],
  },
  'SIP-16': {
    trips: [{ sdp: sample('bad-odd-rtp-port') }],
    misses: [{ sdp: edit(plain, 'm=audio=>m=audio 31001 RTP/AVP 0 101', '+a=rtcp:31003') }],
  },
  'SIP-17': {
    trips: [{ sdp: edit(plain, '+a=rtcp:9 IN IP4 0.0.0.0') }, { sdp: edit(plain, '+a=rtcp:31000') }],
    misses: [{ sdp: edit(plain, '+a=rtcp:31001') }, { sdp: edit(plain, '+a=rtcp:9001') }],
  },
  'SIP-18': {
    trips: [{ sdp: edit(plain, 'm=audio=>m=audio 31000 RTP/AVP 0 128', 'a=rtpmap:101=>a=rtpmap:128 telephone-event/8000') },
      { sdp: edit(web, 'm=audio=>m=audio 31000 UDP/TLS/RTP/SAVPF 72 0 110 101', 'a=rtpmap:111=>a=rtpmap:72 opus/48000/2'), facts: toWeb }],
    misses: [{ sdp: edit(plain, 'm=audio=>m=audio 31000 RTP/AVP 0 72', 'a=rtpmap:101=>a=rtpmap:72 telephone-event/8000') }],
  },
  'SIP-19': { trips: [{ sdp: osrtp }], misses: [{ sdp: osrtp, facts: toOsrtp }] },

  'SDES-01': { trips: [{ sdp: sample('bad-sdes-savp-no-crypto'), facts: toSdes }], misses: [{ sdp: sdes, facts: toSdes }] },
  'SDES-02': {
    trips: [{ sdp: sample('bad-sdes-null-cipher'), facts: toSdes }, { sdp: edit(sdes, `a=crypto=>a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key} UNENCRYPTED_SRTP`), facts: toSdes }],
    misses: [{ sdp: edit(sdes, `a=crypto=>a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key} KDR=1`), facts: toSdes }],
  },
  'SDES-03': {
    trips: [{ sdp: edit(dtls, `+a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}`), facts: toDtls }],
    misses: [{ sdp: dtls, facts: toDtls }],
  },
  'SDES-04': { trips: [{ sdp: sdes, facts: { ...toSdes, transport: 'udp' } }, { sdp: osrtp, facts: { ...toOsrtp, transport: 'tcp' } }], misses: [{ sdp: sdes, facts: toSdes }] },
  'SDES-05': {
    trips: [{ sdp: edit(sdes, `+a=crypto:2 AES_256_CM_HMAC_SHA1_80 inline:${'A'.repeat(62)}==`), facts: toSdes }],
    misses: [{ sdp: edit(sdes, `+a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:${otherKey}`), facts: toSdes }],
  },
  'SDES-06': {
    trips: [{ sdp: edit(sdes, `a=crypto=>a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:${otherKey}`), facts: answering(sdes, toSdes) }],
    misses: [{ sdp: edit(sdes, `a=crypto=>a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${otherKey}`), facts: answering(sdes, toSdes) }],
  },
  'SDES-07': {
    trips: [{ sdp: edit(sdes, 'a=crypto=>a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:l6KtuMPO2eTv'), facts: toSdes }],
    misses: [{ sdp: sdes, facts: toSdes }],
  },
  'SDES-08': {
    trips: [{ sdp: edit(sdes, `a=crypto=>a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}|2^31|1:1`), facts: toSdes }],
    misses: [{ sdp: edit(sdes, `a=crypto=>a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}|2^31`), facts: { leg: { name: 'teams', kind: 'sdes', takesKeyParameters: true } } }],
  },
  'SDES-09': {
    trips: [{ sdp: sdes, facts: answering(sdes, toSdes) }],
    misses: [{ sdp: edit(sdes, `a=crypto=>a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${otherKey}`), facts: answering(sdes, toSdes) }],
  },
  'SDES-10': {
    trips: [{ sdp: plain, facts: answering(osrtp, toOsrtp) }],
    misses: [{ sdp: edit(osrtp, `a=crypto=>a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${otherKey}`), facts: answering(osrtp, toOsrtp) }],
  },

  'DTLS-01': {
    trips: [{ sdp: edit(dtls, '-a=fingerprint'), facts: toDtls }, { sdp: edit(web, 'a=fingerprint=>a=fingerprint:sha-256 4A:4B'), facts: toWeb }],
    misses: [{ sdp: dtls, facts: toDtls }],
  },
  'DTLS-02': { trips: [{ sdp: sample('bad-web-setup-actpass-answer'), facts: { ...toWeb, role: 'answer' } }], misses: [{ sdp: sample('good-webrtc-answer'), facts: { ...toWeb, role: 'answer' } }] },
  'DTLS-03': {
    trips: [{ sdp: webAnswer, facts: answering(webAnswer, toWeb) }],
    misses: [{ sdp: edit(web, 'a=setup=>a=setup:passive'), facts: answering(webAnswer, toWeb) }],
  },
  'DTLS-04': { trips: [{ sdp: edit(dtls, `a=fingerprint=>a=fingerprint:sha-1 ${Array(20).fill('4A').join(':')}`), facts: toDtls }], misses: [{ sdp: dtls, facts: toDtls }] },
  'DTLS-05': {
    trips: [{ sdp: edit(web, `a=fingerprint=>a=fingerprint:sha-256 ${print('5B')}`), facts: { ...toWeb, direction: 'in', previous: view(web) } }],
    misses: [{ sdp: edit(web, `a=fingerprint=>a=fingerprint:sha-256 ${print('5B')}`, 'a=ice-ufrag=>a=ice-ufrag:newone'), facts: { ...toWeb, direction: 'in', previous: view(web) } }],
  },

  'WEB-01': { trips: [{ sdp: edit(web, '-a=fingerprint'), facts: toWeb }], misses: [{ sdp: edit(web, '-a=fingerprint', `^a=fingerprint:sha-256 ${print('4A')}`), facts: toWeb }] },
  'WEB-02': { trips: [{ sdp: edit(web, 'a=ice-pwd=>a=ice-pwd:short'), facts: toWeb }], misses: [{ sdp: edit(web, '-a=ice-ufrag', '^a=ice-ufrag:abcd'), facts: toWeb }] },
  'WEB-03': { trips: [{ sdp: edit(web, '-a=rtcp-mux'), facts: toWeb }], misses: [{ sdp: [...web, 'm=video 0 UDP/TLS/RTP/SAVPF 96'], facts: toWeb }] },
  'WEB-04': {
    trips: [{ sdp: edit(web, 'm=audio=>m=audio 31000 RTP/AVP 111 0 110 101'), facts: toWeb }, { sdp: edit(web, 'm=audio=>m=audio 31000 RTP/SAVPF 111 0 110 101'), facts: toWeb }],
    misses: [{ sdp: web, facts: toWeb }],
  },
  'WEB-05': { trips: [{ sdp: edit(web, '-a=candidate'), facts: toWeb }], misses: [{ sdp: edit(web, '-a=candidate', '^a=ice-options:trickle'), facts: toWeb }] },
  'WEB-06': {
    trips: [{ sdp: edit(web, 'a=candidate=>a=candidate:1 1 tcp 1518280447 198.51.100.1 9 typ host tcptype active'), facts: toWeb }],
    misses: [{ sdp: edit(web, '+a=candidate:1 1 tcp 1518280447 198.51.100.1 9 typ host tcptype active'), facts: toWeb }],
  },
  'WEB-07': {
    trips: [{ sdp: sample('bad-mline-count-answer'), facts: answering([...edit(plain, 'c==>c=IN IP4 203.0.113.9'), ...video]) }],
    misses: [{ sdp: [...plain, 'm=video 0 RTP/AVP 96'], facts: answering([...plain, ...video]) }],
  },
  'WEB-08': {
    trips: [{ sdp: edit(webAnswer, '^a=x', '-a=group', 'a=mid=>a=mid:audio'), facts: answering(web, toWeb) }, { sdp: edit(webAnswer, '-a=group', '-a=mid'), facts: answering(web, toWeb) }],
    misses: [{ sdp: webAnswer, facts: answering(web, toWeb) }, { sdp: edit(webAnswer, '-a=group', '-a=mid'), facts: answering(edit(web, '-a=group', '-a=mid'), toWeb) }],
  },
  'WEB-09': {
    trips: [{ sdp: edit(web, 'a=group=>a=group:BUNDLE audio'), facts: toWeb }, { sdp: edit([...web, 'm=video 0 UDP/TLS/RTP/SAVPF 96', 'a=mid:1'], 'a=group=>a=group:BUNDLE 0 1'), facts: toWeb }],
    misses: [{ sdp: edit(web, 'a=group=>a=group:LS 0'), facts: toWeb }, { sdp: edit(web, 'a=group=>a=group:BUNDLE'), facts: toWeb }],
  },
  'WEB-10': {
    trips: [{ sdp: edit(webAnswer, '-a=rtpmap', 'm=audio=>m=audio 31000 UDP/TLS/RTP/SAVPF 18'), facts: answering(web, toWeb) }],
    misses: [{ sdp: edit(webAnswer, 'm=audio=>m=audio 31000 UDP/TLS/RTP/SAVPF 0', '-a=rtpmap:1'), facts: answering(web, toWeb) }],
  },
  'WEB-11': { trips: [{ sdp: edit(web, `+a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}`), facts: toWeb }], misses: [{ sdp: edit(web, '+a=cryptic:1'), facts: toWeb }] },
  'WEB-12': { trips: [{ sdp: webAnswer, facts: toWeb }], misses: [{ sdp: webAnswer, facts: { ...toWeb, role: 'answer' } }] },
  'WEB-13': { trips: [{ sdp: edit(web, 'a=rtpmap:111=>a=rtpmap:111 opus/48000'), facts: toWeb }], misses: [{ sdp: edit(web, 'a=rtpmap:111=>a=rtpmap:111 OPUS/48000/2'), facts: toWeb }] },
  'WEB-14': {
    trips: [{ sdp: [...webAnswer, 'm=video 0 UDP/TLS/RTP/SAVPF 96'], facts: answering([...web, 'm=video 0 UDP/TLS/RTP/SAVPF 96', 'a=rtpmap:96 VP8/90000', 'a=bundle-only', 'a=mid:1'], toWeb) }],
    misses: [{ sdp: [...webAnswer, 'm=video 0 UDP/TLS/RTP/SAVPF 96'], facts: answering([...web, 'm=video 0 UDP/TLS/RTP/SAVPF 96'], toWeb) }],
  },
  'WEB-15': {
    trips: [{ sdp: edit(web, '+a=rtcp:31999'), facts: toWeb }],
    misses: [{ sdp: edit(web, '+a=rtcp:31000'), facts: toWeb }, { sdp: edit(web, '+a=rtcp:9 IN IP4 0.0.0.0'), facts: toWeb }],
  },

  'OA-01': {
    trips: [{ sdp: plain, facts: answering(edit(plain, 'a=send=>a=sendonly')) }],
    misses: [{ sdp: edit(plain, 'a=send=>a=recvonly'), facts: answering(edit(plain, 'a=send=>a=sendonly')) }],
  },
  'OA-02': { trips: [{ sdp: [...plain, ...video], facts: answering([...plain, 'm=video 0 RTP/AVP 96']) }], misses: [{ sdp: [...plain, 'm=video 0 RTP/AVP 96'], facts: answering([...plain, 'm=video 0 RTP/AVP 96']) }] },
  'OA-03': {
    trips: [{ sdp: plain, facts: answering(edit(plain, 'm=audio=>m=audio 4000 RTP/AVPF 0 101')) }],
    misses: [{ sdp: [...plain, 'm=image 0 udptl t38'], facts: answering([...plain, 'm=image 0 RTP/AVP 1']) }],
  },
  'OA-04': {
    trips: [{ sdp: plain, facts: answering(edit(plain, 'm=audio=>m=audio 4000 RTP/AVP 0 126', 'a=rtpmap:101=>a=rtpmap:126 telephone-event/8000')) }],
    misses: [{ sdp: plain, facts: answering(plain) }],
  },
  'OA-05': {
    trips: [{ sdp: plain, facts: { ...across(edit(plain, 'c==>c=IN IP4 203.0.113.9', 'm=audio=>m=audio 4000 RTP/AVP 8 101')), isTranscoding: false } }],
    misses: [{ sdp: plain, facts: { ...across(edit(plain, 'c==>c=IN IP4 203.0.113.9', 'm=audio=>m=audio 4000 RTP/AVP 8 101')), isTranscoding: true } }],
  },
  'OA-06': {
    trips: [
      { sdp: edit(plain, '+a=ptime:30'), facts: across(ptimes(20)) }, { sdp: plain, facts: across(ptimes(30)) },
      // rtpengine passes the packet time on, so that both halves of the answer have the same.
      { sdp: edit(plain, '+a=ptime:20'), facts: { ...across(ptimes(20)), ...answering(edit(plain, '+a=ptime:30')) } },
      { sdp: edit(plain, '+a=ptime:20'), facts: { ...answering(edit(plain, '+a=ptime:30')), isTranscoding: false } },
    ],
    misses: [
      { sdp: plain, facts: across(ptimes(20)) }, { sdp: edit(plain, '+a=ptime:30'), facts: { ...across(ptimes(20)), isTranscoding: true } },
      { sdp: edit(plain, '+a=ptime:30'), facts: { ...across(ptimes(20)), ...answering(edit(plain, '+a=ptime:30')) } },
      { sdp: edit(plain, '+a=ptime:20'), facts: { ...across(ptimes(20)), ...answering(edit(plain, '+a=ptime:20')) } },
    ],
  },
  'OA-07': {
    trips: [{ sdp: edit(plain, 'm=audio=>m=audio 31000 RTP/AVP 0', '-a=rtpmap:101'), facts: across(ptimes(20)) }],
    misses: [{ sdp: plain, facts: across(edit(ptimes(20), 'm=audio=>m=audio 4000 RTP/AVP 0', '-a=rtpmap:101')) }],
  },
  'OA-08': {
    trips: [{ sdp: edit(plain, '+a=rtcp-mux'), facts: answering(plain) }],
    misses: [{ sdp: edit(plain, '+a=rtcp-mux'), facts: answering(edit(plain, '+a=rtcp-mux')) }],
  },
  'OA-09': {
    trips: [{ sdp: edit(webAnswer, 'a=ice-ufrag=>a=ice-ufrag:other'), facts: { ...toWeb, role: 'answer', otherAnswer: view(webAnswer) } }],
    misses: [{ sdp: webAnswer, facts: { ...toWeb, role: 'answer', otherAnswer: view(webAnswer) } }],
  },
  'OA-10': {
    trips: [{ sdp: edit(plain, 'm=audio=>m=audio 31000 RTP/AVP 0 8 101'), facts: { direction: 'in', role: 'answer' } }],
    misses: [{ sdp: edit(plain, 'm=audio=>m=audio 31000 RTP/AVP 0 101 13'), facts: { direction: 'in', role: 'answer' } }],
  },
  'OA-11': {
    trips: [{ sdp: edit(webAnswer, 'm=audio=>m=audio 31000 UDP/TLS/RTP/SAVPF 111', '-a=rtpmap:0', '-a=rtpmap:110', '-a=rtpmap:101'), facts: { ...toWeb, ...across(ptimes(20)) } }],
    misses: [{ sdp: webAnswer, facts: { ...toWeb, ...across(ptimes(20)) } }],
  },

  'NG-09': {
    trips: [{ sdp: tlsTwo, facts: restarted('a=ice-ufrag=>a=ice-ufrag:newone') }],
    misses: [
      { sdp: edit(webAnswer, '^a=tls-id:one'), facts: restarted('a=ice-ufrag=>a=ice-ufrag:newone') },
      { sdp: webAnswer, facts: restarted('a=ice-ufrag=>a=ice-ufrag:newone') },
      { sdp: tlsTwo, facts: restarted('a=ice-ufrag=>a=ice-ufrag:newone', '+a=tls-id:its-own') },
      { sdp: tlsTwo, facts: restarted('a=ice-ufrag=>a=ice-ufrag:newone', `a=fingerprint=>a=fingerprint:sha-256 ${print('4B')}`) },
    ],
  },
}
