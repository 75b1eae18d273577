import { allOf, type Attribute, effective, isRtp, type MediaView } from '../view.ts'
import { found, gather, ofAttribute, ofAttributes, ofMedia, type Rule } from './rule.ts'

/** `1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^31|1:1 PARAMETERS` (RFC 4568 §9.1). */
interface Crypto { attribute: Attribute, tag: string, suite: string, key: string, keyParameters: string[], session: string }

/** Bytes of master key and salt (RFC 4568 §6.2, RFC 6188 §5.1, RFC 7714 §14.2). */
const keySizes = new Map([
  ['AES_CM_128_HMAC_SHA1_80', 30], ['AES_CM_128_HMAC_SHA1_32', 30], ['F8_128_HMAC_SHA1_80', 30], ['F8_128_HMAC_SHA1_32', 30],
  ['AES_192_CM_HMAC_SHA1_80', 38], ['AES_192_CM_HMAC_SHA1_32', 38],
  ['AES_256_CM_HMAC_SHA1_80', 46], ['AES_256_CM_HMAC_SHA1_32', 46],
  ['AEAD_AES_128_GCM', 28], ['AEAD_AES_256_GCM', 44],
])

/** What every SDES phone and trunk has. */
const common = new Set(['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'])
const encrypts = ({ suite, session }: Crypto) => !suite.startsWith('NULL_') && !/\bUN(?:ENCRYPTED|AUTHENTICATED)_/.test(session)

