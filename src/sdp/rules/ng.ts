import { effective } from '../view.ts'
import type { MediaView, SdpView } from '../view.ts'
import { found, gather, ofAttribute, type Rule } from './rule.ts'

/** What rtpengine makes of an SDP that is sound by itself. */
export const ngRules: Rule[] = [
  {
    id: 'NG-09',
    severity: 'error',
    leg: 'browser',
    at: 'out',
    kinds: ['web'],
    role: 'answer',
    title: 'an ICE restart that rtpengine took for a new DTLS association',
    why: 'rtpengine 11.3 and later names its DTLS association in a=tls-id, and begins a new one when an offer brings new ICE '
      + 'credentials without a tls-id. A browser sends none and begins none: silence from then on.',
    fix: 'Let ngpilot hand the SDP over, which names the browser\'s association; or the flag no-tls-id from rtpengine 26.0; or the '
      + 'page makes a new RTCPeerConnection instead of restartIce().',
    reference: 'RFC 8842 §4',
    mentions: ['tls-id'],
    check: (sdp, { offer, previous, previousOfPeer }) => {
      if (!offer || !previous || !previousOfPeer) return undefined
      return found(gather(sdp.live, (media) => {
        const [now, before] = [effective(sdp, media, 'tls-id'), ofLine(previous, media, 'tls-id')]
        const isNew = now !== undefined && before !== undefined && now.value !== before.value
        return isNew && isRestartAlone(offer, previousOfPeer, media) ? [ofAttribute(now)] : []
      }))
    },
  },
]

/** New ICE credentials, and the certificate of before: the same RTCPeerConnection, whose DTLS association goes on. */
function isRestartAlone (offer: SdpView, before: SdpView, media: MediaView): boolean {
  const same = (name: string) => ofLine(offer, media, name)?.value === ofLine(before, media, name)?.value
  return !same('ice-ufrag') && same('fingerprint') && ofLine(offer, media, 'tls-id') === undefined
}

/** What an SDP says of the m-line with the same place in it. */
function ofLine (sdp: SdpView, { index }: MediaView, name: string) {
  const media = sdp.media[index]
  return media?.isLive ? effective(sdp, media, name) : undefined
}
