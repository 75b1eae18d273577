import { readFile } from 'node:fs/promises'
import { answerForNode, offerForNode, sdpForLeg } from '../../src/calls/bridge.ts'
import { createConformance, type FoundInCall } from '../../src/calls/conformance.ts'
import { NgClient } from '../../src/ng/client.ts'
import { answerCommand, deleteCommand, offerCommand } from '../../src/ng/commands.ts'
import { decide } from '../../src/policy/decide.ts'
import { presetNames } from '../../src/policy/presets.ts'
import type { CallFacts, Decision, Policy, Profile } from '../../src/policy/types.ts'
import { hasBundle } from '../../src/sdp/bundle.ts'
import { audioCodecs } from '../../src/sdp/codecs.ts'
import { factsOfSdp } from '../../src/sdp/facts.ts'
import { parseSdp } from '../../src/sdp/parse.ts'
import type { LegRecord } from '../../src/state/store.ts'
import { startRtpengine, type Rtpengine, type RtpengineOptions } from '../../stack/rtpengine.ts'
import type { StackContext } from '../../stack/context.ts'

/** What an endpoint of each preset offers, by the files of test/data/sdp. */
export const samples: Record<string, string[]> = {
  webrtc: ['chromium-audio-gathered-loopback'],
  sip: ['baresip-plain'],
  'sip-sdes': ['baresip-sdes'],
  'browser-webrtc': ['chromium-audio-gathered-loopback', 'firefox-audio-gathered', 'safari-like-audio-offer'],
  'sip-plain-g711': ['polycom-like-offer'],
  'sip-sdes-tls': ['yealink-like-sdes-offer'],
  'sip-dtls': ['baresip-dtls-ice'],
  'sip-osrtp': ['baresip-osrtp'],
  freeswitch: ['freeswitch-plain-offer'],
  'freeswitch-webrtc': ['freeswitch-webrtc-offer'],
  'asterisk-pjsip': ['asterisk-pjsip-plain-offer'],
  'asterisk-webrtc': ['asterisk-pjsip-webrtc-offer'],
  'teams-direct-routing': ['teams-like-nonbypass-offer'],
  'cloud-trunk-srtp': ['twilio-like-secure-trunk-offer'],
  'legacy-sbc-audiocodes': ['cisco-like-offer'],
  'legacy-sbc-sonus': ['sonus-like-offer'],
  'ipv6-only': ['ipv6-only-offer'],
  'g729-trunk': ['g729-only-trunk-offer'],
  'volte-ims': ['ims-volte-like-offer'],
}

/** A call between two presets: what was offered and answered to whom, and what is wrong with it. */
export interface Pair { from: string, to: string, sample: string, offered: string, answered: string, wrong: string[] }

/**
 * rtpengine passes the keys of one SDES leg on to another, with what stands behind them; no flag before 13.4 keeps it
 * from it.
 */
export const knownWrong = new Set(['teams-direct-routing → cloud-trunk-srtp: offer: has a lifetime or MKI'])

/** An rtpengine with both families, and a client of it. */
export async function startNode (context: StackContext, options: Pick<RtpengineOptions, 'tree'> = {}) {
  const rtpengine = await startRtpengine(context, { ...options, args: ['--interface=::1'] })
  const client = new NgClient({ instanceId: 'pairs' })
  context.after(async () => client.close())
  return { rtpengine, client }
}

export const pairs = presetNames.flatMap((from) => presetNames.flatMap((to) => {
  return (samples[from] ?? []).map((sample) => ({ from, to, sample }))
}))

