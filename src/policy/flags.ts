import type { NgDictionary } from '../ng/types.ts'
import { suites, vocabulary } from '../ng/vocabulary.ts'
import type { AudioCodec } from '../sdp/codecs.ts'
import { codecFlags } from './codecs.ts'
import { mergeNg } from './merge.ts'
import type { CallFacts, MediaProtocol, Profile } from './types.ts'

/** Suites that an SDES peer is offered; the `only-` words would say it shorter, but 10.5 ignores them. */
const offeredSuites = new Set<string>(['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'])
const withoutOtherSuites = suites.filter((suite) => !offeredSuites.has(suite)).map((suite) => `no-${suite}`)

/**
 * The NG keys of one message. All of it follows from the profile that *receives* the SDP, and from what the sender brings
 * that has to be taken off. The receiver's own `ng` keys come last.
 */
export function flagsFor (command: CallFacts['command'], sender: Profile, receiver: Profile, codecs: AudioCodec[]): NgDictionary {
  if (command === 'answer') return mergeNg(answerFlags(sender, receiver), ofAnswers(receiver.ng))
  return mergeNg(offerFlags(sender, receiver, codecs), receiver.ng)
}

function offerFlags (sender: Profile, receiver: Profile, codecs: AudioCodec[]): NgDictionary {
  const codec = codecFlags(sender.codecs, receiver.codecs, codecs)
  return {
    replace: ['origin', 'session-connection'],
    'transport-protocol': receiver.protocol,
    ...keyingOf(receiver.protocol),
    ...receiver.isWebRtc ? towardsWeb(sender) : towardsSip(sender),
    ...codec && { codec },
    ...receiver.ptime !== undefined && { ptime: receiver.ptime },
    ...sender.ptime !== undefined && { 'ptime-reverse': sender.ptime },
  }
}

/** How SRTP keys travel: DTLS (RFC 5764), SDES or not at all. rtpengine offers both kinds unless one is off. */
function keyingOf (protocol: MediaProtocol): NgDictionary {
  if (protocol.startsWith('UDP/TLS/')) return { SDES: ['off'] }
  return protocol.startsWith('RTP/SAVP') ? { DTLS: 'off', SDES: [...withoutOtherSuites] } : { DTLS: 'off' }
}

function towardsWeb (sender: Profile): NgDictionary {
  if (sender.isWebRtc) return { ICE: 'force', 'rtcp-mux': ['accept'], flags: ['trust-address'] }
  const flags = ['trust-address', 'generate-mid', 'no-rtcp-attribute', 'strip-extmap']
  return { ICE: 'force', 'rtcp-mux': ['offer', 'require'], flags }
}

function towardsSip (sender: Profile): NgDictionary {
  if (!sender.isWebRtc) return { ICE: 'remove', flags: ['trust-address'] }
  // In the offer already: without it the browser's answer comes back without rtcp-mux, and browsers refuse that.
  return { ICE: 'remove', 'rtcp-mux': ['demux'], flags: ['trust-address', 'strip-extmap'] }
}

/** Few: rtpengine answers in the protocol and keying of the offer. To set them again would break what was agreed. */
function answerFlags (sender: Profile, receiver: Profile): NgDictionary {
  const replace = ['origin', 'session-connection']
  if (receiver.isWebRtc) return { replace, ICE: 'force', flags: ['trust-address'] }
  const flags = sender.isWebRtc ? ['trust-address', 'strip-extmap'] : ['trust-address']
  return { replace, ICE: 'remove', flags, ...receiver.protocol.startsWith('RTP/SAVP') && { DTLS: 'off' } }
}

/** Without the keys that make sense in an offer only. */
export function ofAnswers (ng: NgDictionary): NgDictionary {
  return Object.fromEntries(Object.entries(ng).filter(([key]) => vocabulary.get(key)?.only !== 'offer'))
}
