import type { FlagsReader } from '../../src/ng/flags-string.ts'
import type { NgDictionary } from '../../src/ng/types.ts'

const flags = (...words: string[]): NgDictionary => ({ flags: words })

/** Flags strings, the NG keys that they become, and who reads them so; without a name every Kamailio does. */
export const rows: [string, NgDictionary, reader?: FlagsReader][] = [
  ['', {}],
  ['replace-origin replace=session-connection', { replace: ['origin', 'session-connection'] }],
  ['SDES-off SDES=pad SDES-no-NULL_HMAC_SHA1_80', { SDES: ['off', 'pad', 'no-NULL_HMAC_SHA1_80'] }],
  ['rtcp-mux-demux rtcp-mux=accept', { 'rtcp-mux': ['demux', 'accept'] }],
  ['T38-decode T.38=force T.38-no-ECM', { 'T.38': ['decode', 'force', 'no-ECM'] }],
  ['transcode-PCMU transcode=PCMA codec-transcode-G722 codec-transcode=opus', { codec: { transcode: ['PCMU', 'PCMA', 'G722', 'opus'] } }],
  ['codec-strip-all codec-offer=PCMA codec-mask-opus codec-set=opus/48000/2/16000 codec-except-PCMU',
    { codec: { strip: ['all'], offer: ['PCMA'], mask: ['opus'], set: ['opus/48000/2/16000'], except: ['PCMU'] } }],
  ['codec-accept-opus codec-consume=G729', { codec: { accept: ['opus'], consume: ['G729'] } }],
  ['codec-accept-opus codec-consume=G729', { ...flags('codec-accept-opus'), 'codec-consume': 'G729' }, 'kamailio-5.6'],
  ['RTP', { 'transport-protocol': 'RTP/AVP' }],
  ['AVP SRTP', { 'transport-protocol': 'RTP/SAVP' }],
  ['AVPF', { 'transport-protocol': 'RTP/AVPF' }],
  ['SRTP AVPF', { 'transport-protocol': 'RTP/SAVPF' }],
  ['SRTP AVPF RTP AVP', { 'transport-protocol': 'RTP/AVP' }],
  ['DTLS', { 'transport-protocol': 'UDP/TLS/RTP/SAVP' }],
  ['DTLS AVPF', { 'transport-protocol': 'UDP/TLS/RTP/SAVPF' }],
  ...['RTP/AVP', 'RTP/AVPF', 'RTP/SAVP', 'RTP/SAVPF', 'UDP/TLS/RTP/SAVP', 'UDP/TLS/RTP/SAVPF']
    .map((protocol): [string, NgDictionary] => [`AVPF ${protocol}`, { 'transport-protocol': protocol }]),
  ['RTP/SAVP AVPF', { 'transport-protocol': 'RTP/SAVPF' }],
  ['transport-protocol=RTP/SAVP RTP/AVP', { 'transport-protocol': 'RTP/AVP' }],
  ['rtp/avp RTP=x', { ...flags('rtp/avp'), RTP: 'x' }],
  ['direction=pub direction=priv', { direction: ['pub', 'priv'] }],
  ['internal external', { direction: ['internal', 'external'] }],
  ['TOS=184', { TOS: 184 }],
  ['TOS=ef', { TOS: 0 }],
  ['delete-delay=5', { 'delete delay': 5, 'delete-delay': '5' }],
  ['repacketize=30', { repacketize: 30 }],
  ['received-from=192.0.2.1', { 'received-from': ['IP4', '192.0.2.1'] }],
  ['received-from=2001:db8::1', { 'received-from': ['IP6', '2001:db8::1'] }],
  ['received-from=192.0.2.1 trust-address', flags('trust-address')],
  ['received-from=192.0.2.1', {}, 'kamailio-5.6'],
  ['from-tags=a from-tags=b', {}, 'kamailio-6.1'],
  ['from-tags=a', { 'from-tags': 'a' }],
  ['ICE=remove ICE-lite=both DTLS=off DTLS-reverse=passive address-family=IP6 media-address=192.0.2.9 ptime=20 record-call=yes metadata=a:b label=x',
    {
      ICE: 'remove', 'ICE-lite': 'both', DTLS: 'off', 'DTLS-reverse': 'passive', 'address-family': 'IP6', 'media-address': '192.0.2.9',
      ptime: '20', 'record-call': 'yes', metadata: 'a:b', label: 'x',
    }],
  ['OSRTP=offer endpoint-learning=off', { OSRTP: 'offer', 'endpoint-learning': 'off' }],
  ['trust-address generate-mid OSRTP-accept loop-protect WebRTC SIP-source-address', flags('trust-address', 'generate-mid', 'OSRTP-accept', 'loop-protect', 'WebRTC', 'SIP-source-address')],
  ['sdp-attr-remove-audio-ptime', flags('sdp-attr-remove-audio-ptime')],
  ['trunk=acme', { trunk: 'acme' }],
  // Oddities of its reader.
  ['  a   b ', flags('a', 'b')],
  ['a\tb\nc d', flags('a\tb\nc', 'd')],
  ['metadata=a=b', { metadata: 'a=b' }],
  ['ICE= b', { ICE: '', ...flags('b') }],
  ['ICE = remove trust-address', flags('ICE')],
  ['replace replace- replace=', { ...flags('replace', 'replace-'), replace: '' }],
  ['SDES- SDES', flags('SDES-', 'SDES')],
  ['SDES-off=x', { SDES: ['off'] }],
  ['ICE=remove ICE=force', { ICE: 'force' }],
  ['flags=x y', flags('y')],
  ['ice=remove TOS DTLS-', { ice: 'remove', ...flags('TOS', 'DTLS-') }],
  // rtpengine's own reader.
  ['via-branch=auto =x a', { 'via-branch': 'auto', '': 'x', ...flags('a') }, 'rtpengine'],
  ['received-from=192.0.2.1 direction=a internal SDES-off TOS=8', { TOS: '8', direction: ['a', 'internal'], SDES: ['off'], 'received-from': ['IP4', '192.0.2.1'] }, 'rtpengine'],
]

/** As they stand in configurations of the field. */
export const fieldStrings = [
  'ICE=remove DTLS=off SDES-off replace-origin replace-session-connection',
  'trust-address replace-origin replace-session-connection ICE=force rtcp-mux-offer SDES-off RTP/SAVPF',
  'rtcp-mux-demux DTLS=off SDES-off ICE=remove RTP/AVP full-rtcp-attribute direction=priv direction=pub replace-session-connection replace-origin',
  'external internal force RTP/SAVPF rtcp-mux-require ICE=force DTLS=passive SDES-off',
  'UDP/TLS/RTP/SAVPF ICE=force generate-mid rtcp-mux-offer codec-mask-all codec-transcode-opus codec-transcode-telephone-event',
  'codec-strip-all codec-offer-PCMU codec-offer-PCMA codec-offer-telephone-event ptime=20 loop-protect strict-source record-call=yes metadata=from:1900',
  'RTP AVP ICE=remove SIP-source-address address-family=IP4 via-branch=auto label=caller',
  'OSRTP-accept RTP/SAVP DTLS=off SDES-no-AES_256_CM_HMAC_SHA1_80 SDES-unencrypted_srtcp',
]