/** Runs one call as the service does: decides, asks rtpengine, makes the SDP fit, lets an endpoint of the preset answer. */
export async function runPair (
  policy: Policy, { rtpengine, client }: { rtpengine: Rtpengine, client: NgClient }, { from, to, sample }: Omit<Pair, 'offered' | 'answered' | 'wrong'>,
): Promise<Pair> {
  const callId = `${from} to ${to} ${sample}`
  const node = { id: 'real', host: rtpengine.address, port: rtpengine.port }
  const send = async (command: Parameters<NgClient['send']>[1]) => {
    const { sdp } = await client.send(node, command, { deadline: performance.now() + 5000 })
    return sdp ?? Buffer.alloc(0)
  }
  const offer = await sampleSdp(sample)
  const caller = { profile: from }
  const callee = { profile: to }
  const facts = (message: Pick<CallFacts, 'command' | 'caller' | 'sender' | 'receiver'>, sdp: Buffer): CallFacts => {
    return { ...message, callId, at: 0, vars: {}, sdp: factsOfSdp(parseSdp(sdp)) }
  }

  const there = decide(policy, facts({ command: 'offer', caller: 'sender', sender: caller, receiver: callee }, offer))
  const { sdp: sdpForNode, hidden } = offerForNode(parseSdp(offer), there, undefined)
  const callerLeg: LegRecord = { profile: from, hidden, ...hasBundle(parseSdp(offer)) && { isBundled: true } }
  const calleeLeg: LegRecord = { profile: to }
  const request = { callId, fromTag: 'a', vars: {}, deadline: 0 }
  const wrong: string[] = []
  const conformance = createConformance({ found: (found) => { wrong.push(...wrongIn(found)) } })
  const passage = (role: 'offer' | 'answer', sdp: Buffer, decision: Decision) => {
    return conformance.pass(role, { ...request, sdp, ...role === 'answer' && { toTag: 'b' } }, decision, { call: undefined, branch: '' })
  }

  const onTheWay = passage('offer', offer, there)
  onTheWay.came(parseSdp(offer))
  const fromOffer = await send(offerCommand({ ...request, sdp: sdpForNode, flags: there.flags }))
  const { bytes: offered } = onTheWay.leaves(sdpForLeg(fromOffer, 'offer', there, calleeLeg))

  const answer = answerOf(there.receiver, offered)
  const back = decide(policy, facts({ command: 'answer', caller: 'receiver', sender: callee, receiver: caller }, answer))
  const onTheWayBack = passage('answer', answer, back)
  onTheWayBack.came(parseSdp(answer))
  const fromAnswer = await send(answerCommand({ ...request, toTag: 'b', sdp: answerForNode(parseSdp(answer), calleeLeg), flags: back.flags }))
  const { bytes: answered } = onTheWayBack.leaves(sdpForLeg(fromAnswer, 'answer', back, callerLeg))
  await client.send(node, deleteCommand({ callId }), { deadline: performance.now() + 5000 })

  wrong.push(
    ...missing(offered, there.receiver, 'offer'),
    ...missing(answered, back.receiver, 'answer', /^a=mid:/m.test(offer.toString('latin1'))),
    ...notOffered(answered, offer),
  )
  return { from, to, sample, offered: outline(offered), answered: outline(answered), wrong }
}

/** Errors in what a leg gets that are not repaired. */
function wrongIn ({ direction, profile, action, finding: { id, severity, evidence } }: FoundInCall): string[] {
  if (direction === 'in' || severity !== 'error' || action === 'repair' || accepted.has(id)) return []
  return [`${profile} gets ${id}: ${evidence.map(({ field, value }) => `${field} ${value ?? ''}`).join('; ')}`]
}

/** On loopback every address is a private one. */
const accepted = new Set(['ANY-09'])

/** What the catalogue of endpoints says that SDP sent to a preset must have and must not. */
function missing (sdp: Buffer, profile: Profile, role: 'offer' | 'answer', isNamed = true): string[] {
  const text = sdp.toString('latin1')
  const { name, isWebRtc, settings } = profile
  const wrong: string[] = []
  const must = (pattern: RegExp, what: string, isThere = true) => { if (pattern.test(text) !== isThere) wrong.push(`${role}: ${isThere ? 'no' : 'has'} ${what}`) }
  const { protocol = '' } = parseSdp(sdp).media[0] ?? {}
  const isKeyed = protocol.startsWith('RTP/SAVP') || (settings.osrtp !== undefined && role === 'offer')
  // A phone that offers AVPF is answered with it.
  if (role === 'offer' ? protocol !== profile.protocol : protocol.replace(/F$/, '') !== profile.protocol.replace(/F$/, '')) {
    if (!(isWebRtc && protocol === 'RTP/SAVPF' && role === 'answer')) wrong.push(`${role}: ${protocol}`)
  }
  must(/^a=fingerprint:/m, 'a fingerprint', isWebRtc || protocol.startsWith('UDP/TLS/'))
  if (settings.osrtp === undefined) must(/^a=crypto:/m, 'a=crypto', isKeyed && !isWebRtc)
  else if (role === 'offer') must(/^a=crypto:/m, 'a=crypto')
  if (isWebRtc) for (const line of ['ice-ufrag', 'ice-pwd', 'candidate', 'rtcp-mux', 'setup', ...isNamed ? ['mid'] : []]) must(new RegExp(`^a=${line}\\b`, 'm'), `a=${line}`)
  else if (settings.ice === 'none') must(/^a=(?:ice-|candidate)/m, 'ICE', false)
  if (settings['address-family'] === 'IP6') must(/^c=IN IP4/m, 'an IPv4 address', false)
  const allowed = settings.sdes?.suites ?? ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32']
  for (const [, suite = ''] of text.matchAll(/^a=crypto:\d+ (\S+)/gm)) if (!allowed.some((known) => known === suite)) wrong.push(`${role}: suite ${suite}`)
  if (/^a=crypto:/m.test(text) && allowed[0] === 'AES_CM_128_HMAC_SHA1_80') must(/^a=crypto:1 AES_CM_128_HMAC_SHA1_80 |^a=crypto:\d+ AES_CM_128_HMAC_SHA1_(?:80|32) /m, 'the usual suite first')
  if (name === 'cloud-trunk-srtp') must(/^a=crypto:.*\|/m, 'a lifetime or MKI', false)
  const codecs = audioCodecs(parseSdp(sdp)).map((codec) => codec.name)
  const listed = profile.codecs?.map((codec) => codec.toLowerCase())
  const foreign = codecs.filter((codec) => listed && !listed.includes(codec.toLowerCase()))
  if (foreign.length > 0) wrong.push(`${role}: codecs ${foreign.join(', ')}`)
  if (role === 'answer' && settings['single-codec'] && codecs.filter((codec) => codec !== 'telephone-event').length > 1) wrong.push(`${role}: more than one codec`)
  return wrong
}

