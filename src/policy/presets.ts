import type { ProfileEntry } from './settings.ts'

/** G.711 and DTMF: what every SIP device takes. */
const telephony = ['PCMU', 'PCMA', 'telephone-event']
const strong = ['AES_CM_128_HMAC_SHA1_80']

/** A preset, in the language of policy files. Those that extend nothing are what all others come from. */
export type Preset = Omit<ProfileEntry, 'extends'> & { extends?: string, about: string }

/** What every policy can build on, by name. */
export const presets = {
  webrtc: {
    about: 'ICE, DTLS-SRTP, rtcp-mux: browsers, and servers in WebRTC mode. Any codec.',
    protocol: 'UDP/TLS/RTP/SAVPF', ice: 'full', 'rtcp-mux': 'require', media: ['audio', 'video', 'application'],
  },
  sip: {
    about: 'Plain RTP: voice and T.38 fax. Also the profile of a leg that no endpoint matches.',
    protocol: 'RTP/AVP', ice: 'none', 'rtcp-mux': 'none', media: ['audio', 'image'], codecs: telephony,
  },
  'sip-sdes': {
    about: 'The same with SRTP, its keys in the SDP (RFC 4568): for peers behind TLS.',
    extends: 'sip', protocol: 'RTP/SAVP',
  },
  'browser-webrtc': {
    about: 'Chromium, Firefox, Safari: voice and video, opus where the DTMF of the call survives it.',
    extends: 'webrtc', codecs: ['opus', 'G722', 'PCMU', 'PCMA', 'telephone-event'],
  },
  'sip-plain-g711': {
    about: 'A phone, gateway or trunk with G.711, packets of 20 ms.',
    extends: 'sip', media: ['audio'], ptime: 20,
  },
  'sip-sdes-tls': {
    about: 'A phone with SRTP over TLS: Yealink, Polycom, Linphone.',
    extends: 'sip-sdes', media: ['audio'],
  },
  'sip-dtls': {
    about: 'A phone with DTLS-SRTP; ICE where it offers it.',
    extends: 'sip', media: ['audio'], protocol: 'UDP/TLS/RTP/SAVP', ice: 'if-offered',
  },
  'sip-osrtp': {
    about: 'A phone that encrypts where the other side can (RFC 8643).',
    extends: 'sip', media: ['audio'], osrtp: 'offer',
  },
  freeswitch: {
    about: 'FreeSWITCH over SIP: opus and G.722 pass, no transcoding where both sides know them.',
    extends: 'sip', codecs: ['opus', 'G722', 'PCMU', 'PCMA', 'telephone-event'],
  },
  'freeswitch-webrtc': {
    about: 'FreeSWITCH with media_webrtc.',
    extends: 'webrtc', media: ['audio', 'video'], codecs: ['opus', 'G722', 'PCMU', 'PCMA', 'telephone-event'],
  },
  'asterisk-pjsip': {
    about: 'Asterisk, chan_pjsip, no WebRTC: refuses ICE and DTLS with 488.',
    extends: 'sip',
  },
  'asterisk-webrtc': {
    about: 'Asterisk, chan_pjsip with webrtc=yes.',
    extends: 'webrtc', media: ['audio', 'video'], codecs: ['opus', 'PCMU', 'PCMA', 'telephone-event'],
  },
  'teams-direct-routing': {
    about: 'Microsoft Teams without media bypass: SRTP by SDES, RTCP that flows.',
    extends: 'sip-sdes', media: ['audio'], codecs: ['PCMU', 'PCMA', 'G722', 'telephone-event', 'CN'], sdes: { suites: strong, lifetime: true },
    'generate-rtcp': true,
  },
  'cloud-trunk-srtp': {
    about: 'A secure trunk such as Twilio\'s or Telnyx\'s: SRTP by SDES without MKI or lifetime.',
    extends: 'sip-sdes', media: ['audio'], ptime: 20,
  },
  'legacy-sbc-audiocodes': {
    about: 'An SBC that sees a change only where the version in o= has grown.',
    extends: 'sip', 'rtcp-attribute': 'full', ng: { replace: ['SDP-version', 'username'] },
  },
  'legacy-sbc-sonus': {
    about: 'An SBC whose media comes from elsewhere than its SIP; answers hold one codec.',
    extends: 'sip', media: ['audio'], codecs: ['PCMU', 'PCMA', 'G729', 'telephone-event'], 'single-codec': true,
  },
  'ipv6-only': {
    about: 'A peer without IPv4; rtpengine needs an interface with an IPv6 address.',
    extends: 'sip', 'address-family': 'IP6',
  },
  'g729-trunk': {
    about: 'A trunk that takes G.729 alone. Transcoding costs CPU.',
    extends: 'sip', media: ['audio'], codecs: ['G729', 'telephone-event'], ptime: 20,
  },
  'volte-ims': {
    about: 'The edge of an IMS: AMR passes, but Debian\'s rtpengine cannot encode it; G.711 is what others get through with.',
    extends: 'sip', media: ['audio'], codecs: ['AMR-WB', 'AMR', 'PCMA', 'PCMU', 'telephone-event'], ptime: 20,
  },
} as const satisfies Record<string, unknown> as unknown as Readonly<Record<string, Preset>>

export const presetNames: readonly string[] = Object.keys(presets)
