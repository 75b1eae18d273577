import type { NgDictionary } from '../../src/ng/types.ts'
import { fieldStrings } from '../ng/flags-strings.ts'
import { dialogs } from './dialogs.ts'
import { doings, subscriptions } from './parties.ts'
import { answer, call, sdps, type Sequence } from './sequence.ts'
import { everyWord } from './words.ts'

/** Flags as scripts have them, right and wrong; what a node does not know it ignores. */
const flagSets: Record<string, NgDictionary> = {
  none: {},
  'to plain RTP': {
    'transport-protocol': 'RTP/AVP', ICE: 'remove', 'rtcp-mux': ['demux'], DTLS: 'off', SDES: ['off'],
    flags: ['trust-address', 'strip-extmap'], replace: ['origin', 'session-connection'],
  },
  'to WebRTC': {
    'transport-protocol': 'UDP/TLS/RTP/SAVPF', ICE: 'force', 'rtcp-mux': ['offer', 'require'], SDES: ['off'],
    flags: ['generate-mid', 'no-rtcp-attribute', 'trust-address'], replace: ['origin'],
  },
  'to SDES': { 'transport-protocol': 'RTP/SAVP', DTLS: 'off', ICE: 'remove', flags: ['SDES-no-F8_128_HMAC_SHA1_80'] },
  transcoding: { codec: { strip: ['opus', 'G722'], transcode: ['PCMA', 'PCMU'], mask: ['all'] }, ptime: 20, 'ptime-reverse': '30' },
  'Kamailio\'s': { supports: ['load limit'], 'received-from': ['IP4', '192.0.2.9'], flags: ['SIP-source-address'], 'via-branch': 'z9hG4bK1', TOS: 184 },
  'odd values': { ICE: ['force'], flags: 'trust-address', codec: 'strip', ptime: 'x', TOS: -1, direction: 'nowhere', 'address-family': 'IP7', 'delete delay': 'soon' },
  'old spellings': { 'call-ID': 'ignored', 'transport protocol': 'RTP/AVP', ice: 'remove', 'rtcp mux': ['demux'], SDP: 'ignored too' },
}

/** As Kamailio sends a string that it has not read, and what that says, for rtpengines that would ignore it. */
const flagsString: NgDictionary = { 'rtpp-flags': 'replace-origin ICE=remove RTP/AVP rtcp-mux-demux codec-strip-opus' }
const spelledOut: NgDictionary = {
  replace: ['origin'], ICE: 'remove', 'transport-protocol': 'RTP/AVP', 'rtcp-mux': ['demux'], codec: { strip: ['opus'] },
}

/** Every SDP that there is with every set of flags: offer, answer, re-offer from the other side, query, delete. */
function* calls (): Iterable<Sequence> {
  for (const [name, sdp] of sdps) {
    for (const [flagsName, flags] of Object.entries(flagSets)) yield call(`${name}, flags: ${flagsName}`, sdp, flags)
    const callName = `${name}, flags: rtpp-flags`
    yield { ...call(callName, sdp, flagsString), since: '12.4', before: call(callName, sdp, spelledOut).commands }
  }
  for (const text of fieldStrings) {
    for (const [name, sdp] of sdps.slice(0, 6)) yield { ...call(`${name}, rtpp-flags: ${text}`, sdp, { 'rtpp-flags': text }), since: '12.4' }
  }
}

const id = { 'call-id': 'one call', 'from-tag': 'a' }
const other = { ...id, 'to-tag': 'b' }
const begin = [{ ...id, label: 'caller', sdp: answer, command: 'offer' }, { ...other, label: 'callee', sdp: answer, command: 'answer' }]
const end = { 'call-id': 'one call', 'delete-delay': 0, command: 'delete' }

/** Every command on a running call and on none, with and without what it needs, and commands that nobody knows. */
const commands: [string, NgDictionary][] = [
  ['start recording', { metadata: 'a:b' }], ['pause recording', {}], ['stop recording', {}], ['start forwarding', {}], ['stop forwarding', {}],
  ['block DTMF', { 'from-tag': 'a' }], ['unblock DTMF', {}], ['block media', { flags: ['directional'], 'from-tag': 'a' }], ['unblock media', {}],
  ['silence media', { label: 'caller' }], ['unsilence media', { address: '192.0.2.1' }],
  ['play media', { 'from-tag': 'a', file: '/nowhere.wav' }], ['play media', { flags: ['all'], blob: Buffer.from([1, 2, 3]) }], ['play media', {}],
  ['stop media', { 'from-tag': 'a' }], ['play DTMF', { 'from-tag': 'a', code: '5' }], ['play DTMF', { code: 99 }],
  ['publish', { 'from-tag': 'p', sdp: answer }], ['publish', {}],
  ['subscribe request', { 'from-tag': 'a', 'to-tag': 's' }], ['subscribe answer', { 'to-tag': 's', sdp: answer }], ['unsubscribe', { 'to-tag': 's' }],
  ['subscribe request', { flags: ['all'] }], ['subscribe request', {}],
  ['connect', { 'from-tag': 'a', 'to-tag': 'b' }], ['transform', {}], ['create', {}], ['inject start', {}], ['mesh', {}],
  ['query', { 'from-tag': 'a' }], ['query', { 'to-tag': 'nobody' }], ['offer', {}], ['answer', {}], ['offer', { 'from-tag': 'a' }],
  ['offer', { 'from-tag': 'a', sdp: '' }], ['offer', { 'from-tag': 'a', sdp: 'hello' }], ['answer', { 'from-tag': 'a', sdp: answer }],
  ['answer', { 'from-tag': 'x', 'to-tag': 'y', sdp: answer }],
  ['delete', { 'from-tag': 'nobody' }], ['delete', { 'from-tag': 'nobody', flags: ['fatal'] }], ['delete', { 'via-branch': 'none' }],
  ['ping', {}], ['no such command', {}], ['', {}],
]

function* others (): Iterable<Sequence> {
  for (const [command, keys] of commands) {
    const about = { 'call-id': 'one call', ...keys, command }
    yield { name: `${command || 'no command'} ${Object.keys(keys).join(' ')}`.trim(), commands: [about, ...begin, about, { ...other, command: 'query' }, end, end] }
  }
  const fork = (branch: string, tag: string): NgDictionary[] => [
    { ...id, 'via-branch': branch, sdp: answer, command: 'offer' }, { ...id, 'to-tag': tag, 'via-branch': branch, sdp: answer, command: 'answer' },
  ]
  yield { name: 'forks', commands: [
    ...fork('b1', 't1'), ...fork('b2', 't2'), { ...id, command: 'query' }, { ...id, 'via-branch': 'b2', 'delete-delay': 0, command: 'delete' },
    { ...id, command: 'query' }, ...fork('b1', 't1'), { ...id, command: 'query' }, end, { ...id, command: 'query' },
  ] }
  yield { name: 'a delete that waits, and an offer that comes first', commands: [
    ...begin, { ...id, 'delete-delay': 30, command: 'delete' }, { ...id, command: 'query' }, ...begin, { ...id, command: 'query' }, end,
  ] }
  yield { name: 'an answer before its offer, a list, a negative limit', commands: [
    { ...other, sdp: answer, command: 'answer' }, { command: 'list' }, { command: 'list', limit: -1 }, ...begin, { command: 'list', limit: 1 }, end,
  ] }
}

export const corpus: readonly Sequence[] = [
  ...calls(), ...others(), ...everyWord(), ...subscriptions(), ...doings(), ...dialogs(),
]