function notOffered (answered: Buffer, offer: Buffer): string[] {
  const offered = audioCodecs(parseSdp(offer))
  return audioCodecs(parseSdp(answered)).filter(({ name, clockRate }) => {
    return !offered.some((own) => own.name.toLowerCase() === name.toLowerCase() && own.clockRate === clockRate)
  }).map(({ name, clockRate }) => `answer: ${name}/${clockRate} was not offered`)
}

function outline (sdp: Buffer): string {
  const parsed = parseSdp(sdp)
  return `${parsed.media.find(({ port }) => port !== 0)?.protocol ?? ''} ${[...new Set(audioCodecs(parsed).map(({ name }) => name))].join(' ')}`
}

/** Addresses of the test data are made local: nothing is to leave the machine. */
export async function sampleSdp (name: string): Promise<Buffer> {
  const text = await readFile(new URL(`../data/sdp/${name}.sdp`, import.meta.url), 'latin1')
  const local = text
    .replace(/\b(?:192\.0\.2|198\.51\.100|203\.0\.113|10\.\d+\.\d+|192\.168\.\d+)\.\d+/g, '127.0.0.1')
    .replace(/\b2001:db8:[0-9a-f:]+/g, '::1')
  // An IMS has G.711 at its edge only: no rtpengine of Debian encodes AMR.
  return Buffer.from(name.startsWith('ims-') ? local.replace(' 105 100\r\n', ' 8 105 100\r\n') : local, 'latin1')
}

/**
 * The answer of an endpoint: the first codec that it knows, DTMF at its clock rate, the first SRTP suite, and what of
 * ICE, DTLS and rtcp-mux it was offered.
 */
function answerOf ({ codecs, settings }: Profile, offer: Buffer): Buffer {
  const text = offer.toString('latin1')
  const parsed = parseSdp(offer)
  const audio = parsed.media.find(({ kind }) => kind === 'audio')
  if (!audio) throw new Error('no audio was offered')
  const maps = new Map(Array.from(text.matchAll(/^a=rtpmap:(\d+) (\S+)/gm), ([, format = '', codec = '']) => [format, codec]))
  const nameOf = (format: string) => (maps.get(format) ?? statics[format] ?? '').split('/')[0]?.toLowerCase()
  const first = audio.formats.find((format) => !codecs || codecs.some((codec) => codec.toLowerCase() === nameOf(format))) ?? '0'
  const clockRate = maps.get(first)?.split('/')[1] ?? '8000'
  const events = audio.formats.filter((format) => maps.get(format)?.toLowerCase() === `telephone-event/${clockRate}`)
  const family = settings['address-family'] === 'IP6' ? 'IP6 ::1' : 'IP4 127.0.0.1'
  const [, tag, suite] = /^a=crypto:(\d+) (\S+)/m.exec(text) ?? []
  const has = (line: string) => new RegExp(`^a=${line}`, 'm').test(text)
  const mid = /^a=mid:.*/m.exec(text)?.[0].trim()
  const media = parsed.media.flatMap((part) => part === audio ? [
    `m=audio 40000 ${audio.protocol} ${[first, ...events].join(' ')}`,
    ...[first, ...events].filter((format) => maps.has(format)).map((format) => `a=rtpmap:${format} ${maps.get(format) ?? ''}`),
    ...text.split('\r\n').filter((line) => [first, ...events].some((format) => line.startsWith(`a=fmtp:${format} `))),
    ...tag ? [`a=crypto:${tag} ${suite ?? ''} inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz`] : [],
    ...mid ? [mid] : [],
    ...has('ice-ufrag') ? ['a=ice-ufrag:abcd', 'a=ice-pwd:abcdefghijklmnopqrstuvwx', 'a=candidate:1 1 udp 2113937151 127.0.0.1 40000 typ host'] : [],
    ...has('fingerprint') ? [`a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`, 'a=setup:active'] : [],
    ...has('rtcp-mux') ? ['a=rtcp-mux'] : [],
    'a=sendrecv',
  ] : [`m=${part.kind} 0 ${part.protocol} ${part.formats[0] ?? '0'}`])
  return Buffer.from(['v=0', `o=- 1 1 IN ${family}`, 's=-', `c=IN ${family}`, 't=0 0', ...media, ''].join('\r\n'), 'latin1')
}

const statics: Record<string, string> = { 0: 'PCMU', 8: 'PCMA', 9: 'G722', 13: 'CN', 18: 'G729' }
