import type { NgDictionary } from '../../src/ng/types.ts'
import type { Sequence } from './sequence.ts'

/** One end of a call and what it says of itself, one SDP after another. */
interface Line { type?: string, port?: number, formats?: string, protocol?: string, lines?: string[] }

function sdpOf (media: Line[], { address = '127.0.0.1', version = 1, eol = '\r\n' } = {}): Buffer {
  const family = address.includes(':') ? 'IP6' : 'IP4'
  const text = ['v=0', `o=- 7 ${version} IN ${family} ${address}`, 's=-', `c=IN ${family} ${address}`, 't=0 0']
  for (const { type = 'audio', port = 4000, formats = '0 8 101', protocol = 'RTP/AVP', lines = ['a=rtpmap:101 telephone-event/8000'] } of media) {
    text.push(`m=${type} ${port} ${protocol} ${formats}`, ...lines)
  }
  return Buffer.from([...text, ''].join(eol))
}

const audio = (lines: string[] = [], more: Line = {}): Line => ({ lines: ['a=rtpmap:101 telephone-event/8000', ...lines], ...more })
const image: Line = { type: 'image', protocol: 'udptl', formats: 't38', lines: ['a=T38FaxVersion:0', 'a=T38MaxBitRate:14400', 'a=T38FaxRateManagement:transferredTCF'] }
const video: Line = { type: 'video', port: 4010, formats: '96', lines: ['a=rtpmap:96 VP8/90000', 'a=rtcp-fb:96 nack pli'] }
const key = 'WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz'
const secured = (suites: string[]): Line => ({
  protocol: 'RTP/SAVP', formats: '0', lines: suites.map((suite, index) => `a=crypto:${index + 1} ${suite} inline:${key}`),
})
const opus: Line = { formats: '96 9 0 101', lines: ['a=rtpmap:96 opus/48000/2', 'a=fmtp:96 useinbandfec=1', 'a=rtpmap:101 telephone-event/48000', 'a=ptime:20'] }

type Turn = [command: 'offer' | 'answer', from: string, to: string | undefined, sdp: Buffer, keys?: NgDictionary]

/** Its offers and answers in a row; from-tag and to-tag as the client has them. In the end all is looked at and deleted. */
function dialog (name: string, turns: Turn[], flags: NgDictionary = {}): Sequence {
  const call = { 'call-id': name }
  return { name, commands: [
    ...turns.flatMap(([command, from, to, sdp, keys = {}]) => [
      { ...flags, ...keys, ...call, 'from-tag': from, ...(to !== undefined && { 'to-tag': to }), sdp, command }, { ...call, command: 'query' },
    ]),
    { ...call, 'from-tag': 'a', 'to-tag': 'b', command: 'query' }, { ...call, 'from-tag': 'a', 'delete-delay': 0, command: 'delete' }, { ...call, command: 'query' },
  ] }
}

