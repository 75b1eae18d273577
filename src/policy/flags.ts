import type { NgDictionary } from '../ng/types.ts'
import { suites, vocabulary } from '../ng/vocabulary.ts'
import { codecFlags } from './codecs.ts'
import { mergeNg } from './merge.ts'
import type { SettingName } from './settings.ts'
import type { CallFacts, LegName } from './facts.ts'
import type { Profile } from './profile.ts'

type Command = CallFacts['command']
/** What flags depend on beside the profiles. */
type Message = Pick<CallFacts, 'command' | 'sdp' | 'sender'>

/** NG keys, and which setting of which leg they come from; without one they are ngpilot's own. */
export interface Part { flags: NgDictionary, leg?: LegName, setting?: SettingName | 'ng' }

/**
 * Suites that an SDES peer is offered, if its profile says nothing; the `only-` words would say it shorter, but 10.5
 * ignores them.
 */
const usualSuites: readonly string[] = ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32']

/**
 * The NG keys of one message. All of it follows from the profile that *receives* the SDP, and from what the sender brings
 * that has to be taken off. The receiver's own `ng` keys come last.
 */
export function flagsFor (facts: Message, sender: Profile, receiver: Profile): NgDictionary {
  const ofPair = settled(facts.command, sender, receiver)
  const [first, ...others] = partsOfMessage(facts, sender, receiver)
  if (!first) return { ...ofPair }
  return mergeNg(others.reduce((merged, part) => mergeNg(merged, part.flags), first.flags), ofPair)
}

/** The same, one part after the other as they are laid over each other, for who wants to know where each comes from. */
export function partsFor (facts: Message, sender: Profile, receiver: Profile): Part[] {
  return [...partsOfMessage(facts, sender, receiver), ...partsOfPair(facts.command, sender, receiver)]
}

/** What depends on the message: its codecs, and where it came from. */
function partsOfMessage ({ command, sdp, sender: { address } }: Message, sender: Profile, receiver: Profile): Part[] {
  const parts: Part[] = []
  const codec = command === 'offer' && sdp ? codecFlags(sender.codecs, receiver.codecs, sdp.codecs) : undefined
  if (codec) parts.push({ flags: { codec }, leg: 'receiver', setting: 'codecs' })
  if (sender.settings['trust-address'] === false && address !== undefined) {
    const flags = { 'received-from': [address.includes(':') ? 'IP6' : 'IP4', address] }
    parts.push({ flags, leg: 'sender', setting: 'trust-address' })
  }
  return parts
}

type ByProfile<Value> = WeakMap<Profile, Value>

/** What depends on nothing but the pair of profiles is put together once for each; frozen, for all decisions share it. */
const pairs: Record<Command, ByProfile<ByProfile<NgDictionary>>> = { offer: new WeakMap(), answer: new WeakMap() }

function settled (command: Command, sender: Profile, receiver: Profile): NgDictionary {
  let bySender = pairs[command].get(receiver)
  if (!bySender) pairs[command].set(receiver, bySender = new WeakMap())
  let flags = bySender.get(sender)
  if (!flags) {
    flags = partsOfPair(command, sender, receiver).reduce<NgDictionary>((merged, part) => mergeNg(merged, part.flags), {})
    for (const value of Object.values(flags)) Object.freeze(value)
    bySender.set(sender, flags)
  }
  return flags
}

