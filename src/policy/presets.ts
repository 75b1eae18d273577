import type { Profile } from './types.ts'

/** G.711 and DTMF: what every SIP device takes. */
const telephony = ['PCMU', 'PCMA', 'telephone-event']

/**
 * What every policy can build on, by name.
 * `webrtc`: browsers, and servers in WebRTC mode. Any codec.
 * `sip`: plain RTP, voice and T.38 fax. Also the profile of a leg that no endpoint matches.
 * `sip-sdes`: the same with SRTP keyed by SDES (RFC 4568), for peers behind TLS.
 */
export const presets = {
  webrtc: { name: 'webrtc', line: ['webrtc'], protocol: 'UDP/TLS/RTP/SAVPF', isWebRtc: true, media: ['audio', 'video', 'application'], ng: {} },
  sip: { name: 'sip', line: ['sip'], protocol: 'RTP/AVP', isWebRtc: false, media: ['audio', 'image'], codecs: telephony, ng: {} },
  'sip-sdes': { name: 'sip-sdes', line: ['sip-sdes'], protocol: 'RTP/SAVP', isWebRtc: false, media: ['audio', 'image'], codecs: telephony, ng: {} },
} satisfies Record<string, Profile>
