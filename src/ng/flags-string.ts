import { isIP } from 'node:net'
import { readBracketed, unsafe } from './bracketed.ts'
import type { NgDictionary, NgValue } from './types.ts'

/**
 * Who reads a flags string: the rtpengine module of a Kamailio, by its release, or rtpengine itself (12.4 and newer), to
 * which Kamailio 6.0 and newer hands the string as `rtpp-flags` when its functions are called with two arguments. 13 and
 * newer read lists in brackets, `replace=[origin username]`.
 */
export type FlagsReader = 'kamailio-5.6' | 'kamailio-5.8' | 'kamailio-6.0' | 'kamailio-6.1' | 'rtpengine-12.5' | 'rtpengine-26.0'

/** One token, where it begins in the string, and where it went; `path` is absent where Kamailio keeps it to itself. */
export interface FlagsToken { text: string, at: number, path?: readonly (string | number)[] }

/** What a token does that whoever wrote it hardly meant. `at`: where in the string. */
export interface FlagsNote { text: string, at: number, message: string }

/** What a string tells Kamailio itself about the call: nothing of it is an NG key as it stands. */
export interface FlagsIdentity {
  callId?: string
  fromTag?: string
  toTag?: string
  /** `to-tag` without a value: the message's To tag goes along with a delete too. */
  isWithToTag?: boolean
  /** Which branch parameter identifies the fork: `1` and `2` are Via headers, the rest as in Kamailio's manual. */
  viaBranch?: string
  isDirectional?: boolean
  /** An offer is sent as an answer. */
  isAnswer?: boolean
}

export interface FlagsRead {
  /** The NG keys, exactly as they are sent; of a key that comes twice the later one, which is rtpengine's choice too. */
  ng: NgDictionary
  identity: FlagsIdentity
  tokens: FlagsToken[]
  notes: FlagsNote[]
  /** Why Kamailio refuses the whole string: nothing is sent, the function fails. */
  refused?: FlagsNote
}

/**
 * Reads a flags string as it stands in `rtpengine_offer("…")`, exactly as its reader does: tokens end at spaces (at nothing
 * else), `key=value` becomes a key, some prefixes become lists, anything else a word of `flags`. Whether rtpengine knows
 * these keys and words is for {@link checkFlagsString} to say.
 */
export function readFlagsString (text: string, reader: FlagsReader = 'kamailio-6.0'): FlagsRead {
  const read: Reading = {
    ng: {}, lists: {}, codec: {}, receivedFrom: [], transport: undefined, identity: {}, tokens: [], notes: [],
  }
  const isDaemon = isRtpengine(reader)
  for (const { text: token, at, list } of tokensOf(text, reader === 'rtpengine-26.0')) {
    const note = (message: string): void => { read.notes.push({ text: token, at, message }) }
    if (list) {
      read.tokens.push({ text: token, at, path: putList(read, token.slice(0, token.indexOf('=')), list) })
      continue
    }
    if (token.includes('=[')) note(bracketNote(reader))
    if (token.startsWith('=') && !isDaemon) {
      note(`Kamailio stops here: "${text.slice(at)}" is dropped. No spaces around "="`)
      break
    }
    const equals = token.indexOf('=')
    const [key, value] = equals < 0 ? [token] : [token.slice(0, equals), token.slice(equals + 1)]
    const path = listItem(read, reader, key, value, note)
      ?? receivedFrom(read, reader, { key, value, isLast: at + token.length === text.length }, note)
      ?? transport(read, reader, key, value, note)
      ?? (isDaemon ? ofDaemon(read, key, value) : special(read, reader, key, value))
      ?? generic(read, key, value, note)
    if (typeof path === 'string') return { ...resultOf(read, note), refused: { text: token, at, message: path } }
    read.tokens.push({ text: token, at, ...path.length > 0 && { path } })
  }
  const last = read.tokens.findLast(({ path }) => path?.[0] === 'transport-protocol')
  return resultOf(read, (message) => { read.notes.push({ text: last?.text ?? '', at: last?.at ?? 0, message }) })
}

export const isRtpengine = (reader: FlagsReader): boolean => reader.startsWith('rtpengine')

function bracketNote (reader: FlagsReader): string {
  if (reader === 'rtpengine-12.5') return 'rtpengine reads lists in brackets from 13 on; 12.5 ends this one at the first space'
  if (reader === 'rtpengine-26.0') return 'these brackets lie deeper within each other than any key has them'
  return 'Kamailio reads no lists in brackets; rtpengine does from 13 on, where the function has two arguments'
}

type Path = readonly (string | number)[]

interface Reading extends Omit<FlagsRead, 'refused'> {
  lists: Record<string, string[]>
  codec: Record<string, string[]>
  receivedFrom: string[]
  /** Bits: 1 SRTP, 2 feedback, 4 DTLS. */
  transport: number | undefined
}

