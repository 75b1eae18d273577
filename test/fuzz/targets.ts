import type { Calls } from '../../src/calls/calls.ts'
import { NgpilotError } from '../../src/errors.ts'
import { digitOf, readDtmf } from '../../src/ingress/dtmf/datagram.ts'
import { NotifyReader } from '../../src/ingress/dtmf/notify.ts'
import { askedBy, checkFrame, idOf, parseFrame } from '../../src/ingress/evapi/requests.ts'
import { netstring, NetstringReader } from '../../src/ingress/evapi/netstrings.ts'
import { createHandler } from '../../src/ingress/ng/handler.ts'
import { decode, encode } from '../../src/ng/codec.ts'
import { writeJson } from '../../src/ng/json.ts'
import { replaceSdp } from '../../src/sip/body.ts'
import { factsOf } from '../../src/sip/facts.ts'
import { parseSipMessage } from '../../src/sip/message.ts'
import { corpus } from '../transparency/corpus.ts'
import { answer, sdps } from '../transparency/sequence.ts'
import type { Random } from './random.ts'

/** What became of an input: taken for what it is, or refused with an error of ngpilot's own. Anything else is a bug. */
export type Fate = 'taken' | 'refused'

export interface Target {
  name: string
  seeds: Buffer[]
  /** The bytes that mean something here. */
  alphabet: Buffer
  /** @throws what no input may bring about */
  run (input: Buffer, random: Random): Fate | Promise<Fate>
}

const commands = corpus.filter((_, index) => index % 7 === 0).flatMap(({ commands }) => commands)
  .filter((step) => typeof step !== 'function')
// Short ones: what a change may break in audio it may break in an SDP.
const bencoded = commands.map((command, index) => encode(`c${index}`, command)).filter(({ length }) => length < 8000)
const json = commands.slice(0, 60).map((command, index) => Buffer.concat([Buffer.from(`j${index} `), writeJson(command)]))
const odd = [
  Buffer.from('c d9:__proto__d8:polluted4:true6:resulti007eee'), Buffer.from(`c ${'l'.repeat(400)}`), Buffer.from(`c ${'['.repeat(400)}`),
  Buffer.from('c d10:rtpp-flags30:trunk=acme replace-origin a=b=ce'), Buffer.from('c {"command":"ping","x":[[[{}]]]}'),
  Buffer.from('c d10:rtpp-flags54:trunk=[a b] replace=[origin sdp-attr=[audio=[remove=[xe'),
]

/** The codec alone: what it reads it can write, and reads the same again. */
const codec: Target = {
  name: 'bencode and JSON',
  seeds: [...bencoded, ...json, ...odd],
  alphabet: Buffer.from('deli0123456789:-+. \xff\x00_p{}[]",', 'latin1'),
  run (input) {
    const read = refusing(() => decode(input))
    if (!read) return 'refused'
    const again = decode(encode(read.cookie, read.message)).message
    // JSON can hold half a surrogate pair, which no UTF-8 can.
    if (JSON.stringify(again) !== JSON.stringify(read.message).replaceAll(/\\ud[89a-f][0-9a-f]{2}/g, '\uFFFD')) throw new Error('what was read is written otherwise')
    return 'taken'
  },
}

