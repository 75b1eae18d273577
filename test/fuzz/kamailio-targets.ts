import type { Calls } from '../../src/calls/calls.ts'
import { askedBy, checkFrame, idOf, parseFrame } from '../../src/ingress/evapi/requests.ts'
import { netstring, NetstringReader } from '../../src/ingress/evapi/netstrings.ts'
import { replaceSdp } from '../../src/sip/body.ts'
import { factsOf } from '../../src/sip/facts.ts'
import { parseSipMessage } from '../../src/sip/message.ts'
import { answer, sdps } from '../transparency/sequence.ts'
import { type Fate, refusing, type Target } from './target.ts'

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

/** Read as `/v1/sip` reads them. */
export const sip: Target = {
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
export function evapi (): Target {
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
