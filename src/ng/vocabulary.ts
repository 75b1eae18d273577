import { nearestWord } from '../nearest-word.ts'
import type { Release } from './release.ts'

/** The words of a closed set, each with the first release that knows it. */
export type Words = ReadonlyMap<string, Release>

/**
 * What a key takes. `words`: nothing else is understood; `prefixes`: but for words that begin so.
 * `only`: the one command in which the key makes sense, absent: in both.
 */
export type NgKey = { since: Release, only?: 'offer' | 'answer' } & (
  | { type: 'string' | 'list', words?: Words, prefixes?: readonly string[] }
  | { type: 'integer', minimum: number, maximum: number }
  | { type: 'dictionary', keys: ReadonlyMap<string, NgKey> }
)

/** A key or word that rtpengine would ignore without an error. `path` leads to it; `at`: it is the key, or its value. */
export interface NgProblem { path: (string | number)[], at: 'key' | 'value', message: string, nearest?: string }

type Traits = Partial<Pick<NgKey, 'since' | 'only'>> & { prefixes?: readonly string[] }

/** The words of the oldest release, then those that others have added. */
const words = (oldest: string, ...added: [release: Release, words: string][]): Words => new Map(
  [['10.5', oldest] as const, ...added].flatMap(([release, list]) => list.split(' ').map((word) => [word, release])))
const text = (set?: Words, traits: Traits = {}): NgKey => ({ type: 'string', since: '10.5', ...set && { words: set }, ...traits })
const list = (set?: Words, traits: Traits = {}): NgKey => ({ type: 'list', since: '10.5', ...set && { words: set }, ...traits })
const integer = (minimum: number, maximum: number, traits: Traits = {}): NgKey => ({ type: 'integer', since: '10.5', minimum, maximum, ...traits })
const dictionary = (keys: Record<string, NgKey>, traits: Traits = {}): NgKey => ({ type: 'dictionary', since: '10.5', keys: new Map(Object.entries(keys)), ...traits })

/** SRTP crypto suites by their SDES names (RFC 4568, 6188, 7714), those that encrypt nothing included. */
export const suites = ['AEAD_AES_256_GCM', 'AEAD_AES_128_GCM', 'AES_256_CM_HMAC_SHA1_80', 'AES_256_CM_HMAC_SHA1_32',
  'AES_192_CM_HMAC_SHA1_80', 'AES_192_CM_HMAC_SHA1_32', 'AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32',
  'F8_128_HMAC_SHA1_80', 'F8_128_HMAC_SHA1_32', 'NULL_HMAC_SHA1_80', 'NULL_HMAC_SHA1_32'] as const

const each = (prefix: string, names: readonly string[]): string => names.map((name) => prefix + name).join(' ')
const onOff = words('yes no on off')
const blockModes = words('drop silence tone random zero DTMF off')
const attributes = dictionary({ add: list(), remove: list(), substitute: list() })

/** The words of `flags`. Words that only repeat a list key (`SDES-off`, `codec-strip-X`) are left to that key. */
const flagWords = words(
  'trust-address SIP-source-address asymmetric strict-source media-handover port-latching no-port-latching NAT-wait '
  + 'pierce-NAT unidirectional trickle-ICE reject-ICE fragment passthrough no-passthrough generate-mid strip-extmap '
  + 'no-rtcp-attribute full-rtcp-attribute original-sendrecv loop-protect single-codec reuse-codecs allow-transcoding '
  + 'always-transcode asymmetric-codecs no-jitter-buffer generate-RTCP record-call reset inject-DTMF detect-DTMF '
  + 'no-redis-update debug '
  + each('endpoint-learning-', ['off', 'immediate', 'delayed', 'heuristic']) + ' ' + each('OSRTP-', ['offer', 'accept']),
  ['11.3', 'audio-player ' + each('OSRTP-', ['offer-RFC', 'offer-legacy', 'accept-RFC', 'accept-legacy'])],
  ['11.5', 'allow-asymmetric-codecs'],
  ['12.2', 'static-codecs'],
  ['12.3', 'block-egress recording-announcement'],
  ['12.5', 'WebRTC directional'],
  ['13.3', 'force-transcoding'],
  ['13.4', 'recrypt'],
  ['13.5', 'provisional allow-no-codec-media'],
  ['26.0', 'no-tls-id'],
)