/** The whole NG ingress but its sockets: each message has one answer, or is counted as ignored or repeated. */
function ngMessages (): Target {
  let told: string[] = []
  const { handle } = createHandler({
    calls: {
      relay: ({ media }) => Promise.resolve({ outcome: media ? { sdp: media.sdp } : {} }),
      wholeFleet: ({ message }) => Promise.resolve({ reply: message }),
    },
    deadlineMs: 1000,
    observer: {
      answered: (_, command, result) => { told.push(`${command} ${result}`) },
      repeated: () => { told.push('repeated') },
      ignored: () => { told.push('ignored') },
    },
    log: { info: () => undefined, warn: () => undefined },
    maxBytes: 8 * 1024 ** 2,
  })
  return {
    name: 'NG messages',
    seeds: codec.seeds,
    alphabet: codec.alphabet,
    async run (input, random) {
      told = []
      let answers = 0
      handle(input, `127.0.0.1 ${random(50_000)}`, (reply) => {
        decode(reply, 1024 ** 2)
        answers++
      }, 65_507)
      for (let turns = 0; told.length === 0 && turns < 50; turns++) await Promise.resolve()
      for (let turns = 0; answers === 0 && told[0] !== 'ignored' && turns < 50; turns++) await Promise.resolve()
      const [what = 'nothing'] = told
      if (told.length !== 1 || answers !== (what === 'ignored' ? 0 : 1)) throw new Error(`${answers} answers, told ${told.join(', ') || 'nothing'}`)
      if (what.endsWith(' internal')) throw new Error(`a fault of ngpilot's own: ${what}`)
      return what.endsWith(' ok') || what === 'repeated' ? 'taken' : 'refused'
    },
  }
}

const invite = (body: Buffer) => Buffer.concat([Buffer.from([
  'INVITE sip:bob@example.test SIP/2.0', 'Via: SIP/2.0/WSS 192.0.2.1:5066;branch=z9hG4bK77;rport, SIP/2.0/UDP [2001:db8::1]',
  'f: "Alice, of \\"there\\"" <sip:alice@example.test;x=y>;tag=a1', 'To: <sip:bob@example.test>', 'Call-ID: 1@192.0.2.1', 'CSeq: 1 INVITE',
  'Contact: <sip:alice@192.0.2.1;transport=ws>', 'User-Agent: a phone', 'Content-Type: application/sdp', `Content-Length: ${body.length}`, '', '',
].join('\r\n')), body])
const messages = [
  ...sdps.map(([, sdp]) => invite(sdp)),
  Buffer.from('SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <tel:+1>;tag=a\r\nTo: <sip:b@c>;tag=b\r\nCall-ID: 2\r\nCSeq: 2 BYE\r\nl: 0\r\n\r\n'),
  Buffer.from('BYE sip:b@c SIP/2.0\nVia:SIP/2.0/UDP a\nFrom:<sip:a>;tag=1\nTo:<sip:b>;tag=2\nCall-ID:3\nCSeq:1 BYE\n\n'),
]

const sip: Target = {
  name: 'SIP messages',
  seeds: messages,
  alphabet: Buffer.from('\r\n :;,<>"=@\\.[]/\t0129ab\x00\xff', 'latin1'),
  run (input) {
    const message = refusing(() => {
      const read = parseSipMessage(input)
      return { read, facts: factsOf(read) }
    })
    if (!message) return 'refused'
    const { read, facts } = message
    // What it answers is a body with the new SDP in the place of the old.
    if (facts.sdp && !replaceSdp(read, answer).includes(answer)) throw new Error('the new SDP is not in the body')
    return 'taken'
  },
}

const askedByName = [
  { verb: 'delete', callId: 'x' }, { verb: 'pong', id: 'p' }, { verb: 'offer', callId: 'c', fromTag: 'f', sdp: answer.toString() },
  { verb: 'answer', callId: 'c', fromTag: 'f', toTag: 't', sdp64: answer.toString('base64') },
  { verb: 'play-dtmf', callId: 'c', with: { fromTag: 'f', code: '5' } }, { verb: 'query', callId: 'c' },
].map((frame) => netstring(JSON.stringify({ id: '7:1', ...frame })))
const frames = messages.slice(0, 40).map((message, index) => netstring(JSON.stringify({
  verb: 'manage', id: String(index), message: message.toString('latin1'), source: 'sip:192.0.2.1:5066;transport=wss', vars: 'a=b; c=d',
})))

const sentinel = netstring('{"verb":"delete","id":"sentinel","callId":"x"}')

/**
 * Kamailio's frames as they come over TCP, in pieces, on one connection: each that is whole is carried out or refused, and
 * whatever came before, the reader finds the frames that follow.
 */
