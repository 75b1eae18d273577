import { sample } from '../sdp/samples.ts'

/** One message of a made-up trace. `at` in seconds; ends are `address:port`. */
export interface Sent { at: number, from: string, to: string, text: string, transport?: 'udp' | 'tcp' }

const begin = Date.UTC(2026, 10, 27, 10, 0, 0)

export const places = { browser: '198.51.100.20:51000', proxy: '203.0.113.5:5060', phone: '192.0.2.77:5060' }

type PlaceName = keyof typeof places
interface Line {
  from: PlaceName
  to: PlaceName
  start: string
  at: number
  sdp?: string
  cseq?: string
  headers?: string[]
  callId?: string
  toTag?: string
}

/** A message between two places; Via and branch go by where it is. */
export function sip ({ from, to, start, at, sdp, cseq = '1 INVITE', headers = [], callId = 'call-1@example.com', toTag }: Line): Sent {
  const isReply = start.startsWith('SIP/2.0')
  const isAtBrowser = from === 'browser' || to === 'browser'
  const own = `Via: SIP/2.0/${isAtBrowser ? 'WSS abc.invalid' : `UDP ${places[isReply ? to : from]}`};branch=z9hG4bK-${isAtBrowser ? 'a' : 'b'}-${cseq.replace(' ', '-')}`
  const tag = toTag ?? (isReply && !start.startsWith('SIP/2.0 100') ? 'callee' : undefined)
  const lines = [
    start, own, ...isAtBrowser ? [] : ['Via: SIP/2.0/WSS abc.invalid;branch=z9hG4bK-a-1'],
    'From: <sip:alice@example.com>;tag=caller', `To: <sip:bob@example.com>${tag === undefined ? '' : `;tag=${tag}`}`,
    `Call-ID: ${callId}`, `CSeq: ${cseq}`, ...headers,
    ...sdp === undefined ? ['Content-Length: 0'] : ['Content-Type: application/sdp', `Content-Length: ${Buffer.byteLength(sdp)}`], '', sdp ?? '',
  ]
  return { at, from: places[from], to: places[to], text: lines.join('\r\n'), transport: isAtBrowser ? 'tcp' : 'udp' }
}

const text = (name: string) => sample(name).toString('latin1')
export const sdps = {
  browserOffer: text('chromium-audio-gathered'),
  phoneOffer: text('out105-webrtc-to-plain-opus-pcmu-offer').replaceAll('127.0.0.1', '203.0.113.5').split('\r\n')
    .filter((line) => !/^a=(?:msid|ssrc|mid|extmap|rtcp-)/.test(line)).join('\r\n'),
  phoneAnswer: text('answer-plain-pcmu').replaceAll('127.0.0.1', '192.0.2.77'),
  browserAnswer: text('out105-webrtc-to-plain-opus-pcmu-answer').replaceAll('127.0.0.1', '203.0.113.5'),
}

const invite = 'INVITE sip:bob@example.com SIP/2.0'
const ok = 'SIP/2.0 200 OK'

