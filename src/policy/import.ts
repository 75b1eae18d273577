import { hintsOf, profileKeys } from '../ng/flags-check.ts'
import { readFlagsString, type FlagsReader, type FlagsRead, type FlagsToken } from '../ng/flags-string.ts'
import type { Release } from '../ng/release.ts'
import type { NgDictionary, NgValue } from '../ng/types.ts'
import { checkNgDictionary } from '../ng/vocabulary.ts'
import { canonicalCodec } from './codec-names.ts'
import { flagsFor } from './flags.ts'
import { findingsOf, type ImportFinding } from './import-findings.ts'
import { presetProfile, presetProfiles } from './profiles.ts'
import type { ProfileEntry } from './schema.ts'
import type { Profile } from './types.ts'

/** A flags string as policy. */
export interface Imported {
  read: FlagsRead
  /** The profile that it amounts to. */
  profile: ProfileEntry
  /** What became of each token, in words. */
  tokens: { text: string, becomes: string }[]
  /** What the profile does that the string leaves alone. */
  beyond: string[]
  findings: ImportFinding[]
}

/** Where a string stands in `kamailio.cfg`: `manage` is rtpengine_manage(), which takes it for offers and answers. */
export type ImportUse = 'offer' | 'answer' | 'manage'

/** `oldest`: the oldest rtpengine of the fleet. */
export interface ImportOptions { reader: FlagsReader, use: ImportUse, oldest?: Release }

/**
 * The profile that a flags string of `kamailio.cfg` amounts to, and what is wrong with the string. It is taken for the
 * string of a call between a browser and the kind of end that it names: so they are written.
 */
export function importFlags (text: string, options: ImportOptions): Imported {
  const filled = filledIn(text)
  const read = readFlagsString(filled.reduce((left, { at, text: { length } }) => {
    return left.slice(0, at) + ' '.repeat(length) + left.slice(at + length)
  }, text), options.reader)
  const all = profileKeys(read.ng)
  const ng = understood(all)
  const preset = presetFor(ng)
  const codecs = codecList(ng)
  const rest = without(ng, preset, codecs !== undefined)
  // Of requests and replies alike, so that it is true of both ends.
  const isBehindNat = options.use === 'manage' && isWord(rest, 'flags', fromSipSource)
  const { ptime, ...left } = isBehindNat ? withoutWord(rest, 'flags', fromSipSource) : rest
  const { words, ng: own } = inOwnWords(left)
  const parts = { all, preset, rest, hints: hintsOf(read), hasCodecs: codecs !== undefined, isBehindNat, words }
  return {
    read,
    profile: {
      extends: preset.name,
      ...codecs && { codecs },
      ...typeof ptime === 'number' && { ptime },
      ...isBehindNat && { 'trust-address': false },
      ...words,
      ...Object.keys(own).length > 0 && { ng: own },
    },
    tokens: [
      ...read.tokens.map((token) => ({ ...token, becomes: becomes(token, parts) })),
      ...filled.map((token) => ({ ...token, becomes: 'not known here: the script fills it in' })),
    ].sort((one, other) => one.at - other.at).map(({ text: token, becomes }) => ({ text: token, becomes })),
    beyond: beyond(ng, preset, codecs !== undefined),
    findings: [...findingsOf(read, all, preset, options), ...filled.map((token): ImportFinding => ({
      severity: 'warning', ...token,
      message: 'the script fills this in, so that it is not in the profile',
      fix: 'a profile or rule for each value, found by the same condition; what the script alone knows it can hand over as a hint: match: { vars: … }',
    }))],
  }
}

/** Tokens with a variable of Kamailio in them. */
function filledIn (text: string): { text: string, at: number }[] {
  return Array.from(text.matchAll(/[^ ]*\$(?:[A-Za-z_]+(?:\([^()]*\))?|\([^()]*(?:\([^()]*\)[^()]*)?\))[^ ]*/g), (match) => ({ text: match[0], at: match.index }))
}

function presetFor (ng: NgDictionary): Profile {
  const protocol = typeof ng['transport-protocol'] === 'string' ? ng['transport-protocol'] : undefined
  const first = (...names: string[]): Profile => presetProfile(names.find((name) => presetProfiles.has(name)) ?? 'sip')
  if (isWord(ng, 'flags', 'WebRTC')) return presetProfile('webrtc')
  if (protocol?.startsWith('UDP/TLS/')) return ng['ICE'] === 'remove' ? first('sip-dtls', 'webrtc') : presetProfile('webrtc')
  if (protocol?.startsWith('RTP/SAVP')) return first('sip-sdes')
  if (isWord(ng, 'OSRTP', 'offer') || isWord(ng, 'flags', 'OSRTP-offer')) return first('sip-osrtp', 'sip')
  return protocol === undefined && ng['ICE'] === 'force' ? presetProfile('webrtc') : presetProfile('sip')
}

/** The keys and words that rtpengine knows: no policy may hold another. */
function understood (ng: NgDictionary): NgDictionary {
  return Object.fromEntries(Object.entries(ng).flatMap(([key, value]): [string, NgValue][] => {
    if (isUnknown(ng, [key])) return []
    return [[key, Array.isArray(value) ? value.filter((_, index) => !isUnknown(ng, [key, index])) : value]]
  }))
}

function isUnknown (ng: NgDictionary, path: readonly (string | number)[]): boolean {
  return checkNgDictionary(ng).some((problem) => problem.path.join() === path.join())
}