function evapi (): Target {
  const reader = new NetstringReader()
  const outcome = { command: 'offer', sdp: answer }
  const calls = {
    manage: () => Promise.resolve(outcome), offer: () => Promise.resolve(outcome), answer: () => Promise.resolve(outcome),
    deleteCall: () => Promise.resolve({ command: 'delete' }), command: () => Promise.resolve({ node: 'n1', reply: { result: 'ok' } }),
  } as unknown as Calls
  return {
    name: 'netstrings and evapi JSON',
    seeds: [...frames, ...askedByName, netstring('{}'), Buffer.from('12:short,'), Buffer.from('999999:')],
    alphabet: Buffer.from('0123456789:,{}"[]\\u\x00', 'latin1'),
    async run (input, random) {
      let fate: Fate = 'refused'
      for (let at = 0; at < input.length;) {
        const chunk = input.subarray(at, at += 1 + random(input.length))
        for (const payload of reader.push(chunk).payloads) {
          if (await refusing(() => served(payload, calls))) fate = 'taken'
        }
      }
      // What is unfinished may swallow one, and its end another; never the third.
      const found = [sentinel, sentinel, sentinel].map((frame) => reader.push(frame).payloads.at(-1)?.toString())
      if (!found.at(-1)?.includes('"sentinel"')) throw new Error('the reader has lost the beginning of frames')
      return fate
    },
  }
}

async function served (payload: Buffer, calls: Calls): Promise<object> {
  const frame = parseFrame(payload)
  idOf(frame)
  const checked = checkFrame(frame)
  return checked.verb === 'pong' ? checked : askedBy(checked, calls, 0).run()
}

export const targets = (): Target[] => [codec, ngMessages(), evapi(), sip, datagrams, notifications]

/** What rtpengine tells of keys, whose Call-ID and tags are the caller's and not escaped. */
const datagrams: Target = {
  name: 'DTMF datagrams',
  seeds: ['call-1@192.0.2.1', 'a","source_tag":"b', '\\', ''].flatMap((callId) => ['', '"source_label":"x",'].map((label) => Buffer.from(
    `{"callid":"${callId}","source_tag":"t1",${label}"tags":["t1","t2"],"type":"DTMF","timestamp":1,"source_ip":"192.0.2.1","event":5,"duration":120,"volume":10}`))),
  alphabet: Buffer.from('{}[]":,0129abt_\\\x00\xff', 'latin1'),
  run (input) {
    const readings = readDtmf(input)
    if (readings.some(({ event }) => digitOf({ event }) === '')) throw new Error('a key that there is not')
    return readings.length > 0 ? 'taken' : 'refused'
  },
}

/** The same over TCP-NG: a stream that holds what is no message is refused as a whole. */
const notifications: Target = {
  name: 'TCP-NG notifications',
  seeds: ['onDTMF', 'onOther'].flatMap((notify) => [1, 3].map((count) => Buffer.concat(Array<Buffer>(count).fill(encode('cookie', {
    notify, data: { callid: 'c1', source_tag: 't1', tags: ['t1', 't2'], type: 'DTMF', timestamp: 1, source_ip: '192.0.2.1', event: 5, duration: 120, volume: 10 },
  }))))),
  alphabet: codec.alphabet,
  run (input, random) {
    const reader = new NotifyReader()
    let found = 0
    for (let at = 0; at < input.length;) {
      const chunk = input.subarray(at, at += 1 + random(input.length))
      try {
        found += reader.push(chunk).length
      } catch {
        return 'refused'
      }
    }
    return found > 0 ? 'taken' : 'refused'
  },
}

/** The result, or undefined where ngpilot refuses. @throws whatever else is thrown */
function refusing<T> (read: () => T): T | undefined
function refusing<T> (read: () => Promise<T>): Promise<T | undefined>
function refusing<T> (read: () => T | Promise<T>): T | undefined | Promise<T | undefined> {
  try {
    const result = read()
    return result instanceof Promise ? result.catch(refused) : result
  } catch (error) {
    refused(error); return
  }
}

function refused (error: unknown): undefined {
  if (error instanceof NgpilotError && error.code !== 'internal') return undefined
  throw error
}
