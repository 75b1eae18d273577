import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { NgClient } from '../../src/ng/client.ts'
import { answerCommand, offerCommand } from '../../src/ng/commands.ts'
import { decide } from '../../src/policy/decide.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import type { CallFacts } from '../../src/policy/types.ts'
import { audioCodecs } from '../../src/sdp/codecs.ts'
import { parseSdp } from '../../src/sdp/parse.ts'
import { factsOf } from './facts.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'

const policy = await loadPolicy(new URL('../../policy', import.meta.url).pathname)

/** What a leg offers here, and what must come out towards it, whoever calls. */
interface Leg { offers: string[], protocol: string, codecs: RegExp, isWeb?: boolean, isSrtp?: boolean }

const telephony = /^PCMU(,PCMA)?,telephone-event$/
const legs: Record<'webrtc' | 'browser' | 'sip' | 'phone' | 'sip-sdes' | 'phone-srtp', Leg> = {
  webrtc: { offers: ['chromium-audio-gathered-loopback'], protocol: 'UDP/TLS/RTP/SAVPF', codecs: /^/, isWeb: true },
  browser: {
    offers: ['chromium-audio-gathered-loopback', 'firefox-audio-gathered', 'safari-like-audio-offer'],
    protocol: 'UDP/TLS/RTP/SAVPF',
    codecs: /^opus,PCMU(,telephone-event)+$/,
    isWeb: true,
  },
  sip: { offers: ['asterisk-pjsip-plain-offer'], protocol: 'RTP/AVP', codecs: telephony },
  phone: { offers: ['asterisk-pjsip-plain-offer', 'g729-only-trunk-offer', 'polycom-like-offer'], protocol: 'RTP/AVP', codecs: telephony },
  'sip-sdes': { offers: ['yealink-like-sdes-offer'], protocol: 'RTP/SAVP', codecs: telephony, isSrtp: true },
  'phone-srtp': { offers: ['yealink-like-sdes-offer'], protocol: 'RTP/SAVP', codecs: telephony, isSrtp: true },
}

type Name = keyof typeof legs
const names = Object.keys(legs) as Name[]
const calls = names.flatMap((from) => names.flatMap((to) => legs[from].offers.map((name) => ({ from, to, name }))))

test('between all profiles rtpengine writes what the receiver needs, and knows every flag', async (t) => {
  const rtpengine = await startRtpengine(t)
  const client = new NgClient({ instanceId: 'policy' })
  t.after(async () => client.close())
  const node = { id: 'real', host: rtpengine.address, port: rtpengine.port }
  const send = async (command: Parameters<NgClient['send']>[1]) => {
    const { sdp } = await client.send(node, command, { deadline: performance.now() + 3000 })
    assert.ok(sdp)
    return sdp
  }

  for (const { from, to, name } of calls) {
    const about = `${name}: ${from} → ${to}`
    const offer = await sdpFile(name)
    const codecs = audioCodecs(parseSdp(offer))
    const flags = (facts: Pick<CallFacts, 'command' | 'sender' | 'receiver'>) => decide(policy, factsOf({ ...facts, codecs })).flags

    const toCallee = flags({ command: 'offer', sender: { profile: from }, receiver: { profile: to } })
    const offered = await send(offerCommand({ callId: about, fromTag: 'a', sdp: offer, flags: toCallee }))
    checkLeg(`${about}, offer`, offered, legs[to])
    assert.match(namesOf(offered), legs[to].codecs, about)

    const toCaller = flags({ command: 'answer', sender: { profile: to }, receiver: { profile: from } })
    const answered = await send(answerCommand({ callId: about, fromTag: 'a', toTag: 'b', sdp: answerTo(offered), flags: toCaller }))
    checkLeg(`${about}, answer`, answered, legs[from])
    for (const { name: codec, clockRate } of audioCodecs(parseSdp(answered))) {
      assert.ok(codecs.some((own) => own.name === codec && own.clockRate === clockRate), `${about}: answered with ${codec}/${clockRate}`)
    }
    if (!legs[to].isWeb) assert.match(namesOf(answered), /,telephone-event$/, `${about} keeps DTMF`)
  }
  assert.doesNotMatch(rtpengine.logs(), /unknown/i)
})

function checkLeg (about: string, sdp: Buffer, { protocol, isWeb = false, isSrtp = false }: Leg): void {
  const text = sdp.toString('latin1')
  assert.equal(parseSdp(sdp).media[0]?.protocol, protocol, about)
  assert.equal(/^a=ice-ufrag:/m.test(text), isWeb, `${about}: ICE`)
  assert.equal(/^a=candidate:/m.test(text), isWeb, `${about}: candidates`)
  assert.equal(/^a=fingerprint:/m.test(text), isWeb, `${about}: DTLS`)
  assert.equal(/^a=rtcp-mux/m.test(text), isWeb, `${about}: rtcp-mux`)
  if (isWeb) assert.match(text, /^a=mid:/m, about)
  assert.equal(/^a=crypto:/m.test(text), isSrtp, `${about}: SDES`)
  assert.doesNotMatch(text, /^a=crypto:\d+ (?!AES_CM_128_HMAC_SHA1_(80|32) )/m, `${about}: weak suites`)
}

const namesOf = (sdp: Buffer): string => audioCodecs(parseSdp(sdp)).map(({ name }) => name).join()

/** Addresses of the test data are made local: nothing is to leave the machine. */
async function sdpFile (name: string): Promise<Buffer> {
  const text = await readFile(new URL(`../data/sdp/${name}.sdp`, import.meta.url), 'latin1')
  return Buffer.from(text.replace(/\b(192\.0\.2|198\.51\.100|203\.0\.113|10\.\d+\.\d+|192\.168\.\d+)\.\d+/g, '127.0.0.1'), 'latin1')
}

/** The answer of an endpoint that takes the first codec, DTMF at its clock rate, and the first SRTP suite. */
function answerTo (offer: Buffer): Buffer {
  const text = offer.toString('latin1')
  const [audio] = parseSdp(offer).media
  assert.ok(audio)
  const maps = new Map(Array.from(text.matchAll(/^a=rtpmap:(\d+) (\S+)/gm), ([, format = '', codec = '']) => [format, codec]))
  const [first = '', ...others] = audio.formats
  const clockRate = maps.get(first)?.split('/')[1] ?? '8000'
  const formats = [first, ...others.filter((format) => maps.get(format)?.toLowerCase() === `telephone-event/${clockRate}`)]
  const [, tag, suite] = /^a=crypto:(\d+) (\S+)/m.exec(text) ?? []
  const mid = /^a=mid:.*/m.exec(text)?.[0].trim()
  return Buffer.from([
    'v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio 40000 ${audio.protocol} ${formats.join(' ')}`,
    ...formats.map((format) => `a=rtpmap:${format} ${maps.get(format) ?? ''}`).filter((line) => !line.endsWith(' ')),
    ...tag ? [`a=crypto:${tag} ${suite ?? ''} inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz`] : [],
    ...mid ? [mid] : [],
    ...audio.protocol.startsWith('UDP/TLS/')
      ? ['a=ice-ufrag:abcd', 'a=ice-pwd:abcdefghijklmnopqrstuvwx', 'a=candidate:1 1 udp 2113937151 127.0.0.1 40000 typ host',
          `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`, 'a=setup:active', 'a=rtcp-mux']
      : [],
    'a=sendrecv', '',
  ].join('\r\n'))
}
