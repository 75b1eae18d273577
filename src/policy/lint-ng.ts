import { isIP } from 'node:net'
import { capabilitiesOf, unknownTo } from '../ng/capabilities.ts'
import type { NgDictionary, NgValue } from '../ng/types.ts'
import type { Release } from '../ng/release.ts'
import { canEncode, canonicalCodec } from './codec-names.ts'
import type { CheckCode } from './checks.ts'
import type { Profile } from './types.ts'

/** The kinds of ends that SDP differs for. */
export type EndKind = 'web' | 'plain' | 'sdes' | 'dtls'

export function kindOf ({ isWebRtc, protocol }: Pick<Profile, 'isWebRtc' | 'protocol'>): EndKind {
  if (isWebRtc) return 'web'
  return protocol.startsWith('UDP/TLS/') ? 'dtls' : protocol.startsWith('RTP/SAVP') ? 'sdes' : 'plain'
}

/** Which message the keys are for, and the oldest rtpengine of the fleet. `sender` is absent where anybody may send. */
export interface LintContext { command: 'offer' | 'answer', sender?: EndKind, receiver: EndKind, oldest?: Release }

/** `path` of the key, from the top of the dictionary (`codec.transcode`); `word`, the item of a list that is meant. */
export interface NgFinding {
  code: CheckCode
  path: string
  word?: string
  /** The rtpengine that brought what an older one does not know. */
  since?: string
  message: string
  fix: string
}

/** What the NG keys of one message do that nobody wants, although rtpengine answers `ok`. */
export function lintNg (ng: NgDictionary, context: LintContext): NgFinding[] {
  return [
    ...context.command === 'offer' ? lintOffer(ng, context) : lintAnswer(ng, context),
    ...contradictions(ng),
    ...context.oldest ? laterThan(context.oldest, ng) : [],
  ]
}

function lintOffer (ng: NgDictionary, { sender, receiver }: LintContext): NgFinding[] {
  return [...lintCodecs(ng), ...receiver === 'web' ? offerToWeb(ng) : offerToSip(ng, sender)]
}

function offerToWeb (ng: NgDictionary): NgFinding[] {
  const found: NgFinding[] = []
  if (hasWord(ng, 'flags', 'WebRTC')) return found
  if (!protocolOf(ng)?.startsWith('UDP/TLS/')) {
    found.push({ code: 'NG-14', path: 'transport-protocol', message: 'a browser is offered a protocol without DTLS', fix: 'UDP/TLS/RTP/SAVPF' })
  }
  if (ng['ICE'] !== 'force' && ng['ICE'] !== 'force-relay') {
    found.push({ code: 'NG-14', path: 'ICE', message: 'a browser is offered SDP without ICE of rtpengine\'s own', fix: 'ICE=force' })
  }
  if (!isOff(ng, 'SDES')) {
    found.push({ code: 'NG-07', path: 'SDES', message: 'a browser is offered twelve a=crypto lines beside its fingerprint', fix: 'SDES-off' })
  }
  return found
}

function offerToSip (ng: NgDictionary, sender: EndKind | undefined): NgFinding[] {
  const found: NgFinding[] = []
  const protocol = protocolOf(ng)
  if (protocol === undefined && (ng['ICE'] === 'remove' || isOff(ng, 'DTLS'))) {
    const keys = isOff(ng, 'DTLS') && isOff(ng, 'SDES') ? 'with neither fingerprint (DTLS=off) nor crypto (SDES-off)' : 'without the keys for it'
    const message = `nothing sets the protocol: a browser's offer leaves as UDP/TLS/RTP/SAVPF ${keys}, and the phone answers 488`
    found.push({ code: 'NG-04', path: isOff(ng, 'DTLS') ? 'DTLS' : 'ICE', message, fix: 'RTP/AVP, or RTP/SAVP for SRTP' })
  }
  if (sender === 'web' && !['demux', 'accept', 'reject'].some((word) => hasWord(ng, 'rtcp-mux', word))) {
    const message = 'a browser\'s offer goes out without rtcp-mux demux: a phone that does not mux makes the answer come back without '
      + 'a=rtcp-mux, which the browser refuses; in the answer it is too late to ask for it'
    found.push({ code: 'NG-08', path: 'rtcp-mux', message, fix: 'rtcp-mux-demux' })
  }
  if (protocol?.startsWith('RTP/SAVP') && !isOff(ng, 'DTLS')) {
    found.push({ code: 'NG-11', path: 'transport-protocol', message: 'SRTP is offered with a=crypto and with a DTLS fingerprint at once', fix: 'DTLS=off' })
  }
  if (protocol?.startsWith('RTP/SAVP') && !isOff(ng, 'SDES') && !withoutNull(ng)) {
    const message = 'SRTP is offered with twelve suites, among them NULL_HMAC_SHA1_80 and _32, which encrypt nothing'
    found.push({ code: 'NG-12', path: 'transport-protocol', message, fix: 'SDES-no-NULL_HMAC_SHA1_80 SDES-no-NULL_HMAC_SHA1_32' })
  }
  return found
}

function lintAnswer (ng: NgDictionary, { receiver }: LintContext): NgFinding[] {
  if (receiver !== 'web') return []
  const found: NgFinding[] = []
  const protocol = protocolOf(ng)
  if (ng['ICE'] === 'remove') found.push({ code: 'NG-03', path: 'ICE', message: 'takes ICE off the answer that goes to a browser, which then refuses it', fix: 'ICE=force' })
  if (protocol !== undefined && !protocol.startsWith('UDP/TLS/') && protocol !== 'accept') {
    found.push({ code: 'NG-03', path: 'transport-protocol', message: `turns the answer that goes to a browser into ${protocol}, which it refuses`, fix: 'nothing: an answer keeps the protocol of its offer' })
  }
  return found
}