/**
 * The keys that may stand in `offer` and `answer` beside identity and SDP. rtpengine answers `ok` to any other and
 * ignores it.
 *
 * @see https://rtpengine.readthedocs.io/en/latest/ng_control_protocol.html
 */
export const vocabulary: ReadonlyMap<string, NgKey> = new Map(Object.entries({
  flags: list(flagWords),
  replace: list(words('origin session-connection SDP-version username session-name zero-address', ['11.2', 'force-increment-sdp-ver'], ['12.5', 'origin-full'])),
  label: text(),
  'set-label': text(),
  direction: list(),
  'from-interface': text(undefined, { since: '12.5' }),
  'to-interface': text(undefined, { since: '12.5' }),
  'inbound-peer': text(undefined, { since: '14.1' }),
  'outbound-peer': text(undefined, { since: '14.1' }),
  'address-family': text(words('IP4 IP6')),
  'media-address': text(),
  'endpoint-learning': list(words('off immediate delayed heuristic')),
  TOS: integer(-1, 255),
  'xmlrpc-callback': text(),
  'transport-protocol': text(words('RTP/AVP RTP/AVPF RTP/SAVP RTP/SAVPF UDP/TLS/RTP/SAVP UDP/TLS/RTP/SAVPF accept')),
  ICE: text(words('remove force default optional force-relay')),
  'ICE-lite': text(words('forward backward both off'), { only: 'offer' }),
  DTLS: text(words('off no disable passive active')),
  'DTLS-reverse': text(words('passive active')),
  'DTLS-fingerprint': text(words('SHA-1 SHA-224 SHA-256 SHA-384 SHA-512')),
  SDES: list(words(
    'off no disable unencrypted_srtp unencrypted_srtcp unauthenticated_srtp encrypted_srtp encrypted_srtcp authenticated_srtp '
    + 'lifetime pad static ' + each('no-', suites),
    ['11.2', 'nonew ' + each('only-', suites)],
    ['12.1', 'prefer'],
  ), { prefixes: ['order:', 'offerer_pref:'] }),
  OSRTP: list(words('offer accept', ['11.3', 'offer-RFC offer-legacy accept-RFC accept-legacy'])),
  'rtcp-mux': list(words('offer require demux accept reject')),
  bundle: list(words('accept offer require strict reject'), { since: '14.0' }),
  extmap: dictionary({ strip: list(), mask: list() }, { since: '14.0' }),
  'sdp-attr': dictionary({ none: attributes, global: attributes, audio: attributes, video: attributes, image: attributes }, { since: '11.3' }),
  'sdp-media-remove': list(words('audio video image message application other'), { since: '13.1' }),
  codec: dictionary({
    strip: list(), except: list(), offer: list(), accept: list(), set: list(),
    transcode: list(), mask: list(), consume: list(),
    ignore: list(undefined, { since: '13.3' }),
  }, { only: 'offer' }),
  ptime: integer(1, 200, { only: 'offer' }),
  'ptime-reverse': integer(1, 200, { only: 'offer' }),
  'T.38': list(words('decode force stop no-ECM no-V.17 no-V.27ter no-V.29 no-V.34 no-IAF FEC')),
  'T.38-version': integer(0, 3, { since: '12.5' }),
  'generate-RTCP': text(words('on off')),
  'record-call': text(onOff),
  metadata: text(),
  'drop-traffic': text(words('start stop')),
  'media-echo': text(words('blackhole forward backwards both')),
  'delay-buffer': integer(0, 10_000),
  'audio-player': text(words('default transcoding force off'), { since: '11.3' }),
  'dtmf-log-dest': text(undefined, { since: '11.3' }),
  'DTMF-security': text(blockModes),
  'DTMF-security-trigger': text(blockModes),
  'DTMF-security-trigger-end': text(blockModes),
  'DTMF-delay': integer(0, 10_000),
  trigger: text(),
  'trigger-end': text(),
  'trigger-end-time': integer(0, 3_600_000),
  'trigger-end-digits': integer(0, 1_000),
  template: text(undefined, { since: '13.1' }),
}))