/** A call from a browser over a proxy to a phone, all well; parts of it can be given anew. */
export function call (change: Partial<typeof sdps> = {}): Sent[] {
  const { browserOffer, phoneOffer, phoneAnswer, browserAnswer } = { ...sdps, ...change }
  return [
    sip({ from: 'browser', to: 'proxy', start: invite, at: 0, sdp: browserOffer }),
    sip({ from: 'proxy', to: 'browser', start: 'SIP/2.0 100 Trying', at: 0.01 }),
    sip({ from: 'proxy', to: 'phone', start: invite, at: 0.02, sdp: phoneOffer }),
    sip({ from: 'phone', to: 'proxy', start: 'SIP/2.0 180 Ringing', at: 0.1 }),
    sip({ from: 'proxy', to: 'browser', start: 'SIP/2.0 180 Ringing', at: 0.11 }),
    sip({ from: 'phone', to: 'proxy', start: ok, at: 2, sdp: phoneAnswer }),
    sip({ from: 'proxy', to: 'browser', start: ok, at: 2.01, sdp: browserAnswer }),
    sip({ from: 'browser', to: 'proxy', start: 'ACK sip:bob@192.0.2.77 SIP/2.0', at: 2.1, cseq: '1 ACK', toTag: 'callee' }),
    sip({ from: 'proxy', to: 'phone', start: 'ACK sip:bob@192.0.2.77 SIP/2.0', at: 2.11, cseq: '1 ACK', toTag: 'callee' }),
    sip({ from: 'browser', to: 'proxy', start: 'BYE sip:bob@192.0.2.77 SIP/2.0', at: 60, cseq: '2 BYE', toTag: 'callee' }),
    sip({ from: 'proxy', to: 'phone', start: 'BYE sip:bob@192.0.2.77 SIP/2.0', at: 60.01, cseq: '2 BYE', toTag: 'callee' }),
    sip({ from: 'phone', to: 'proxy', start: ok, at: 60.02, cseq: '2 BYE' }),
    sip({ from: 'proxy', to: 'browser', start: ok, at: 60.03, cseq: '2 BYE' }),
  ]
}

/** The four troubles of WebRTC–SIP, each as a trace that shows one, with the finding that names it. */
export const troubles = {
  'no audio after connect': {
    id: 'WEB-02', trace: call({ browserAnswer: sdps.browserAnswer.split('\r\n').filter((line) => !/^a=(?:ice-|candidate)/.test(line)).join('\r\n') }),
  },
  '488 from the SIP endpoint': {
    id: 'SIG-02',
    trace: [
      ...call({ phoneOffer: sdps.phoneOffer.replace('RTP/AVP', 'UDP/TLS/RTP/SAVPF') }).slice(0, 3),
      sip({ from: 'phone', to: 'proxy', start: 'SIP/2.0 488 Not Acceptable Here', at: 0.1, headers: ['Warning: 304 192.0.2.77 "Incompatible media format"'] }),
      sip({ from: 'proxy', to: 'phone', start: 'ACK sip:bob@example.com SIP/2.0', at: 0.11, cseq: '1 ACK', toTag: 'callee' }),
      sip({ from: 'proxy', to: 'browser', start: 'SIP/2.0 488 Not Acceptable Here', at: 0.12 }),
    ],
  },
  'choppy audio': {
    id: 'OA-06',
    trace: call({
      phoneAnswer: sdps.phoneAnswer.replace('a=ptime:20', 'a=ptime:30'),
      browserAnswer: sdps.browserAnswer.replace('SAVPF 111 110', 'SAVPF 0 126').replace('111 opus/48000/2', '0 PCMU/8000').replace('110 telephone-event/48000', '126 telephone-event/8000')
        .split('\r\n').filter((line) => !/:11[01] /.test(line)).join('\r\n'),
    }),
  },
  'audio stops after 30 seconds': {
    id: 'SIG-01',
    trace: [
      ...call().slice(0, 7),
      ...[0.5, 1.5, 3.5, 7.5, 11.5].map((after) => sip({ from: 'phone', to: 'proxy', start: ok, at: 2 + after, sdp: sdps.phoneAnswer })),
      sip({ from: 'phone', to: 'proxy', start: 'BYE sip:alice@203.0.113.5 SIP/2.0', at: 34.01, cseq: '1 BYE', toTag: 'caller' }),
      sip({ from: 'proxy', to: 'phone', start: ok, at: 34.02, cseq: '1 BYE' }),
    ],
  },
} as const

const two = (value: number) => String(value).padStart(2, '0')
function dateOf (at: number, divider: string): string {
  const time = new Date(begin + at * 1000)
  const day = [time.getUTCFullYear(), two(time.getUTCMonth() + 1), two(time.getUTCDate())].join(divider)
  return `${day} ${time.toISOString().slice(11, 23)}000`
}

