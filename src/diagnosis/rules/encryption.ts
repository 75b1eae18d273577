import { type DiagnosisRule, eachLeg, named, round, seen } from '../rule.ts'
import type { LegView } from '../call.ts'

/** From here on a call that is healthy has media: Firefox as the offerer takes up to two seconds to its first packet. */
const settledSeconds = 4

const isWaitingForDtls = ({ media, isFlowing }: LegView): boolean => media.isDtls && !media.rtp.suite && !isFlowing

const dtlsEvidence = (view: LegView) => seen(view, {
  'crypto suite': view.media.rtp.suite ?? 'none',
  'DTLS fingerprint verified': view.media.rtp.isCertificateVerified ? 'yes' : 'no',
  packets: view.media.rtp.received.packets,
  errors: view.media.rtp.received.errors,
  endpoint: endpointOf(view),
})

export const endpointOf = ({ media: { rtp: { endpoint } } }: LegView): string | undefined => endpoint && `${endpoint.address}:${endpoint.port}`

/** Whether ICE was offered without a candidate that STUN has shown to work: the node has nowhere to send to. */
const hasNoPath = ({ media: { hasIce, rtp: { endpoint } } }: LegView): boolean =>
  hasIce && (endpoint === undefined || endpoint.port === 9 || endpoint.address === '0.0.0.0' || endpoint.address === '::')

/** DTLS, ICE and SRTP: whether the encrypted path to a leg came up, and whether it stands still (interop §7.2). */
export const encryptionRules: readonly DiagnosisRule[] = [
  {
    id: 'DX-01', severity: 'error', leg: 'browser', title: 'no audio from the browser: DTLS not finished',
    why: 'The SRTP keys come out of the DTLS handshake, and that begins only when ICE has found a path. Until then the '
      + 'browser hears nothing and nothing of it is heard.',
    fix: 'See in the browser that setRemoteDescription took the answer without an error. Open the node\'s UDP ports '
      + '(port-min to port-max), and see that `interface` advertises an address that the browser can reach. "STUN '
      + 'authentication mismatch" or "fingerprint mismatch" in rtpengine\'s log say that the SDP was changed on its way.',
    reference: 'RFC 5764 §4.1',
    find: (scene) => eachLeg(scene, (leg, other) => scene.up >= settledSeconds && other.isFlowing && isWaitingForDtls(leg)
      && !leg.media.rtp.isCertificateVerified && !hasNoPath(leg) && {
      leg: named(leg), confidence: 'high',
      detail: `${Math.round(scene.up)} s after the answer the handshake with the ${leg.leg.role} is not done, while ${other.leg.role} sends; `
        + 'the cause is one of: the answer never reached the page, ICE checks fail, the path is blocked',
      evidence: dtlsEvidence(leg),
    }),
  },
  {
    id: 'DX-30', severity: 'error', leg: 'browser', title: 'no audio from the browser: ICE has found no path',
    why: 'No STUN check from the browser has reached the node, so it does not know where to send.',
    fix: 'Open the node\'s UDP ports, and see that the candidate in the SDP to the browser is an address that it can reach '
      + '(rtpengine\'s `interface=NAME/PRIVATE!PUBLIC`). A browser in a strict network needs a TURN server.',
    reference: 'RFC 8445 §7',
    find: (scene) => eachLeg(scene, (leg, other) => scene.up >= settledSeconds && other.isFlowing
      && isWaitingForDtls(leg) && hasNoPath(leg) && {
      leg: named(leg), confidence: 'high',
      detail: `${Math.round(scene.up)} s after the answer the node has no address of the ${leg.leg.role}`,
      evidence: dtlsEvidence(leg),
    }),
  },
  {
    id: 'DX-02', severity: 'error', leg: 'browser', title: 'the browser refuses the node\'s certificate',
    why: 'The node has taken the browser\'s certificate, and the handshake ended all the same: the fingerprint in the '
      + 'answer is not that of the node that the browser talks to.',
    fix: 'Nothing may change the SDP after ngpilot, and offer and answer must go to the same node. rtpengine\'s log then '
      + 'has "alert certificate unknown".',
    reference: 'RFC 8122 §6.2',
    find: (scene) => eachLeg(scene, (leg) => scene.up >= settledSeconds && isWaitingForDtls(leg)
      && leg.media.rtp.isCertificateVerified && {
      leg: named(leg), evidence: dtlsEvidence(leg),
    }),
  },
  {
    id: 'DX-04', severity: 'error', leg: 'SRTP', title: 'packets come in and cannot be decrypted',
    why: 'Their SRTP authentication fails: the sender encrypts with another key or suite than the SDP says.',
    fix: 'Compare a=crypto of the leg\'s latest offer and answer; the peer must take the suite and key that the answer '
      + 'names, and a change of keys needs a re-INVITE. `SDES` in `ng:` restricts the suites.',
    reference: 'RFC 3711 §3.3',
    find: (scene) => eachLeg(scene, (leg) => scene.up >= settledSeconds && leg.media.rtp.suite !== undefined
      && !leg.isFlowing && leg.errorsPerSecond > 5 && {
      leg: named(leg),
      detail: `${round(leg.errorsPerSecond)} packets a second are thrown away`,
      evidence: seen(leg, {
        'crypto suite': leg.media.rtp.suite, packets: leg.media.rtp.received.packets, errors: leg.media.rtp.received.errors,
      }),
    }),
  },
  {
    id: 'DX-24', severity: 'warning', leg: 'SIP', title: 'best-effort SRTP fell back to plain RTP',
    why: 'Keys were offered and the answer has none, so the leg is not encrypted although the node still names a suite.',
    fix: 'If the leg must be encrypted, give its profile `extends: sip-sdes`, whose offer cannot be answered in clear.',
    reference: 'RFC 8643 §3',
    find: (scene) => scene.views.flatMap((view) => view.media.isSdes && view.media.rtp.suite !== undefined
      && view.media.protocol.startsWith('RTP/AVP') && view.leg.isEncrypted === false
      ? [{ leg: named(view), evidence: seen(view, { protocol: view.media.protocol, 'crypto suite': view.media.rtp.suite, 'a=crypto in its SDP': 'none' }) }]
      : []),
  },
  {
    id: 'DX-26', severity: 'error', leg: 'browser', title: 'DTLS was torn down by an ICE restart',
    why: 'A browser never sends a=tls-id, and rtpengine 11.3 to 13.5 takes an ICE restart without one for a new DTLS '
      + 'association: it ends the old one and the browser does not begin another.',
    fix: 'Let ngpilot hand the SDP over (it keeps the association), or have the page make a new RTCPeerConnection for the '
      + 're-INVITE instead of calling restartIce().',
    reference: 'RFC 8842 §5.1',
    find: (scene) => eachLeg(scene, (leg) => leg.media.isDtls && leg.media.rtp.suite !== undefined && leg.isSilent
      && leg.media.rtp.received.packets > 0 && !leg.media.rtp.isCertificateVerified && !leg.media.rtp.isConfirmed && {
      leg: named(leg),
      evidence: seen(leg, {
        'crypto suite': leg.media.rtp.suite, 'DTLS fingerprint verified': 'no', packets: leg.media.rtp.received.packets,
        'sent packets': leg.media.rtp.sent?.packets,
      }),
    }),
  },
]