/** A list of codecs, where the operations amount to one: all but these are stripped, or masked and these transcoded to. */
function codecList (ng: NgDictionary): string[] | undefined {
  const codec = isDictionary(ng['codec']) ? ng['codec'] : {}
  const names = (operation: string): string[] => wordsOf(codec[operation])
  const kept = names('strip').includes('all') ? [...names('offer'), ...names('except')] : []
  const isList = names('strip').includes('all') || names('mask').includes('all')
  const list = (isList ? [...kept, ...names('transcode')] : []).map((name) => canonicalCodec(name))
  return list.length > 0 && list.every((name) => name !== undefined) ? [...new Set(list)] : undefined
}

/** The keys and words that the preset does not bring by itself, whoever sends. */
function without (ng: NgDictionary, preset: Profile, hasCodecs: boolean): NgDictionary {
  const offers = ['webrtc', 'sip'].map((sender) => flagsFor({ command: 'offer', sender: {} }, presetProfile(sender), preset))
  const isBrought = (key: string, value: NgValue): boolean => {
    return offers.some((offer) => offer[key] === value || wordsOf(offer[key]).some((word) => word === value))
  }
  return Object.fromEntries(Object.entries(ng).flatMap(([key, value]): [string, NgValue][] => {
    if ((key === 'codec' && hasCodecs) || isKeylessSdes(key, preset)) return []
    if (!Array.isArray(value)) return isBrought(key, value) ? [] : [[key, value]]
    const items = value.filter((item) => !isBrought(key, item) && item !== 'WebRTC')
    return items.length > 0 ? [[key, items]] : []
  }))
}

/** Words about SDES where the protocol has no keys. */
const isKeylessSdes = (key: string, { protocol }: Profile): boolean => key === 'SDES' && protocol.startsWith('RTP/AVP')

interface Parts {
  all: NgDictionary
  preset: Profile
  rest: NgDictionary
  hints: Record<string, string>
  hasCodecs: boolean
  isBehindNat: boolean
  words: Partial<ProfileEntry>
}

/** What has a word of its own in policies; the rest stays with the name that NG has for it. */
function inOwnWords (all: NgDictionary): { words: Partial<ProfileEntry>, ng: NgDictionary } {
  const words: Record<string, unknown> = {}
  const ng: NgDictionary = {}
  for (const [key, value] of Object.entries(all)) {
    const [first, ...more] = wordsOf(value)
    if (key === 'TOS' && typeof value === 'number') words['tos'] = value
    else if (['metadata', 'media-address', 'address-family'].includes(key) && typeof value === 'string') words[key] = value
    else if (key === 'record-call' && typeof value === 'string') words[key] = value === 'yes' || value === 'on'
    else if (key === 'T.38' && more.length === 0 && (first === 'decode' || first === 'force')) words['t38'] = first
    else ng[key] = value
  }
  return { words, ng }
}

function beyond (ng: NgDictionary, { name, codecs, media, protocol }: Profile, hasCodecs: boolean): string[] {
  const isGuess = ng['transport-protocol'] === undefined && !isWord(ng, 'flags', 'WebRTC')
  const codecsToo = !hasCodecs && ng['codec'] === undefined && codecs !== undefined
  const takes = `${media.join(', ')}${codecsToo ? ` with ${codecs.join(', ')}` : ''}`
  return [
    ...isGuess ? [`the string names no protocol, so that each m-line keeps the one it came with; ${name} makes it ${protocol}: take the profile of the end that is really there`] : [],
    ...codecsToo || !media.includes('video') ? [`the string leaves ${codecsToo ? 'codecs and ' : ''}kinds of media alone; ${name} takes ${takes}: give the profile ${codecsToo ? 'codecs and ' : ''}media of its own where the end takes more`] : [],
  ]
}

/** Its media goes to the address that its SIP came from. */
const fromSipSource = 'SIP-source-address'

function withoutWord (ng: NgDictionary, key: string, word: string): NgDictionary {
  const { [key]: list, ...others } = ng
  const left = wordsOf(list).filter((each) => each !== word)
  return left.length > 0 ? { ...others, [key]: left } : others
}

function becomes ({ path: [key, ...within] = [], text }: FlagsToken, parts: Parts): string {
  const { all, preset, rest, hints, hasCodecs, isBehindNat, words } = parts
  if (typeof key !== 'string') return 'nothing: ngpilot knows it from the SIP message'
  const hint = Object.hasOwn(hints, key) ? hints[key] : undefined
  if (hint !== undefined) return `a hint: match: { vars: { ${key}: ${hint} } }`
  if (isUnknown(all, [key, ...within])) return 'nothing: rtpengine does not know it'
  if (key === 'codec' && hasCodecs) return 'codecs'
  if (isBehindNat && text === fromSipSource) return 'trust-address: false'
  if (isKeylessSdes(key, preset)) return `nothing: ${preset.protocol} carries no keys`
  if (['received-from', 'delete-delay', 'from-tags'].includes(key)) return 'nothing: ngpilot sets it itself'
  const left = rest[key]
  const isLeft = Array.isArray(left) ? wordsOf(left).some((word) => text.endsWith(word)) : left !== undefined
  if (!isLeft) return `extends: ${preset.name}`
  const word = key === 'TOS' ? 'tos' : key === 'T.38' ? 't38' : key
  return key === 'ptime' || Object.hasOwn(words, word) ? word : `ng: ${key}`
}

function wordsOf (value: NgValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((word) => typeof word === 'string') : []
}

const isWord = (ng: NgDictionary, key: string, word: string): boolean => wordsOf(ng[key]).includes(word)

function isDictionary (value: NgValue | undefined): value is NgDictionary {
  return typeof value === 'object' && !Array.isArray(value) && !Buffer.isBuffer(value)
}