type Note = (message: string) => void

/** Prefixes whose items make a list: `SDES-off` and `SDES=off` are SDES: [off]. */
const listPrefixes: [prefix: string, key: string][] = [
  ['replace', 'replace'], ['SDES', 'SDES'], ['T38', 'T.38'], ['T.38', 'T.38'], ['rtcp-mux', 'rtcp-mux'],
]
const codecPrefixes: [prefix: string, operation: string][] = [
  ['transcode', 'transcode'],
  ...['transcode', 'strip', 'offer', 'mask', 'set', 'except', 'accept', 'consume'].map((name): [string, string] => [`codec-${name}`, name]),
]

function listItem (
  read: Reading, reader: FlagsReader, key: string, value: string | undefined, note: Note,
): Path | undefined {
  for (const [prefix, name] of listPrefixes) {
    const item = itemOf(prefix, key, value, note)
    if (item !== undefined) return [name, (read.lists[name] ??= []).push(item) - 1]
  }
  for (const [prefix, operation] of codecPrefixes) {
    const item = itemOf(prefix, key, value, note)
    if (item === undefined) continue
    if ((operation === 'accept' || operation === 'consume') && reader === 'kamailio-5.6') continue
    if (operation === 'consume' && isRtpengine(reader) && value !== undefined) continue
    return ['codec', operation, (read.codec[operation] ??= []).push(item) - 1]
  }
  return undefined
}

/** The item of `PREFIX-item` or `PREFIX=item`. */
function itemOf (prefix: string, key: string, value: string | undefined, note: Note): string | undefined {
  if (key === prefix) return value === '' ? undefined : value
  if (!key.startsWith(`${prefix}-`) || key.length < prefix.length + 2) return undefined
  if (value !== undefined) note(`"=${value}" is dropped: what follows "${prefix}-" is the item`)
  return key.slice(prefix.length + 1)
}

/** Kamailio reads an address up to the end of the whole string, so that it understands none but a last token. */
function receivedFrom (
  read: Reading,
  reader: FlagsReader,
  { key, value, isLast }: { key: string, value: string | undefined, isLast: boolean },
  note: Note,
): Path | undefined {
  if (reader === 'kamailio-5.6') {
    if (key !== 'received-from' || value === undefined) return undefined
    note('Kamailio 5.6 sends the address that the message came from as well, and that one counts')
    return []
  }
  const address = itemOf('received-from', key, value, note)
  if (address === undefined) return undefined
  const version = isIP(address)
  if (version === 0) note(`"${address}" is no address; the address that the message came from is sent`)
  else if (!isLast && !isRtpengine(reader)) {
    note('is understood at the end of the string only; the address that the message came from is sent')
  } else {
    read.receivedFrom.push(`IP${version}`, address)
    return ['received-from']
  }
  return []
}

const protocols = ['RTP/AVP', 'RTP/SAVP', 'RTP/AVPF', 'RTP/SAVPF', 'UDP/TLS/RTP/SAVP', undefined, 'UDP/TLS/RTP/SAVPF'] as const

/** A whole protocol replaces, a word adds to or takes from what the words before it have made. */
function transport (
  read: Reading, reader: FlagsReader, key: string, value: string | undefined, note: Note,
): Path | undefined {
  if (value !== undefined) return undefined
  const so = read.transport ?? 0
  const whole = protocols.indexOf(key as typeof protocols[number])
  const words: Record<string, number> = { RTP: so & ~1, AVP: so & ~2, SRTP: so | 1, AVPF: so | 2, DTLS: so | 4 }
  const bits = whole >= 0 ? whole : Object.hasOwn(words, key) ? words[key] : undefined
  if (bits === undefined) return undefined
  if (isRtpengine(reader)) note('rtpengine 26.0 ignores this; write transport-protocol=… with the whole protocol')
  read.transport = bits
  return ['transport-protocol']
}

const viaBranches = ['auto', 'extra', 'next', 'auto-next', 'next-auto', 'auto-extra', 'extra-auto']

