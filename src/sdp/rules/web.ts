import { isInternal } from '../scope.ts'
import { allOf, type Candidate, candidatesOf, effective, firstOf, isMuxed, isRtp, type SdpView } from '../view.ts'
import { found, gather, ofAttribute, ofAttributes, ofMedia, type Rule, shown, withoutCrypto, withoutLines } from './rule.ts'

const web = { leg: 'browser', at: 'out', kinds: ['web'] } as const

/** What a browser refuses, or takes and stays silent with. */
export const webRules: Rule[] = [
  {
    ...web,
    id: 'WEB-01',
    severity: 'error',
    title: 'no fingerprint towards a browser',
    why: 'Chromium refuses it ("SDP without DTLS fingerprint").',
    fix: 'extends: webrtc for the profile of browsers; no DTLS: off and no other transport-protocol in what goes to them.',
    reference: 'RFC 8827 §6.5',
    check: (sdp) => found(sdp.live.filter((media) => isRtp(media) && !effective(sdp, media, 'fingerprint')).map(ofMedia)),
  },
  {
    ...web,
    id: 'WEB-02',
    severity: 'error',
    title: 'no ICE credentials towards a browser, or too short ones',
    why: 'Chromium refuses it ("SDP without ice-ufrag and ice-pwd").',
    fix: 'extends: webrtc (ICE: force); ICE: remove belongs to what goes to phones, also in answers.',
    reference: 'RFC 8839 §5.4',
    check: (sdp) => found(sdp.live.filter((media) => {
      const ufrag = effective(sdp, media, 'ice-ufrag')?.value.length ?? 0
      const password = effective(sdp, media, 'ice-pwd')?.value.length ?? 0
      return isRtp(media) && (ufrag < 4 || password < 22)
    }).map(ofMedia)),
  },
  {
    ...web,
    id: 'WEB-03',
    severity: 'error',
    title: 'no a=rtcp-mux towards a browser',
    why: 'Browsers refuse it ("RTCP-MUX is not enabled when it is required").',
    fix: 'ng: { rtcp-mux: [demux] } in the profile of the phone: it must be in the offer already (the presets have it).',
    reference: 'RFC 8834 §4.5',
    check: ({ live }) => found(live.filter((media) => isRtp(media) && !isMuxed(media)).map(ofMedia)),
  },
  {
    ...web,
    id: 'WEB-04',
    severity: 'error',
    title: 'an m-line protocol that browsers do not take',
    why: 'Browsers speak UDP/TLS/RTP/SAVPF alone; they refuse RTP/AVP and RTP/SAVP.',
    fix: 'extends: webrtc; take transport-protocol out of ng for browsers and out of what goes with answers.',
    reference: 'RFC 8834 §4.2',
    check: (sdp) => {
      const wrong = sdp.live.filter(({ protocol }) => /^RTP\/S?AVPF?$/.test(protocol))
      // Chromium takes this one where there is a fingerprint.
      const isTaken = wrong.every((media) => media.protocol === 'RTP/SAVPF' && effective(sdp, media, 'fingerprint'))
      return found(wrong.map(ofMedia), isTaken ? { severity: 'warning' } : {})
    },
  },
  {
    ...web,
    id: 'WEB-05',
    severity: 'error',
    title: 'no candidate towards a browser and none to come',
    why: 'The browser takes it and stays silent: it has nowhere to send.',
    fix: 'extends: webrtc (ICE: force); look whether something takes a=candidate out.',
    reference: 'RFC 8839 §4.2.1',
    check: (sdp) => found(sdp.live.filter((media) => isRtp(media) && media.port !== 0 && effective(sdp, media, 'ice-ufrag')
      && !media.attributes.has('candidate') && effective(sdp, media, 'ice-options')?.value.includes('trickle') !== true
      && !isBundledAway(sdp, media.index)).map(ofMedia)),
  },
  {
    ...web,
    id: 'WEB-06',
    mentions: ['candidate'],
    severity: 'warning',
    title: 'only candidates that a browser can hardly reach',
    why: 'TCP alone, names ending in .local or internal addresses: no path from most networks.',
    fix: 'Start rtpengine with --interface=NAME/ADDRESS!ADVERTISED; give browsers a TURN server.',
    reference: 'RFC 8445 §5.1.1',
    check: (sdp, { isPublic }) => found(gather(sdp.live, (media) => {
      const all = candidatesOf(media)
      // Internal addresses alone towards a peer outside are ANY-09.
      const isPoor = ({ transport, address }: Candidate) =>
        transport === 'tcp' || address.endsWith('.local') || (isPublic === true && isInternal(address))
      const isElsewhere = isPublic !== false && all.every(({ address }) => isInternal(address))
      if (all.length === 0 || isElsewhere || !all.every(isPoor)) return []
      return ofAttributes(all.map(({ attribute }) => attribute)).slice(0, 2)
    })),
  },
  {
    id: 'WEB-07',
    severity: 'error',
    leg: 'any',
    at: 'each',
    role: 'answer',
    title: 'the m-lines of the answer are not those of the offer',
    why: 'Number, order and kinds must be the same; browsers refuse the answer ("order of m-lines").',
    fix: 'Put m=… 0 for what is not wanted; ngpilot does so for m-lines that it keeps from a leg.',
    reference: 'RFC 3264 §6',
    check: (sdp, { offer }) => {
      if (!offer) return undefined
      const kinds = ({ media }: SdpView) => media.map(({ kind }) => kind).join(', ')
      const [asked, given] = [kinds(offer), kinds(sdp)]
      return asked === given ? undefined : found([{ field: 'm-lines', value: shown(given) }], { detail: shown(`the offer has ${asked}`) })
    },
  },
  {
    ...web,
    id: 'WEB-08',
    severity: 'error',
    role: 'answer',
    title: 'a=mid is not that of the offer',
    why: 'Browsers find their m-lines by it and refuse the answer.',
    fix: 'Keep a=mid in what goes to browsers; rtpengine remembers it from the offer.',
    reference: 'RFC 9429 §5.3.1',
    check: (sdp, { offer }) => {
      if (!offer) return undefined
      const wrong = sdp.live.filter((media) => {
        const [asked, given] = [offer.media[media.index], firstOf(media, 'mid')]
        return asked && firstOf(asked, 'mid') && firstOf(asked, 'mid')?.value !== given?.value
      })
      const isMissing = wrong.every((media) => !media.attributes.has('mid'))
      // Chromium takes an answer without mid, as long as it has one m-line.
      return found(wrong.map(ofMedia), isMissing && sdp.media.length === 1 ? { severity: 'warning', detail: 'a=mid is missing' } : {})
    },
  },
  {
    ...web,
    id: 'WEB-09',
    mentions: ['group'],
    severity: 'error',
    title: 'BUNDLE names an m-line that is not there',
    why: 'Browsers refuse it ("BUNDLE group contains a MID matching no m= section").',
    fix: 'Look at what took the m-line out after a=group was written.',
    reference: 'RFC 9143 §7',
    check: ({ session, media, live }) => found(allOf(session, 'group').filter((group) => {
      const [semantics, ...mids] = group.value.split(' ')
      const known = new Set((mids.length > 0 ? live : media).map((part) => firstOf(part, 'mid')?.value))
      return semantics === 'BUNDLE' && mids.some((mid) => mid !== '' && !known.has(mid))
    }).map(ofAttribute)),
  },
  {
    id: 'WEB-10',
    severity: 'error',
    leg: 'any',
    at: 'each',
    role: 'answer',
    title: 'the answer has only codecs that were not offered',
    why: 'Browsers take it and stay silent; phones may hang up.',
    fix: 'Look at codec flags that go with answers; the profile\'s codecs list belongs to the offer.',
    reference: 'RFC 3264 §6.1',
    check: ({ live }, { offer }) => !offer ? undefined : found(live.filter((media) => {
      const asked = offer.media[media.index]
      if (!asked?.isLive || !isRtp(media) || media.codecs.length === 0) return false
      const offered = new Set(asked.codecs.map(codecName))
      return !media.codecs.some((codec) => !isEvent(codec) && offered.has(codecName(codec)))
    }).map(ofMedia)),
  },
  {
    ...web,
    id: 'WEB-11',
    mentions: ['crypto'],
    severity: 'warning',
    title: 'SRTP keys in the SDP towards a browser',
    why: 'WebRTC forbids them; browsers ignore them today, and the SDP is a kilobyte longer.',
    fix: 'ng: { SDES: [off] } (the preset webrtc has it); or conformance: { WEB-11: repair }.',
    reference: 'RFC 8827 §6.5',
    check: ({ live }) => found(gather(live, (media) => ofAttributes(allOf(media, 'crypto')))),
    repair: withoutCrypto,
  },
  {
    ...web,
    id: 'WEB-12',
    mentions: ['setup'],
    severity: 'warning',
    role: 'offer',
    title: 'an offer whose a=setup is not actpass',
    why: 'The answerer must be free to choose; a browser that wants the other role cannot answer.',
    fix: 'Take a fixed DTLS role out of ng for offers to browsers.',
    reference: 'RFC 8842 §5.2',
    check: (sdp) => found(gather(sdp.live, (media) => {
      const setup = effective(sdp, media, 'setup')
      return setup && setup.value !== 'actpass' ? [ofAttribute(setup)] : []
    })),
  },
  {
    ...web,
    id: 'WEB-13',
    severity: 'warning',
    title: 'opus that is not opus/48000/2',
    why: 'It is always written so, mono or not; browsers do not know another one.',
    fix: 'Write opus/48000/2 in ng.codec; mono is stereo=0 in a=fmtp.',
    reference: 'RFC 7587 §7',
    check: ({ live }) => found(gather(live, (media) => media.codecs
      .filter(({ name, clockRate, channels }) => name.toLowerCase() === 'opus' && (clockRate !== 48_000 || channels !== '2'))
      .map(({ format, name, clockRate, channels }) => ({ line: media.firstLine, field: 'a=rtpmap', value: shown(`${format} ${name}/${clockRate}${channels === undefined ? '' : `/${channels}`}`) })))),
  },
  {
    ...web,
    id: 'WEB-14',
    severity: 'warning',
    role: 'answer',
    title: 'a bundle-only m-line came back rejected',
    why: 'rtpengine up to 13.5 takes port 0 for a rejection, so that video that both sides want is dead.',
    fix: 'bundlePolicy: "balanced" in the client, or rtpengine from 26.0.',
    reference: 'RFC 9143 §6',
    check: (sdp, { offer, across }) => !offer ? undefined : found(sdp.media.filter((media) => {
      const asked = offer.media[media.index]
      return asked?.port === 0 && asked.isLive && !media.isLive
    }).map(ofMedia), across?.live.some(({ kind }) => kind === 'video') ? { severity: 'error' } : {}),
  },
  {
    ...web,
    id: 'WEB-15',
    mentions: ['rtcp'],
    severity: 'warning',
    title: 'a=rtcp at another port beside a=rtcp-mux',
    why: 'With mux RTCP comes at the RTP port; the line is stale and misleads who reads it.',
    fix: 'ng: { flags: [no-rtcp-attribute] }, or conformance: { WEB-15: repair }.',
    reference: 'RFC 8834 §4.5',
    check: ({ live }) => found(gather(live, (media) => {
      const rtcp = media.rtcp
      // 9 stands for none, as browsers write it (RFC 9429 §5.2.1).
      return rtcp && rtcp.port !== 9 && isMuxed(media) && rtcp.port !== media.port ? [ofAttribute(rtcp)] : []
    })),
    repair: (sdp) => withoutLines(sdp, (line) => line.startsWith('a=rtcp:')),
  },
]

/** Whether an m-line goes by the transport of another one (RFC 9143 §7.1.3), so that it needs no candidates. */
function isBundledAway ({ session, media }: SdpView, index: number): boolean {
  const part = media[index]
  const mid = part && firstOf(part, 'mid')?.value
  return allOf(session, 'group').some(({ value }) => {
    const [semantics, first, ...others] = value.split(' ')
    return semantics === 'BUNDLE' && mid !== undefined && first !== mid && others.includes(mid)
  })
}

function codecName ({ name, clockRate }: { name: string, clockRate: number }): string {
  return `${name.toLowerCase()}/${clockRate}`
}

function isEvent ({ name }: { name: string }): boolean {
  return name.toLowerCase() === 'telephone-event' || name.toLowerCase() === 'cn'
}