/** Calls in which a good deal happens: both sides ask, hold, switch to fax, move, fork, change their tags. */
export function* dialogs (): Iterable<Sequence> {
  const plain = sdpOf([audio()])
  const said = (line: Line[], version = 2, more = {}) => sdpOf(line, { version, ...more })
  const begin: Turn[] = [['offer', 'a', undefined, plain], ['answer', 'a', 'b', sdpOf([audio([], { port: 5000 })])]]
  const again = (one: Buffer, other: Buffer): Turn[] => [['offer', 'a', 'b', one], ['answer', 'a', 'b', other]]
  const back = (one: Buffer, other: Buffer): Turn[] => [['offer', 'b', 'a', one], ['answer', 'b', 'a', other]]
  const sets: [string, NgDictionary][] = [
    ['', {}], ['to RTP', { 'transport-protocol': 'RTP/AVP', ICE: 'remove', flags: ['trust address'], replace: ['origin', 'session connection'] }],
    ['with ICE', { ICE: 'force', flags: ['generate-mid'] }], ['from inside to outside', { direction: ['default', 'outside'] }],
    ['to IPv6', { 'address-family': 'IP6' }], ['transcoding', { codec: { transcode: ['PCMA', 'G722'], strip: ['PCMU'] }, flags: ['allow-transcoding'] }],
    ['to SDES', { 'transport-protocol': 'RTP/SAVP', SDES: ['only-AES_CM_128_HMAC_SHA1_80'] }],
    ['to WebRTC', { 'transport-protocol': 'UDP/TLS/RTP/SAVPF', ICE: 'force', 'rtcp-mux': ['offer', 'require'], DTLS: 'passive', SDES: ['off'] }],
  ]
  for (const [what, flags] of sets) {
    const hold = (way: string, other: string): [Buffer, Buffer] => [said([audio([`a=${way}`])]), said([audio([`a=${other}`], { port: 5000 })])]
    yield dialog(`hold ${what}`, [...begin, ...again(...hold('sendonly', 'recvonly')), ...again(...hold('sendrecv', 'sendrecv')),
      ...back(...hold('inactive', 'inactive')), ...back(said([audio()], 3, { address: '0.0.0.0' }), plain), ...again(plain, plain)], flags)
    yield dialog(`fax ${what}`, [...begin, ...back(said([audio([], { port: 0 }), image]), said([audio([], { port: 0 }), { ...image, port: 5002 }])),
      ...again(said([audio()], 4), said([audio([], { port: 5000 })], 4))], flags)
    yield dialog(`video comes and goes ${what}`, [...begin, ...again(said([audio(), video]), said([audio(), { ...video, port: 5010 }])),
      ...back(said([audio(), { ...video, port: 0 }], 3), said([audio(), { ...video, port: 0 }], 3)),
      ...again(said([audio(), video], 5), said([audio(), { ...video, port: 0 }], 5))], flags)
    yield dialog(`two of a kind ${what}`, [['offer', 'a', undefined, sdpOf([audio(), audio([], { port: 4020 })])],
      ['answer', 'a', 'b', sdpOf([audio([], { port: 5000 }), audio([], { port: 0 })])]], flags)
    yield dialog(`moved, other codecs ${what}`, [...begin, ...again(said([audio([], { port: 4100, formats: '8 101' })]), said([audio([], { port: 5100, formats: '8' })])),
      ...back(said([{ port: 5200, ...opus }], 3), said([opus], 3)), ...again(said([{ formats: '0', lines: [] }], 5), said([{ formats: '0', lines: [] }], 5))], flags)
    yield dialog(`opus against PCMU ${what}`, [['offer', 'a', undefined, sdpOf([opus])], ['answer', 'a', 'b', sdpOf([audio([], { port: 5000 })])],
      ...back(said([audio([], { port: 5000 })]), said([opus]))], flags)
    yield dialog(`keys ${what}`, [['offer', 'a', undefined, sdpOf([secured(['AES_CM_128_HMAC_SHA1_80', 'AES_256_CM_HMAC_SHA1_32', 'AEAD_AES_128_GCM'])])],
      ['answer', 'a', 'b', sdpOf([secured(['AES_CM_128_HMAC_SHA1_80'])])],
      ...back(said([secured(['AES_CM_128_HMAC_SHA1_80'])]), said([secured(['AES_CM_128_HMAC_SHA1_80'])]))], flags)
    yield dialog(`forks, one after the other and at once ${what}`, [
      ['offer', 'a', undefined, plain, { 'via-branch': '1' }], ['offer', 'a', undefined, plain, { 'via-branch': '2' }],
      ['answer', 'a', 'x', sdpOf([audio([], { port: 5300 })]), { 'via-branch': '1' }], ['answer', 'a', 'y', sdpOf([audio([], { port: 5400 })]), { 'via-branch': '2' }],
      ['answer', 'a', 'y', sdpOf([audio([], { port: 5400, formats: '8' })]), { 'via-branch': '2' }],
      ['offer', 'y', 'a', said([audio([], { port: 5400 })])], ['answer', 'y', 'a', plain]], flags)
    yield dialog(`early, with other tags ${what}`, [['offer', 'a', undefined, plain], ['answer', 'a', 'early', sdpOf([audio([], { port: 5000 })]), { 'sip-code': 183 }],
      ['answer', 'a', 'later', sdpOf([audio([], { port: 5020 })])], ['offer', 'later', 'a', said([audio([], { port: 5020 })])], ['answer', 'later', 'a', plain],
      ['offer', 'c', undefined, plain], ['answer', 'c', 'd', plain]], flags)
    yield dialog(`from IPv6, lines ended by LF ${what}`, [['offer', 'a', undefined, sdpOf([audio()], { address: '2001:db8::7', eol: '\n' })],
      ['answer', 'a', 'b', sdpOf([audio([], { port: 5000 })], { eol: '\n' })]], flags)
    yield dialog(`a late offer, answered by the caller ${what}`, [['offer', 'b', 'a', plain], ['answer', 'b', 'a', plain], ...again(said([audio()]), said([audio()]))], flags)
  }
}