const columns = ['id', 'time_stamp', 'time_us', 'callid', 'traced_user', 'msg', 'method', 'status', 'fromip', 'toip', 'fromtag', 'totag', 'direction']
/** A row of `sip_trace`, as Kamailio's siptrace fills it. */
function rowOf ({ at, from, to, text: message, transport = 'udp' }: Sent): string[] {
  const [time = '', fraction = '0'] = dateOf(at, '-').split('.')
  return ['7', time, String(Number(fraction)), 'call', '', message, 'INVITE', '', `${transport}:${from}`, `${transport}:${to}`, 'caller', '', 'in']
}

/** How programs write a trace down. */
export const formats: Record<string, (trace: readonly Sent[]) => string> = {
  sngrep: (trace) => trace.map((each) => `${dateOf(each.at, '/')} ${each.from} -> ${each.to}\n${each.text}\n\n`).join(''),
  'ngrep -W byline -t': (trace) => `interface: any\nfilter: port 5060\n#\n${trace.map((each) =>
    `${each.transport === 'tcp' ? 'T' : 'U'} ${dateOf(each.at, '/')} ${each.from} -> ${each.to}${each.transport === 'tcp' ? ' [AP]' : ''}\n${each.text.replaceAll('\r\n', '.\n')}\n\n#\n`).join('')}`,
  'Homer export': (trace) => trace.map((each) => `proto:${(each.transport ?? 'udp').toUpperCase()} ${dateOf(each.at, '-').replace(' ', 'T')}Z  ${each.from} ---> ${each.to}\r\n\r\n${each.text}\r\n\r\n`).join(''),
  'Kamailio xlog in syslog': (trace) => trace.map((each) => `Nov 27 10:00:00 sbc kamailio[712]: INFO: ${(begin / 1000 + each.at).toFixed(6)} ${each.from} -> ${each.to} `
    + `${each.text.replaceAll('\r\n', '#015#012')}\n`).join(''),
  'sip_trace as CSV': (trace) => `id,time_stamp,time_us,callid,traced_user,msg,method,status,fromip,toip,fromtag,totag,direction\n${trace.map((each) =>
    rowOf(each).map((cell) => /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell).join(',')).join('\n')}\n`,
  'sip_trace as mysql --batch': (trace) => `${columns.join('\t')}\n${trace.map((each) =>
    rowOf(each).map((cell) => cell.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t')).join('\t')).join('\n')}\n`,
  'sip_trace with \\G': (trace) => trace.map((each, index) => `*************************** ${index + 1}. row ***************************\n${
    rowOf(each).map((cell, column) => `${(columns[column] ?? '').padStart(11)}: ${cell}\n`).join('')}`).join(''),
  'without addresses or times': (trace) => trace.map((each) => `${each.text}\n\n`).join(''),
}

/** HEP3 of a packet, as a capture agent sends it. */
export function hep ({ at, from, to, text: message }: Sent): Buffer {
  const chunk = (type: number, value: Buffer) => {
    const head = Buffer.alloc(6)
    head.writeUInt16BE(type, 2)
    head.writeUInt16BE(6 + value.length, 4)
    return Buffer.concat([head, value])
  }
  const number = (size: number, value: number) => {
    const bytes = Buffer.alloc(size)
    bytes.writeUIntBE(value, 0, size)
    return bytes
  }
  const [fromAddress, toAddress] = [from, to].map((end) => Buffer.from(addressOf(end).split('.').map(Number))) as [Buffer, Buffer]
  const micros = Math.round((begin + at * 1000) * 1000)
  const chunks = Buffer.concat([
    chunk(1, number(1, 2)), chunk(2, number(1, 17)), chunk(3, fromAddress), chunk(4, toAddress),
    chunk(7, number(2, portOf(from))), chunk(8, number(2, portOf(to))),
    chunk(9, number(4, Math.floor(micros / 1e6))), chunk(10, number(4, micros % 1e6)),
    chunk(11, number(1, 1)), chunk(12, number(4, 42)), chunk(15, Buffer.from(message, 'latin1')),
  ])
  return Buffer.concat([Buffer.from('HEP3'), number(2, 6 + chunks.length), chunks])
}