/** SRTP keys in the SDP. */
export const sdes: Rule[] = [
  {
    id: 'SDES-01',
    severity: 'error',
    leg: 'SDES',
    at: 'each',
    title: 'RTP/SAVP without keys',
    why: 'Neither a=crypto nor a fingerprint: nothing can be decrypted, and most peers answer 488.',
    fix: 'Take SDES: [off] out of ng for this profile, or extends: sip where the peer speaks plain RTP.',
    reference: 'RFC 4568 §5.1',
    check: (sdp) => found(sdp.live.filter((media) => /^RTP\/SAVPF?$/.test(media.protocol)
      && !media.attributes.has('crypto') && !effective(sdp, media, 'fingerprint')).map(ofMedia)),
  },
  {
    id: 'SDES-02',
    mentions: ['crypto'],
    severity: 'error',
    leg: 'any',
    at: 'each',
    title: 'an SRTP suite that does not encrypt or authenticate',
    why: 'A peer that picks it sends speech in clear under the name of SRTP; rtpengine offers NULL suites by default.',
    fix: 'extends: sip-sdes, which leaves them out; or ng: { SDES: [no-NULL_HMAC_SHA1_80, no-NULL_HMAC_SHA1_32] }; or conformance: { SDES-02: repair }.',
    reference: 'RFC 4568 §6.3.2',
    check: ({ live }) => found(ofCryptos(gather(live, cryptosOf).filter((crypto) => !encrypts(crypto)))),
    repair: (sdp, { role }) => role === 'answer' ? sdp : keepingSome(sdp, (line) => encrypts(cryptoOf({ line: 0, name: 'crypto', value: line }))),
  },
  {
    id: 'SDES-03',
    mentions: ['crypto'],
    severity: 'error',
    leg: 'SIP',
    at: 'out',
    kinds: ['plain', 'sdes', 'dtls'],
    title: 'a=crypto and a=fingerprint in one m-line',
    why: 'Two ways of keying at once: peers refuse it, or each side takes another one.',
    fix: 'One of them off: DTLS: off (extends: sip-sdes) or SDES: [off] (a DTLS phone).',
    reference: 'RFC 5763 §6.7',
    check: (sdp) => found(gather(sdp.live, (media) => {
      const [crypto] = allOf(media, 'crypto')
      const fingerprint = effective(sdp, media, 'fingerprint')
      return crypto && fingerprint ? [ofAttribute(crypto), ofAttribute(fingerprint)] : []
    })),
  },
  {
    id: 'SDES-04',
    mentions: ['crypto'],
    severity: 'error',
    leg: 'SDES',
    at: 'each',
    kinds: ['sdes', 'osrtp'],
    title: 'SRTP keys over a signalling hop in clear',
    why: 'Whoever reads the SIP packets can decrypt the call.',
    fix: 'match: { transport: tls } for endpoints with SDES; route them over TLS.',
    reference: 'RFC 4568 §7',
    check: ({ live }, { transport, leg }) => {
      if (transport === undefined || transport === 'tls' || transport === 'wss') return undefined
      const cryptos = live.flatMap((media) => allOf(media, 'crypto').slice(0, 1))
      // Opportunistic keys promise no secrecy (RFC 8643 §1).
      return found(ofAttributes(cryptos), { detail: `the hop is ${transport}`, ...leg.kind === 'osrtp' && { severity: 'warning' } })
    },
  },
  {
    id: 'SDES-05',
    mentions: ['crypto'],
    severity: 'warning',
    leg: 'SDES',
    at: 'out',
    kinds: ['sdes', 'osrtp'],
    role: 'offer',
    title: 'more SRTP suites than phones know',
    why: 'Some peers refuse the whole SDP for a suite they do not know, and it grows past a UDP packet.',
    fix: 'extends: sip-sdes, which offers AES_CM_128_HMAC_SHA1_80 and _32; or conformance: { SDES-05: repair }.',
    reference: 'RFC 4568 §5.1.1',
    check: ({ live }) => found(ofCryptos(gather(live, cryptosOf)
      .filter((crypto) => !common.has(crypto.suite) && encrypts(crypto)))),
    repair: (sdp) => keepingSome(sdp, (line) => common.has(line.split(' ')[1] ?? '')),
  },
  {
    id: 'SDES-06',
    mentions: ['crypto'],
    severity: 'error',
    leg: 'SDES',
    at: 'each',
    role: 'answer',
    title: 'the answer takes a suite that was not offered',
    why: 'Nothing can be decrypted: tag and suite of an answer must be those of one offered line.',
    fix: 'Mend the answerer; or look whether something rewrote the offer between the two.',
    reference: 'RFC 4568 §5.1.2',
    check: ({ live }, { offer }) => !offer ? undefined : found(gather(live, (media) => {
      const asked = offer.media[media.index]
      const offered = new Set((asked ? cryptosOf(asked) : []).map(({ tag, suite }) => `${tag} ${suite}`))
      return ofCryptos(cryptosOf(media).filter(({ tag, suite }) => !offered.has(`${tag} ${suite}`)))
    })),
  },
  {
    id: 'SDES-07',
    mentions: ['crypto'],
    severity: 'error',
    leg: 'SDES',
    at: 'each',
    title: 'an SRTP key of the wrong length',
    why: 'Every packet fails authentication: silence.',
    fix: 'Mend what wrote the key; ng: { SDES: [pad] } for phones that want base64 with its padding.',
    reference: 'RFC 4568 §6.1',
    check: ({ live }) => found(ofCryptos(gather(live, cryptosOf).filter(({ suite, key }) => {
      const size = keySizes.get(suite)
      return size !== undefined && Math.floor(key.replace(/=+$/, '').length * 3 / 4) !== size
    }))),
  },
  {
    id: 'SDES-08',
    mentions: ['crypto'],
    severity: 'warning',
    leg: 'SDES',
    at: 'out',
    kinds: ['sdes', 'osrtp'],
    role: 'offer',
    title: 'an MKI or a key lifetime',
    why: 'Some trunks (Twilio among them) refuse an MKI; few phones use either.',
    fix: 'Take lifetime out of ng.SDES; or conformance: { SDES-08: repair }.',
    reference: 'RFC 4568 §6.1',
    check: ({ live }, { leg }) => leg.takesKeyParameters === true
      ? undefined
      : found(ofCryptos(gather(live, cryptosOf).filter(({ keyParameters }) => keyParameters.length > 0))),
    repair: ({ session, media }) => ({
      session,
      media: media.map((part) => ({
        ...part,
        lines: part.lines.map((line) => line.startsWith('a=crypto:') ? line.replace(/(inline:[^|\s]+)\|\S*/, '$1') : line),
      })),
    }),
  },
  {
    id: 'SDES-09',
    mentions: ['crypto'],
    severity: 'warning',
    leg: 'both legs',
    at: 'each',
    title: 'the same SRTP key twice',
    why: 'With one key for both directions or both legs the key stream repeats, and both can be decrypted from one another.',
    fix: 'Mend the endpoint that sent the offer\'s key back; rtpengine makes keys of its own unless ng.SDES has static.',
    reference: 'RFC 3711 §9.1',
    check: (sdp, { offer, across }) => {
      const mine = sdp.live.flatMap(cryptosOf)
      if (mine.length === 0) return undefined
      const others = [offer, across].flatMap((other) => other?.live.flatMap(cryptosOf) ?? [])
      return found(ofCryptos(mine.filter(({ key }) => others.some((other) => other.key === key))))
    },
  },
  {
    id: 'SDES-10',
    severity: 'note',
    leg: 'OSRTP',
    at: 'each',
    role: 'answer',
    title: 'opportunistic SRTP was offered and not taken',
    why: 'The call is in clear on this leg.',
    fix: 'Nothing, where clear is acceptable; else extends: sip-sdes, so that the peer must encrypt.',
    reference: 'RFC 8643 §3.1',
    check: ({ live }, { offer }) => !offer ? undefined : found(live.filter((media) => {
      const asked = offer.media[media.index]
      const isOsrtp = asked !== undefined && /^RTP\/AVPF?$/.test(asked.protocol) && asked.attributes.has('crypto')
      return isOsrtp && !media.attributes.has('crypto')
    }).map(ofMedia)),
  },
]

function ofCryptos (cryptos: readonly Crypto[]) {
  return ofAttributes(cryptos.map(({ attribute }) => attribute))
}

function cryptosOf (media: MediaView): Crypto[] {
  return isRtp(media) ? allOf(media, 'crypto').map(cryptoOf) : []
}

function cryptoOf (attribute: Attribute): Crypto {
  const [tag = '', suite = '', parameters = '', ...session] = attribute.value.split(/ +/)
  const [key = '', ...keyParameters] = parameters.replace(/^inline:/i, '').split('|')
  return { attribute, tag, suite: suite.toUpperCase(), key, keyParameters, session: session.join(' ') }
}

/** The keys that pass, in each m-line where any does; a m-line must not lose all of its keys. */
function keepingSome (sdp: Parameters<NonNullable<Rule['repair']>>[0], passes: (value: string) => boolean) {
  const isCrypto = (line: string) => line.startsWith('a=crypto:')
  const isKept = (line: string) => passes(line.slice('a=crypto:'.length))
  return {
    session: sdp.session,
    media: sdp.media.map((part) => part.lines.some((line) => isCrypto(line) && isKept(line))
      ? { ...part, lines: part.lines.filter((line) => !isCrypto(line) || isKept(line)) }
      : part),
  }
}