/** Whether every key and value of a dictionary is one that rtpengine understands, as parsed from YAML or JSON. */
export function checkNgDictionary (dictionary: Record<string, unknown>, keys = vocabulary): NgProblem[] {
  return Object.entries(dictionary).flatMap(([name, value]) => {
    const key = keys.get(name)
    if (key === undefined) return [problem([name], 'key', 'unknown NG key', nearestWord(name, keys.keys()))]
    return checkValue(name, key, value).map((found) => ({ ...found, path: [name, ...found.path] }))
  })
}

function checkValue (name: string, key: NgKey, value: unknown): NgProblem[] {
  switch (key.type) {
    case 'integer': {
      const fits = typeof value === 'number' && Number.isInteger(value) && value >= key.minimum && value <= key.maximum
      return fits ? [] : [problem([], 'value', `must be a whole number from ${key.minimum} to ${key.maximum}, found ${shown(value)}`)]
    }
    case 'string':
      if (typeof value !== 'string') return [problem([], 'value', `must be ${key.words ? oneOf(key.words) : 'a string'}, found ${shown(value)}`)]
      return checkWord(key, value).map((found) => ({ ...found, path: [] }))
    case 'list':
      if (typeof value === 'string') return [problem([], 'value', `must be a list: write [${value}]; rtpengine 10.5 ignores a plain string here`)]
      if (!Array.isArray(value)) return [problem([], 'value', `must be a list, found ${shown(value)}`)]
      return value.flatMap((item: unknown, index) => {
        return checkItem(name, key, item).map((found) => ({ ...found, path: [index] }))
      })
    case 'dictionary':
      if (!isRecord(value)) return [problem([], 'value', `must be a map of ${[...key.keys.keys()].join(', ')}, found ${shown(value)}`)]
      return checkNgDictionary(value, key.keys)
  }
}

function checkItem (name: string, key: NgKey & { type: 'string' | 'list' }, item: unknown): NgProblem[] {
  const isPair = name === 'substitute' && Array.isArray(item) && item.length === 2 && item.every((part) => typeof part === 'string')
  if (isPair) return []
  if (typeof item !== 'string') return [problem([], 'value', `must be a string, found ${shown(item)}`)]
  const instead = name === 'flags' && !flagWords.has(item) ? keyInstead(item) : undefined
  if (instead !== undefined) return [problem([], 'value', `"${item}" is written as a key: ${instead}`)]
  return checkWord(key, item)
}

function checkWord (key: NgKey & { type: 'string' | 'list' }, word: string): NgProblem[] {
  if (!key.words || key.words.has(word) || key.prefixes?.some((prefix) => word.startsWith(prefix))) return []
  const nearest = nearestWord(word, key.words.keys())
  const choice = nearest === undefined && key.words.size <= 8 ? `; must be ${oneOf(key.words)}` : ''
  return [problem([], 'value', `unknown word "${word}"${choice}`, nearest)]
}

/** The key that says what a word of Kamailio's flag string says: `SDES-off` is `SDES: [off]`. */
export function keyInstead (flag: string): string | undefined {
  const codec = /^(?:codec-([a-z]+)|(transcode))-(.+)$/.exec(flag)
  if (codec) return `codec: {${codec[1] ?? 'transcode'}: [${codec[3] ?? ''}]}`
  for (const [name, key] of vocabulary) {
    if (key.type === 'list' && flag.startsWith(`${name}-`)) return `${name}: [${flag.slice(name.length + 1)}]`
    if (key.type === 'string' && flag.startsWith(`${name}=`)) return `${name}: ${flag.slice(name.length + 1)}`
  }
  return undefined
}

function problem (path: NgProblem['path'], at: NgProblem['at'], message: string, nearest?: string): NgProblem {
  return { path, at, message, ...nearest !== undefined && { nearest } }
}

function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const oneOf = (set: Words): string => `one of ${[...set.keys()].join(', ')}`

const shown = (value: unknown): string => Array.isArray(value) ? 'a list' : isRecord(value) ? 'a map' : JSON.stringify(value)