export const agents = { from: '203.0.113.5:50000', to: '203.0.113.9:9060' }
/** A trace as Homer gets it, in a pcap of that. */
export function hepPcap (trace: readonly Sent[]): Buffer {
  const { from, to } = agents
  return pcapOf([], trace.map((each) => record(each.at + 5, ethernet(ipv4(17, from, to, udp(from, to, hep(each)))))))
}

/** A classic pcap: Ethernet, IPv4, UDP for all. */
export function pcapOf (trace: readonly Sent[], extra: Buffer[] = []): Buffer {
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b2c3d4, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(262_144, 16)
  header.writeUInt32LE(1, 20)
  const records = trace.map(({ at, from, to, text: message }) =>
    record(at, ethernet(ipv4(17, from, to, udp(from, to, Buffer.from(message, 'latin1'))))))
  return Buffer.concat([header, ...records, ...extra])
}

export function record (at: number, frame: Buffer): Buffer {
  const head = Buffer.alloc(16)
  const micros = Math.round((begin + at * 1000) * 1000)
  head.writeUInt32LE(Math.floor(micros / 1e6), 0)
  head.writeUInt32LE(micros % 1e6, 4)
  head.writeUInt32LE(frame.length, 8)
  head.writeUInt32LE(frame.length, 12)
  return Buffer.concat([head, frame])
}

export function ethernet (packet: Buffer, tags: number[] = []): Buffer {
  const type = (value: number) => Buffer.from([value >> 8, value & 255])
  const vlans = tags.flatMap((tag) => [type(0x8100), type(tag)])
  return Buffer.concat([Buffer.alloc(12), ...vlans, type(0x0800), packet])
}

export function ipv4 (
  protocol: number, from: string, to: string, payload: Buffer, { offset = 0, hasMore = false, id = 1 } = {},
): Buffer {
  const head = Buffer.alloc(20)
  head[0] = 0x45
  head.writeUInt16BE(20 + payload.length, 2)
  head.writeUInt16BE(id, 4)
  head.writeUInt16BE((hasMore ? 0x2000 : 0) | offset / 8, 6)
  head[8] = 64
  head[9] = protocol
  Buffer.from(addressOf(from).split('.').map(Number)).copy(head, 12)
  Buffer.from(addressOf(to).split('.').map(Number)).copy(head, 16)
  return Buffer.concat([head, payload])
}

export function udp (from: string, to: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt16BE(portOf(from), 0)
  head.writeUInt16BE(portOf(to), 2)
  head.writeUInt16BE(8 + data.length, 4)
  return Buffer.concat([head, data])
}

export function tcp (from: string, to: string, sequence: number, data: Buffer): Buffer {
  const head = Buffer.alloc(20)
  head.writeUInt16BE(portOf(from), 0)
  head.writeUInt16BE(portOf(to), 2)
  head.writeUInt32BE(sequence, 4)
  head[12] = 0x50
  return Buffer.concat([head, data])
}

export function rtp (sequence: number, timestamp: number, ssrc: number): Buffer {
  const packet = Buffer.alloc(172)
  packet[0] = 0x80
  packet.writeUInt16BE(sequence & 0xffff, 2)
  packet.writeUInt32BE(timestamp >>> 0, 4)
  packet.writeUInt32BE(ssrc, 8)
  return packet
}

const addressOf = (end: string) => end.split(':')[0] ?? ''
const portOf = (end: string) => Number(end.split(':')[1])

/** The bytes in pieces of odd sizes, as a stream gives them. */
export async function* chunked (bytes: Buffer | string, size = 997): AsyncGenerator<Buffer> {
  await Promise.resolve()
  const all = Buffer.from(bytes as string, 'latin1')
  for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size)
}
