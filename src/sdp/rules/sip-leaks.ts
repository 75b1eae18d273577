import type { FindingKind } from '../../finding.ts'
import { isMuxed } from '../view.ts'
import { found, gather, type LegKind, ofAttribute, ofNames, protocols, type Rule, type RuleFacts, sipKinds, withoutAttributes } from './rule.ts'

interface Leak extends FindingKind { kinds: readonly LegKind[], names: string[] }

const feedback = ['rtcp-fb', 'rtcp-rsize', 'rtcp-xr']

/**
 * What WebRTC needs and a SIP phone must not see: ICE, DTLS, BUNDLE, JSEP's naming of tracks, AVPF, header extensions.
 * rtpengine leaves most of it in when it turns WebRTC into plain RTP or SDES (docs/decisions/0006), so that these are
 * repaired unless the policy says otherwise.
 */
export const sipLeaks: Rule[] = [
  leak({
    id: 'SIP-01',
    severity: 'error',
    kinds: ['plain', 'sdes', 'osrtp'],
    leg: 'SIP',
    names: ['candidate', 'remote-candidates', 'ice-ufrag', 'ice-pwd', 'ice-options', 'ice-lite', 'ice-mismatch', 'ice-pacing'],
    title: 'ICE towards a phone that has none',
    why: 'Some phones answer 488, others are sent STUN that they take for RTP.',
    fix: 'ng: { ICE: remove } for the profile (the presets sip and sip-sdes have it).',
    reference: 'RFC 8839 §4',
  }, ({ leg }) => leg.takesIce === true),
  leak({
    id: 'SIP-02',
    severity: 'warning',
    kinds: sipKinds,
    leg: 'SIP',
    names: ['end-of-candidates'],
    title: 'a=end-of-candidates alone',
    why: 'It says ICE where there is none; rtpengine 10.5 and 12.5 leave Firefox\'s behind.',
    fix: 'conformance: { SIP-02: repair }, which is the default.',
    reference: 'RFC 8840 §4.2',
  }, ({ leg }) => leg.takesIce === true),
  leak({
    id: 'SIP-03',
    severity: 'error',
    kinds: ['plain', 'sdes'],
    leg: 'SIP',
    names: ['fingerprint', 'setup', 'connection', 'tls-id'],
    title: 'DTLS towards a phone that has none',
    why: 'Many phones and PBXs answer 488 to a fingerprint that they cannot use.',
    fix: 'extends: sip or sip-sdes; they set transport-protocol and DTLS: off together, and one alone does not do.',
    reference: 'RFC 5763 §5',
  }),
  leak({
    id: 'SIP-06',
    severity: 'warning',
    kinds: sipKinds,
    leg: 'SIP',
    names: ['group', 'bundle-only'],
    title: 'BUNDLE towards a phone',
    why: 'Old SBCs refuse it; a phone that took it would send all media to one port, which rtpengine up to 13.5 does not expect.',
    fix: 'conformance: { SIP-06: repair }, which is the default.',
    reference: 'RFC 9143 §7',
  }),
  leak({
    id: 'SIP-07',
    severity: 'warning',
    kinds: sipKinds,
    leg: 'SIP',
    names: ['mid', 'msid', 'msid-semantic', 'ssrc', 'ssrc-group', 'rid', 'simulcast'],
    title: 'a browser\'s names of tracks towards a phone',
    why: 'They make the INVITE bigger than a UDP packet, and some PBXs answer 488.',
    fix: 'conformance: { SIP-07: repair }, which is the default.',
    reference: 'RFC 8830, RFC 5576',
  }),
  leak({
    id: 'SIP-08',
    severity: 'warning',
    kinds: sipKinds,
    leg: 'SIP',
    names: ['extmap', 'extmap-allow-mixed'],
    title: 'RTP header extensions towards a phone',
    why: 'Phones do not know them, and some play the extension as noise.',
    fix: 'ng: { flags: [strip-extmap] } (the presets have it); conformance: { SIP-08: repair } takes the rest, which is the default.',
    reference: 'RFC 8285 §5',
  }),
  {
    id: 'SIP-09',
    mentions: ['rtcp-mux', 'rtcp-mux-only'],
    severity: 'warning',
    leg: 'SIP',
    at: 'out',
    kinds: sipKinds,
    isRepairedByDefault: true,
    title: 'a=rtcp-mux towards a phone that does not share ports',
    why: 'RTCP is lost; and where the phone leaves it out of its answer, the browser refuses its own.',
    fix: 'ng: { rtcp-mux: [demux] } with the offer (the presets have it); conformance: { SIP-09: repair } is the default.',
    reference: 'RFC 5761 §5.1.1',
    check: ({ session, media }, facts) => takesMux(facts)
      ? undefined
      : found(ofNames([session, ...media], ['rtcp-mux', 'rtcp-mux-only'])),
    repair: (sdp, facts) => takesMux(facts) ? sdp : withoutMux(sdp),
  },
  {
    id: 'SIP-10',
    mentions: feedback,
    severity: 'warning',
    leg: 'SIP',
    at: 'out',
    kinds: ['plain', 'sdes', 'osrtp'],
    isRepairedByDefault: true,
    title: 'RTCP feedback under a profile that has none',
    why: 'rtcp-fb needs AVPF; strict phones refuse the SDP.',
    fix: 'conformance: { SIP-10: repair }, which is the default; for a phone with AVPF: ng: { transport-protocol: RTP/AVPF }.',
    reference: 'RFC 4585 §4.2',
    check: ({ session, media }, facts) =>
      found(ofNames([session, ...media.filter((part) => !hasFeedback(part, facts))], feedback)),
    repair: (sdp, facts) => {
      const { session, media } = withoutFeedback(sdp)
      return { session, media: media.map((part, index) => hasFeedback(part, facts) ? sdp.media[index] ?? part : part) }
    },
  },
  {
    id: 'SIP-17',
    mentions: ['rtcp'],
    severity: 'warning',
    leg: 'SIP',
    at: 'out',
    kinds: sipKinds,
    isRepairedByDefault: true,
    title: 'a=rtcp that is no RTCP port',
    why: 'Browsers write port 9 as a placeholder; a phone that believes it sends RTCP into the void.',
    fix: 'conformance: { SIP-17: repair }, which is the default.',
    reference: 'RFC 3605 §2.1',
    check: ({ media }) => found(gather(media, (part) => {
      const rtcp = part.rtcp
      const isStale = rtcp && (rtcp.port === 9 || rtcp.port === 0 || (rtcp.port === part.port && !isMuxed(part)))
      return isStale ? [ofAttribute(rtcp)] : []
    })),
    repair: (sdp) => ({
      session: sdp.session,
      media: sdp.media.map((part) => {
        const isShared = part.lines.includes('a=rtcp-mux')
        return {
          ...part,
          lines: part.lines.filter((line) => {
            const port = /^a=rtcp:(\d+)/.exec(line)?.[1]
            return port === undefined || (port !== '9' && port !== '0' && (isShared || Number(port) !== part.port))
          }),
        }
      }),
    }),
  },
]

const withoutFeedback = withoutAttributes(new Set(feedback))
const withoutMux = withoutAttributes(new Set(['rtcp-mux', 'rtcp-mux-only']))

/** RTP/AVPF or RTP/SAVPF, for a leg that takes it. */
function hasFeedback ({ protocol }: { protocol: string }, { leg }: RuleFacts): boolean {
  return protocol.endsWith('F') && protocols[leg.kind].includes(protocol)
}

/** An answer may have it where its offer did, and rtpengine counts on it then. */
function takesMux ({ leg, role }: RuleFacts): boolean {
  return leg.takesMux === true || role === 'answer'
}

function leak ({ names, ...kind }: Leak, isWanted: (facts: RuleFacts) => boolean = () => false): Rule {
  const drop = withoutAttributes(new Set(names))
  return {
    ...kind,
    mentions: names,
    at: 'out',
    isRepairedByDefault: true,
    check: ({ session, media }, facts) => isWanted(facts)
      ? undefined
      : found(ofNames([session, ...media], names)),
    repair: (sdp, facts) => isWanted(facts) ? sdp : drop(sdp),
  }
}
