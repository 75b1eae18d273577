import { effective } from '../view.ts'
import { found, ofAttribute, type Rule } from './rule.ts'

/** What rtpengine makes of an SDP that is sound by itself. */
export const ngRules: Rule[] = [
  {
    id: 'NG-09',
    severity: 'error',
    leg: 'browser',
    at: 'in',
    kinds: ['web'],
    role: 'offer',
    title: 'an ICE restart that this rtpengine does not survive',
    why: 'From 11.3 on rtpengine takes new ICE credentials without a=tls-id for a new DTLS session and closes the one there is; the browser never begins another: silence.',
    fix: 'The client must make a new RTCPeerConnection instead of restartIce(); or rtpengine 10.5, or the flag no-tls-id from 26.0.',
    reference: 'RFC 8842 §4',
    check: (sdp, { previous, nodeVersion }) => {
      if (!previous || nodeVersion === undefined || !isAffected(nodeVersion)) return undefined
      return found(sdp.live.flatMap((media) => {
        const before = previous.media[media.index]
        const ufrag = effective(sdp, media, 'ice-ufrag')
        if (!before?.isLive || !ufrag || effective(sdp, media, 'tls-id')) return []
        const isRestart = effective(previous, before, 'ice-ufrag')?.value !== ufrag.value
        const isSameCertificate = effective(previous, before, 'fingerprint')?.value === effective(sdp, media, 'fingerprint')?.value
        return isRestart && isSameCertificate ? [ofAttribute(ufrag)] : []
      }))
    },
  },
]

function isAffected (version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 11 || (major === 11 && minor >= 3)
}
