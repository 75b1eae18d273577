import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StackContext } from '../../stack/context.ts'
import { tone } from '../../stack/tone.ts'
import { encodeWav } from '../../stack/wav.ts'
import type { NgDictionary } from '../../src/ng/types.ts'

/** Whoever answers NG commands: an rtpengine, or ngpilot before one. */
export type Ask = (command: NgDictionary) => Promise<NgDictionary>

/** One end of a stream. `heard`: type, marker and payload of each packet that came, or its length where that is random. */
interface Ear { socket: Socket, port: number, heard: string[], sendTo: (port: number, packets: Packet[]) => Promise<void> }
interface Packet { type: number, marker?: boolean, payload: Buffer }

interface Scenario {
  name: string
  offer?: NgDictionary
  answer?: NgDictionary
  /** What the callee knows. */
  callee?: string
  /** Between the answer and the first packet. */
  commands?: NgDictionary[]
  packets?: Packet[]
  isSecret?: boolean
  /** Once more after this, to the same ports. */
  then?: NgDictionary
}

const speech: Packet[] = Array.from({ length: 10 }, (_, index) => (
  { type: 0, marker: index === 0, payload: Buffer.alloc(160, 0x20 + 3 * index) }))
/** The key 5 for 60 ms (RFC 4733), in the middle of speech. */
const key: Packet[] = [160, 320, 480, 480, 480].map((duration, index) => (
  { type: 101, marker: index === 0, payload: Buffer.from([5, index >= 2 ? 0x8a : 0x0a, duration >> 8, duration & 0xff]) }))
const speechAndKey = [...speech.slice(0, 4), ...key, ...speech.slice(4)]
const wav = encodeWav(tone(440, { seconds: 0.2 }))
const all = { flags: ['all'] }
/** What is blocked, transcoded or played comes late. */
const lateMs = 400

const scenarios: Scenario[] = [
  { name: 'speech passes' },
  { name: 'keys pass', packets: speechAndKey },
  { name: 'PCMU becomes PCMA', offer: { codec: { transcode: ['PCMA'], mask: ['PCMU'] } }, callee: '8 101', packets: speechAndKey },
  { name: 'PCMU becomes G722', offer: { codec: { transcode: ['G722'], strip: ['PCMU'] } }, callee: '9 101' },
  { name: 'two packets become one', offer: { codec: { transcode: ['PCMA'], mask: ['PCMU'] }, ptime: 40, flags: ['always-transcode'] }, callee: '8' },
  { name: 'to SRTP', offer: { 'transport-protocol': 'RTP/SAVP', SDES: ['only-AES_CM_128_HMAC_SHA1_80'] }, isSecret: true },
  ...['drop', 'silence', 'tone', 'zero', 'DTMF'].map((mode): Scenario => (
    { name: `keys blocked: ${mode}`, commands: [{ ...all, 'DTMF-security': mode, command: 'block DTMF' }], packets: speechAndKey })),
  ...['block media', 'silence media'].map((command): Scenario => (
    { name: command, commands: [{ ...all, command }], then: { ...all, command: command.replace(/^(block|silence)/, 'un$1') } })),
  { name: 'a file is played', offer: { codec: { transcode: ['PCMA'] } }, commands: [{ 'from-tag': 'a', blob: wav, command: 'play media' }], packets: [] },
  { name: 'a key is pressed', offer: { flags: ['inject-DTMF'] }, answer: { flags: ['inject-DTMF'] }, then: { 'from-tag': 'a', code: '5', duration: 100, command: 'play DTMF' } },
  { name: 'the call ends', then: { 'delete-delay': 0, command: 'delete' } },
  { name: 'somebody subscribes', commands: [{ 'from-tag': 'a', 'to-tag': 'listener', command: 'subscribe request' }] },
]

/** What came out, by scenario: what caller, callee and a subscriber heard, and the packets that rtpengine counted. */
export async function mediaOf (context: StackContext, ask: Ask): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>()
  for (const scenario of scenarios) found.set(scenario.name, await outcomeOf(context, ask, scenario))
  return found
}

async function outcomeOf (context: StackContext, ask: Ask, scenario: Scenario): Promise<unknown> {
  const { name, offer, answer, callee = '0 101', commands = [], packets = speech, isSecret = false, then } = scenario
  const ears = await Promise.all(['caller', 'callee', 'subscriber'].map(() => openEar(context, isSecret)))
  const [one, other, third] = ears
  if (!one || !other || !third) return undefined
  const call = { 'call-id': name, 'from-tag': 'a' }
  const offered = await ask({ ...offer, ...call, sdp: sdpOf(one.port, '0 8 9 101'), command: 'offer' })
  const answered = await ask({ ...answer, ...call, 'to-tag': 'b', sdp: sdpOf(other.port, callee, isSecret), command: 'answer' })
  for (const command of commands) {
    const reply = await ask({ 'call-id': name, ...command })
    if (command.command !== 'subscribe request') continue
    await ask({ 'call-id': name, 'to-tag': reply['to-tag'] ?? '', sdp: sdpOf(third.port, '0 101'), command: 'subscribe answer' })
  }
  // rtpengine learns of both where they are.
  if (!isSecret) await other.sendTo(portIn(offered), [{ type: Number(callee.split(' ')[0]), payload: Buffer.alloc(160, 0x7f) }])
  await one.sendTo(portIn(answered), packets)
  await sleep(lateMs)
  const words: unknown[] = []
  if (then) {
    const { result } = await ask({ 'call-id': name, ...then })
    words.push(result)
    await one.sendTo(portIn(answered), packets)
    await sleep(lateMs)
  }
  const { totals } = await ask({ 'call-id': name, command: 'query' })
  await ask({ 'call-id': name, 'delete-delay': 0, command: 'delete' })
  const counted = (totals as { RTP?: { packets?: number } } | undefined)?.RTP?.packets
  return { heard: ears.map(({ heard }) => [...heard]), words, counted }
}

async function openEar (context: StackContext, isSecret: boolean): Promise<Ear> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  context.after(async () => { await new Promise<void>((resolve) => socket.close(() => resolve())) })
  const heard: string[] = []
  socket.on('message', (packet) => {
    const payload = packet.subarray(12)
    heard.push(`${packet.readUInt8(1) & 0x7f}${packet.readUInt8(1) > 127 ? ' marked' : ''} ${isSecret ? payload.length : payload.toString('base64')}`)
  })
  let sequence = 0
  return {
    socket, heard, port: socket.address().port,
    async sendTo (port, packets) {
      for (const { type, marker = false, payload } of packets) {
        const header = Buffer.alloc(12)
        header.writeUInt16BE(0x8000 | type | (marker ? 0x80 : 0), 0)
        header.writeUInt16BE(++sequence, 2)
        header.writeUInt32BE(sequence * 160, 4)
        header.writeUInt32BE(0x1234, 8)
        socket.send(Buffer.concat([header, payload]), port, '127.0.0.1')
        await sleep(20)
      }
    },
  }
}

function sdpOf (port: number, formats: string, isSecret = false): Buffer {
  return Buffer.from([
    'v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${port} RTP/${isSecret ? 'SAVP' : 'AVP'} ${formats}`,
    'a=rtpmap:101 telephone-event/8000',
    ...(isSecret ? ['a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz'] : []), '',
  ].join('\r\n'))
}

function portIn ({ sdp }: NgDictionary): number {
  return Number(/^m=audio (\d+)/m.exec(Buffer.isBuffer(sdp) ? sdp.toString() : '')?.[1] ?? 9)
}