function partsOfPair (command: Command, sender: Profile, receiver: Profile): Part[] {
  const parts: Part[] = [{ flags: { replace: ['origin', 'session-connection'] } }]
  const add = (flags: NgDictionary | undefined, leg?: LegName, setting?: Part['setting']): void => {
    if (flags) parts.push({ flags, ...leg && { leg }, ...setting && { setting } })
  }
  const { settings: to } = receiver
  const { settings: from } = sender
  add({ flags: [from['trust-address'] === false ? 'SIP-source-address' : 'trust-address'] }, 'sender', 'trust-address')
  if (command === 'offer') {
    add({ 'transport-protocol': receiver.protocol }, 'receiver', 'protocol')
    add(keyingOf(receiver), 'receiver', 'protocol')
    if (to.osrtp) add({ OSRTP: [to.osrtp === 'legacy' ? 'offer-legacy' : 'offer'] }, 'receiver', 'osrtp')
    if (from['dtls-role']) add({ 'DTLS-reverse': from['dtls-role'] }, 'sender', 'dtls-role')
    add(iceLite(from.ice, to.ice), 'receiver', 'ice')
    add(muxOf(sender, receiver), 'receiver', 'rtcp-mux')
    add(receiver.ptime === undefined ? undefined : { ptime: receiver.ptime }, 'receiver', 'ptime')
    add(sender.ptime === undefined ? undefined : { 'ptime-reverse': sender.ptime }, 'sender', 'ptime')
    add(to.t38 === 'decode' || to.t38 === 'force' ? { 'T.38': [to.t38] } : undefined, 'receiver', 't38')
    if (from.interface !== undefined || to.interface !== undefined) {
      const direction = [from.interface ?? 'default', to.interface ?? 'default']
      add({ direction }, to.interface === undefined ? 'sender' : 'receiver', 'interface')
    }
  } else {
    add(receiver.protocol.startsWith('RTP/SAVP') ? { DTLS: 'off' } : undefined, 'receiver', 'protocol')
    if (to.osrtp) add({ OSRTP: [to.osrtp === 'legacy' ? 'accept-legacy' : 'accept'] }, 'receiver', 'osrtp')
    add(to['single-codec'] ? { flags: ['single-codec'] } : undefined, 'receiver', 'single-codec')
  }
  add(iceOf(command, to.ice), 'receiver', 'ice')
  if (receiver.isWebRtc && command === 'offer') {
    add({ flags: sender.isWebRtc ? ['generate-mid'] : ['generate-mid', 'no-rtcp-attribute', 'strip-extmap'] })
  }
  if (!receiver.isWebRtc && sender.isWebRtc) add({ flags: ['strip-extmap'] })
  if (to['rtcp-attribute']) add(attributeOf(to['rtcp-attribute']), 'receiver', 'rtcp-attribute')
  if (to['dtls-fingerprint']) add({ 'DTLS-fingerprint': to['dtls-fingerprint'] }, 'receiver', 'dtls-fingerprint')
  if (to['address-family']) add({ 'address-family': to['address-family'] }, 'receiver', 'address-family')
  add(to['media-address'] === undefined ? undefined : { 'media-address': to['media-address'] }, 'receiver', 'media-address')
  add(from.label === undefined ? undefined : { label: from.label }, 'sender', 'label')
  for (const [leg, { settings }] of [['sender', sender], ['receiver', receiver]] as const) {
    add(settings['generate-rtcp'] ? { 'generate-RTCP': 'on' } : undefined, leg, 'generate-rtcp')
    add(settings['record-call'] ? { 'record-call': 'yes' } : undefined, leg, 'record-call')
    add(settings.metadata === undefined ? undefined : { metadata: settings.metadata }, leg, 'metadata')
    add(settings.tos === undefined ? undefined : { TOS: settings.tos }, leg, 'tos')
    const digits = settings.dtmf?.filter((word) => word !== 'rfc4733') ?? []
    add(digits.length > 0 ? { flags: digits.map((word) => `${word}-DTMF`) } : undefined, leg, 'dtmf')
  }
  add(command === 'offer' ? receiver.ng : ofAnswers(receiver.ng), 'receiver', 'ng')
  return parts
}

/** How SRTP keys travel: DTLS (RFC 5764), SDES or not at all. rtpengine offers both kinds unless one is off. */
function keyingOf ({ protocol, settings: { sdes, osrtp } }: Profile): NgDictionary {
  if (protocol.startsWith('UDP/TLS/')) return { SDES: ['off'] }
  if (!protocol.startsWith('RTP/SAVP') && !osrtp) return { DTLS: 'off' }
  const offered = sdes?.suites ?? usualSuites
  const words = suites.filter((suite) => !offered.includes(suite)).map((suite) => `no-${suite}`)
  return { DTLS: 'off', SDES: [...words, ...sdes?.lifetime ? ['lifetime'] : [], ...sdes?.pad ? ['pad'] : []] }
}

/**
 * A browser's answer has to have rtcp-mux, and whether it does is settled by the offer: a sender that muxes and a
 * receiver that does not are told apart there (`demux`), or the answer comes back without it.
 */
function muxOf (sender: Profile, receiver: Profile): NgDictionary | undefined {
  const [from = 'none', to = 'none'] = [sender.settings['rtcp-mux'], receiver.settings['rtcp-mux']]
  if (to === 'none') return from === 'none' ? undefined : { 'rtcp-mux': ['demux'] }
  if (from !== 'none') return { 'rtcp-mux': ['accept'] }
  return { 'rtcp-mux': to === 'require' ? ['offer', 'require'] : ['offer'] }
}

function iceOf (command: Command, ice: Profile['settings']['ice']): NgDictionary {
  switch (ice) {
    case 'full':
    case 'lite': return { ICE: 'force' }
    case 'relay': return { ICE: 'force-relay' }
    case 'if-offered': return { ICE: command === 'offer' ? 'remove' : 'default' }
    default: return { ICE: 'remove' }
  }
}

function iceLite (from: Profile['settings']['ice'], to: Profile['settings']['ice']): NgDictionary | undefined {
  if (to === 'lite') return { 'ICE-lite': from === 'lite' ? 'both' : 'forward' }
  return from === 'lite' ? { 'ICE-lite': 'backward' } : undefined
}

function attributeOf (attribute: string): NgDictionary | undefined {
  if (attribute === 'port') return undefined
  return { flags: [attribute === 'none' ? 'no-rtcp-attribute' : 'full-rtcp-attribute'] }
}

/** Without the keys that make sense in an offer only. */
export function ofAnswers (ng: NgDictionary): NgDictionary {
  return Object.fromEntries(Object.entries(ng).filter(([key]) => vocabulary.get(key)?.only !== 'offer'))
}
