import { effective, isRtp, type SdpView, type MediaView } from '../view.ts'
import { found, gather, ofAttribute, ofMedia, type Rule } from './rule.ts'

/** Bytes of a hash (RFC 8122 §5). */
const hashSizes = new Map([['sha-1', 20], ['sha-224', 28], ['sha-256', 32], ['sha-384', 48], ['sha-512', 64], ['md5', 16], ['md2', 16]])

/** DTLS-SRTP: fingerprints and who begins. */
export const dtls: Rule[] = [
  {
    id: 'DTLS-01',
    severity: 'error',
    leg: 'DTLS',
    at: 'each',
    title: 'no fingerprint, or one that does not fit its hash',
    why: 'The certificate of the peer cannot be checked, so no handshake succeeds: silence.',
    fix: 'Take DTLS: off out of ng for this profile; look at what rewrote the SDP.',
    reference: 'RFC 8122 §5',
    check: (sdp, { leg, direction }) => found(gather(sdp.live.filter(isRtp), (media) => {
      const fingerprint = effective(sdp, media, 'fingerprint')
      // Without one towards a browser it is WEB-01.
      const needs = media.protocol.startsWith('UDP/TLS/') && !(direction === 'out' && leg.kind === 'web') && leg.kind !== 'plain' && leg.kind !== 'sdes'
      if (!fingerprint) return needs ? [ofMedia(media)] : []
      const [hash = '', bytes = ''] = fingerprint.value.split(' ')
      const size = hashSizes.get(hash.toLowerCase())
      const isWhole = /^[0-9a-f]{2}(?::[0-9a-f]{2})*$/i.test(bytes) && (size === undefined || bytes.length === size * 3 - 1)
      return isWhole ? [] : [ofAttribute(fingerprint)]
    })),
  },
  {
    id: 'DTLS-02',
    mentions: ['setup'],
    severity: 'error',
    leg: 'browser, DTLS',
    at: 'each',
    role: 'answer',
    title: 'an answer whose a=setup is neither active nor passive',
    why: 'It must choose who begins; Chromium refuses the answer.',
    fix: 'Look at what rewrote the answer: rtpengine chooses. ng: { DTLS: passive } for peers that must begin.',
    reference: 'RFC 8842 §5.3',
    check: (sdp) => found(setups(sdp).filter(({ setup }) => setup.value !== 'active' && setup.value !== 'passive').map(({ setup }) => ofAttribute(setup))),
  },
  {
    id: 'DTLS-03',
    mentions: ['setup'],
    severity: 'error',
    leg: 'browser, DTLS',
    at: 'each',
    role: 'answer',
    title: 'both sides active or both passive',
    why: 'Nobody begins the handshake, or both do: silence.',
    fix: 'Offers say actpass; take a fixed DTLS role out of ng.',
    reference: 'RFC 8842 §5.3',
    check: (sdp, { offer }) => !offer ? undefined : found(setups(sdp).flatMap(({ media, setup }) => {
      const asked = offer.media[media.index]
      const offered = asked && effective(offer, asked, 'setup')
      return offered && offered.value === setup.value && setup.value !== 'actpass' ? [ofAttribute(setup)] : []
    })),
  },
  {
    id: 'DTLS-04',
    mentions: ['fingerprint'],
    severity: 'warning',
    leg: 'any',
    at: 'each',
    title: 'a weak hash for the fingerprint',
    why: 'sha-1 and md5 can be forged; strict peers refuse them.',
    fix: 'ng: { DTLS-fingerprint: SHA-256 }.',
    reference: 'RFC 8122 §5',
    check: (sdp) => {
      const all = new Set(sdp.live.flatMap((media) => effective(sdp, media, 'fingerprint') ?? []))
      return found([...all].filter(({ value }) => /^(?:sha-1|md5|md2) /i.test(value)).map(ofAttribute))
    },
  },
  {
    id: 'DTLS-05',
    mentions: ['fingerprint'],
    severity: 'warning',
    leg: 'browser, DTLS',
    at: 'each',
    role: 'offer',
    title: 'another certificate in a re-offer, without a new ICE session',
    why: 'Peers may not do the handshake again, and then nothing can be decrypted.',
    fix: 'The client must renew both: a new RTCPeerConnection, or a=tls-id.',
    reference: 'RFC 8842 §5.5',
    check: (sdp, { previous }) => !previous ? undefined : found(gather(sdp.live, (media) => {
      const before = previous.media[media.index]
      if (!before?.isLive) return []
      const isSame = (name: string) => effective(sdp, media, name)?.value === effective(previous, before, name)?.value
      const fingerprint = effective(sdp, media, 'fingerprint')
      const had = effective(previous, before, 'fingerprint')
      const isChanged = fingerprint && had && fingerprint.value.toLowerCase() !== had.value.toLowerCase()
      return isChanged && isSame('ice-ufrag') && isSame('tls-id') ? [ofAttribute(fingerprint)] : []
    })),
  },
]

function setups (sdp: SdpView): { media: MediaView, setup: { line: number, name: string, value: string } }[] {
  return gather(sdp.live.filter(isRtp), (media) => {
    const setup = effective(sdp, media, 'setup')
    return setup ? [{ media, setup }] : []
  })
}