/** Operations that name codecs for rtpengine to encode. */
const encoding = ['transcode', 'set', 'accept'] as const

function lintCodecs (ng: NgDictionary): NgFinding[] {
  const found = encoding.flatMap((operation) => codecsOf(ng, operation).flatMap((codec): NgFinding[] => {
    const name = nameOf(codec)
    const known = canonicalCodec(name)
    if (name === 'all' || name === 'any' || (known !== undefined && canEncode(known))) return []
    const message = known === undefined ? `rtpengine knows no codec "${name}"` : `rtpengine as Debian builds it only decodes ${known}: the codec is dropped without an error`
    return [{ code: 'NG-05', path: `codec.${operation}`, word: codec, message, fix: 'one of opus, PCMU, PCMA, G722, G729, speex, GSM' }]
  }))
  const isMasked = codecsOf(ng, 'mask').some((codec) => nameOf(codec).toLowerCase() === 'opus')
  if (isMasked && codecsOf(ng, 'transcode').some((codec) => /^pcm[ua]$/i.test(nameOf(codec)))) {
    const message = 'a browser offers PCMU and PCMA itself, so that with opus only masked it is answered with them and nothing is transcoded'
    found.push({ code: 'NG-06', path: 'codec.mask', word: 'opus', message, fix: 'codec-consume-opus' })
  }
  return found
}

/** Words and keys that cannot both be meant. */
const opposites: [key: string, word: string, otherKey: string, otherWord: string][] = [
  ['flags', 'trust-address', 'flags', 'SIP-source-address'],
  ['flags', 'port-latching', 'flags', 'no-port-latching'],
  ['flags', 'passthrough', 'flags', 'no-passthrough'],
  ['flags', 'no-rtcp-attribute', 'flags', 'full-rtcp-attribute'],
  ['flags', 'trickle-ICE', 'ICE', 'remove'],
  ['flags', 'WebRTC', 'ICE', 'remove'],
  ['flags', 'WebRTC', 'DTLS', 'off'],
  ['rtcp-mux', 'demux', 'rtcp-mux', 'require'],
  ['rtcp-mux', 'accept', 'rtcp-mux', 'reject'],
]

function contradictions (ng: NgDictionary): NgFinding[] {
  const found = opposites
    .filter(([key, word, otherKey, otherWord]) => hasWord(ng, key, word) && hasWord(ng, otherKey, otherWord))
    .map(([key, word, otherKey, otherWord]): NgFinding => {
      const other = otherKey === key ? otherWord : `${otherKey}: ${otherWord}`
      return { code: 'NG-13', path: key, word, message: `"${word}" and "${other}" contradict each other`, fix: 'one of them' }
    })
  const protocol = protocolOf(ng)
  if (protocol?.startsWith('UDP/TLS/') && isOff(ng, 'DTLS')) {
    found.push({ code: 'NG-13', path: 'DTLS', message: `${protocol} takes its keys from DTLS, which is off`, fix: 'RTP/SAVP for SDES, or no DTLS=off' })
  }
  if (protocol?.startsWith('RTP/SAVP') && isOff(ng, 'SDES') && isOff(ng, 'DTLS')) {
    found.push({ code: 'NG-13', path: 'SDES', message: `${protocol} needs keys, and both SDES and DTLS are off`, fix: 'no SDES-off' })
  }
  const [family, address] = [wordsOf(ng['address-family'])[0], wordsOf(ng['media-address'])[0]]
  if (family !== undefined && address !== undefined && isIP(address) !== Number(family.slice(2))) {
    found.push({ code: 'NG-13', path: 'media-address', message: `${address} is no address of the family ${family}`, fix: 'one of them' })
  }
  return found
}

/** Keys and words that came with a later release. */
function laterThan (oldest: Release, ng: NgDictionary): NgFinding[] {
  return unknownTo(capabilitiesOf(oldest), ng).map(({ path, word, since }): NgFinding => ({
    code: 'NG-02',
    path: path.filter((step) => typeof step === 'string').join('.'),
    ...word !== path.at(-1) && { word },
    since,
    message: `rtpengine ${oldest} does not know "${word}" and ignores it; it came with ${since}`,
    fix: 'leave it out, or upgrade those nodes',
  }))
}

function isDictionary (value: NgValue | undefined): value is NgDictionary {
  return typeof value === 'object' && !Array.isArray(value) && !Buffer.isBuffer(value)
}

const wordsOf = (value: NgValue | undefined): string[] => {
  const all = Array.isArray(value) ? value : [value]
  return all.filter((word) => typeof word === 'string')
}
const hasWord = (ng: NgDictionary, key: string, word: string): boolean => wordsOf(ng[key]).includes(word)
const isOff = (ng: NgDictionary, key: string): boolean => ['off', 'no', 'disable'].some((word) => hasWord(ng, key, word))
const protocolOf = (ng: NgDictionary): string | undefined => wordsOf(ng['transport-protocol'])[0]
const withoutNull = (ng: NgDictionary): boolean => wordsOf(ng['SDES']).some((word) => word.startsWith('only-') || word === 'no-NULL_HMAC_SHA1_80')
/** `opus/48000/2/16000` is opus. */
const nameOf = (codec: string): string => codec.split('/')[0] ?? codec

function codecsOf (ng: NgDictionary, operation: string): string[] {
  const codec = ng['codec']
  return isDictionary(codec) ? wordsOf(codec[operation]) : []
}