/** What Kamailio's module has a meaning of its own for. A string: why it refuses. */
function special (read: Reading, reader: FlagsReader, key: string, value: string | undefined): Path | string | undefined {
  const { identity, lists } = read
  switch (key) {
    case 'TOS':
      if (value === undefined) return undefined
      read.ng['TOS'] = leadingInteger(value)
      return ['TOS']
    case 'to-tag':
      if (value !== undefined) identity.toTag = value
      identity.isWithToTag = true
      return []
    case 'call-id':
      if (value === undefined) return 'Kamailio refuses the string: call-id needs a value'
      identity.callId = value
      return []
    case 'from-tag':
      if (value === undefined) return 'Kamailio refuses the string: from-tag needs a value'
      identity.fromTag = value
      identity.isDirectional = true
      return []
    case 'from-tags':
      if (reader !== 'kamailio-6.1') return undefined
      return value === undefined ? 'Kamailio refuses the string: from-tags needs a value' : [] // sent with a subscription only
    case 'internal':
    case 'external': return ['direction', (lists['direction'] ??= []).push(key) - 1]
    case 'direction': return value === undefined ? 'direction needs a value' : ['direction', (lists['direction'] ??= []).push(value) - 1]
    case 'via-branch':
      if (value === undefined || !(/^[12]/.test(value) || viaBranches.includes(value))) {
        return `Kamailio refuses the string: via-branch must be 1, 2 or one of ${viaBranches.join(', ')}`
      }
      identity.viaBranch = /^[12]/.test(value) ? value.charAt(0) : value
      return []
    case 'repacketize': {
      const milliseconds = Number(/^\d+/.exec(value ?? '')?.[0] ?? 0)
      if (milliseconds === 0) return 'Kamailio refuses the string: repacketize needs a number of milliseconds'
      read.ng['repacketize'] = milliseconds
      return ['repacketize']
    }
    case 'directional':
      identity.isDirectional = true
      return []
    case 'force-answer':
      identity.isAnswer = true
      return []
    case 'delete-delay':
      if (value !== undefined) read.ng['delete delay'] = leadingInteger(value)
      return undefined // and the key as it stands
    default: return undefined
  }
}

/** What rtpengine's own reader has a meaning of its own for. */
function ofDaemon ({ lists, identity }: Reading, key: string, value: string | undefined): Path | undefined {
  if (key === 'from-tag' && value !== undefined) identity.isDirectional = true
  const side = key === 'internal' || key === 'external' ? key : key === 'direction' ? value : undefined
  return side === undefined ? undefined : ['direction', (lists['direction'] ??= []).push(side) - 1]
}

/** Any other `key=value` is a key, any other word a flag. */
function generic (read: Reading, key: string, value: string | undefined, note: Note): Path {
  if (value === undefined) return ['flags', (read.lists['flags'] ??= []).push(key) - 1]
  if (unsafe.has(key)) {
    note('is no NG key')
    return []
  }
  const before = read.tokens.find(({ path }) => path?.length === 1 && path[0] === key)
  if (before) note(`replaces "${before.text}", which stands before it`)
  read.ng[key] = value
  return [key]
}

/** C's atoi: the number that a text begins with, 0 for none. */
const leadingInteger = (text: string): number => Number(/^\s*[+-]?\d+/.exec(text)?.[0] ?? 0)

/** In the order in which Kamailio sends it: a list comes after a key of its name, and so wins over it. */
function resultOf (read: Reading, note: Note): FlagsRead {
  const { ng, lists, codec, receivedFrom, identity, tokens, notes } = read
  const protocol = read.transport === undefined ? undefined : protocols[read.transport]
  if (read.transport !== undefined && protocol === undefined) note('SRTP and DTLS exclude each other: no protocol comes of it')
  return {
    ng: {
      ...ng,
      ...lists,
      ...Object.keys(codec).length > 0 && { codec },
      ...protocol !== undefined && { 'transport-protocol': protocol },
      ...receivedFrom.length > 0 && { 'received-from': receivedFrom },
    },
    identity,
    tokens,
    notes,
  }
}

/** A list that came in brackets: its words beside those that single tokens have put there, or a value of its own. */
function putList (read: Reading, key: string, list: NgValue[] | NgDictionary): Path {
  const words = Array.isArray(list) ? list.filter((word) => typeof word === 'string') : undefined
  const name = key === 'direction' || key === 'flags' ? key : listPrefixes.find(([prefix]) => prefix === key)?.[1]
  if (name !== undefined && words) {
    const before = read.lists[name] ??= []
    before.push(...words)
    return [name]
  }
  if (key === 'codec' && !words) {
    for (const [operation, codecs] of Object.entries(list)) {
      if (Array.isArray(codecs)) (read.codec[operation] ??= []).push(...codecs.filter((codec) => typeof codec === 'string'))
    }
    return ['codec']
  }
  if (!unsafe.has(key)) read.ng[key] = list
  return [key]
}

/** What stands between spaces; a list in brackets is one token, spaces and all. */
export function tokensOf (text: string, hasLists: boolean): { text: string, at: number, list?: NgValue[] | NgDictionary }[] {
  const tokens: ReturnType<typeof tokensOf> = []
  const word = /[^ ]+/g
  for (let match = word.exec(text); match; match = word.exec(text)) {
    const { index: at, 0: token } = match
    const bracket = hasLists ? /^[^=]+=(?=\[)/.exec(token)?.[0].length : undefined
    const list = bracket === undefined ? undefined : readBracketed(text, at + bracket)
    if (list) word.lastIndex = list.end
    tokens.push(list ? { text: text.slice(at, list.end), at, list: list.value } : { text: token, at })
  }
  return tokens
}
