import { vocabulary } from '../../src/ng/vocabulary.ts'
import { valuesOf } from '../ng/values.ts'
import { call, sdpNamed, type Sequence } from './sequence.ts'

/** SDPs that between them have something for every key to act on. */
const sdps = ['answer-plain-pcmu', 'chromium-av-gathered', 'linphone-like-srtp-offer'].map((name) => [name, sdpNamed(name)] as const)

/** Each key that any rtpengine reads, with each word that it takes, in the offers of a call. */
export function* everyWord (): Iterable<Sequence> {
  for (const [key, shape] of vocabulary) {
    for (const { value, word } of valuesOf(shape)) {
      // A host of the daemon's own choosing, which may be asked about each event: none of ours.
      if (key === 'xmlrpc-callback' || key === 'dtmf-log-dest') continue
      for (const [name, sdp] of sdps) yield call(`${name}, ${key} ${word}`, sdp, { [key]: value })
    }
  }
  for (const flags of spellings) yield call(`spelt ${JSON.stringify(flags)}`, sdps[0]?.[1] ?? Buffer.alloc(0), flags)
}

/** The same words as old clients spell them: spaces and underlines for hyphens, lists as strings with commas. */
const spellings = [
  { flags: ['allow transcoding', 'trust address', 'strict_source', 'no rtcp attribute'] },
  { replace: ['session connection', 'zero address', 'SDP version'] },
  { 'transport protocol': 'RTP/SAVP', 'address family': 'IP4', 'rtcp mux': ['offer'], 'record call': 'on' },
  { 'media address': '192.0.2.7', 'ICE lite': 'backward', 'DTLS reverse': 'passive', 'generate RTCP': 'on' },
  { flags: 'trust-address,strip-extmap', replace: 'origin,session-connection', SDES: 'off,pad' },
  { 'sdp attr': { audio: { substitute: [['sendrecv', 'sendonly']], remove: ['rtpmap:0'] }, none: { add: ['tool:x'] } } },
  { flags: ['sdp-attr-remove-audio-sendrecv', 'sdp-attr-add-none-tool:x', 'codec-transcode-PCMA', 'SDES-off', 'from-tags-a'] },
  { codec: { transcode: ['PCMA', 'opus/48000/2/32000', 'telephone-event'], mask: ['full'], strip: ['all'], except: ['PCMU'] } },
  { codec: { accept: ['G722'], consume: ['PCMU'], set: ['opus/48000/2/16000/usedtx=1'] }, flags: ['always-transcode', 'single-codec'] },
  { T38: ['decode'], 't.38': ['force'], 'T.38-version': 3 },
  { ice: 'force', dtls: 'passive', sdes: ['only-AES_CM_128_HMAC_SHA1_80'], osrtp: ['offer'] },
]
