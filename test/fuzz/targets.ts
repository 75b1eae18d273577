import { readdirSync, readFileSync } from 'node:fs'
import { NgpilotError } from '../../src/errors.ts'
import { checkFrame, idOf, parseFrame } from '../../src/ingress/evapi/requests.ts'
import { netstring, NetstringReader } from '../../src/ingress/evapi/netstrings.ts'
import { createHandler } from '../../src/ingress/ng/handler.ts'
import { decode, encode } from '../../src/ng/codec.ts'
import { writeJson } from '../../src/ng/json.ts'
import { factsOf } from '../../src/sip/facts.ts'
import { parseSipMessage } from '../../src/sip/message.ts'
import { corpus } from '../transparency/corpus.ts'
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
const bencoded = commands.map((command, index) => encode(`c${index}`, command))
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
const folder = new URL('../data/sdp/', import.meta.url)
const sdps = readdirSync(folder).filter((name) => name.endsWith('.sdp')).map((name) => readFileSync(new URL(name, folder)))
const messages = [
  ...sdps.map(invite),
  Buffer.from('SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <tel:+1>;tag=a\r\nTo: <sip:b@c>;tag=b\r\nCall-ID: 2\r\nCSeq: 2 BYE\r\nl: 0\r\n\r\n'),
  Buffer.from('BYE sip:b@c SIP/2.0\nVia:SIP/2.0/UDP a\nFrom:<sip:a>;tag=1\nTo:<sip:b>;tag=2\nCall-ID:3\nCSeq:1 BYE\n\n'),
]

const sip: Target = {
  name: 'SIP messages',
  seeds: messages,
  alphabet: Buffer.from('\r\n :;,<>"=@\\.[]/\t0129ab\x00\xff', 'latin1'),
  run: (input) => refusing(() => factsOf(parseSipMessage(input))) ? 'taken' : 'refused',
}

const frames = messages.slice(0, 40).map((message, index) => netstring(JSON.stringify({
  verb: 'manage', id: String(index), message: message.toString('latin1'), source: 'sip:192.0.2.1:5066;transport=wss', vars: 'a=b; c=d',
})))

/** Kamailio's frames as they come over TCP, in pieces: what is whole is read or refused, and nothing of it piles up. */
const evapi: Target = {
  name: 'netstrings and evapi JSON',
  seeds: [...frames, netstring('{"verb":"delete","id":"1","callId":"x"}'), netstring('{}'), Buffer.from('12:short,'), Buffer.from('999999:')],
  alphabet: Buffer.from('0123456789:,{}"[]\\u\x00', 'latin1'),
  run (input, random) {
    const reader = new NetstringReader()
    let fate: Fate = 'refused'
    for (let at = 0; at < input.length;) {
      const chunk = input.subarray(at, at += 1 + random(input.length))
      for (const payload of reader.push(chunk).payloads) {
        if (refusing(() => { const frame = parseFrame(payload); idOf(frame); return checkFrame(frame) })) fate = 'taken'
      }
    }
    return fate
  },
}

export const targets = (): Target[] => [codec, ngMessages(), evapi, sip]

/** The result, or undefined where ngpilot refuses. @throws whatever else is thrown */
function refusing<T> (read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof NgpilotError && error.code !== 'internal') return undefined
    throw error
  }
}
