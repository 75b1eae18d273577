import { allOf, firstOf, isMuxed, isRtp, type MediaView } from '../view.ts'
import { found, gather, ofAttributes, ofMedia, protocols, type Rule, shown, sipKinds, withoutCrypto } from './rule.ts'

/** Beside speech: what no codec list needs to name. */
const extras = new Set(['telephone-event', 'cn'])
const repairCodecs = new Set(['red', 'rtx', 'ulpfec', 'flexfec-03'])

/** What a SIP phone is offered to speak, and how. */
export const sipMedia: Rule[] = [
  {
    id: 'SIP-04',
    severity: 'error',
    leg: 'SIP',
    at: 'out',
    kinds: sipKinds,
    title: 'an m-line protocol that the leg does not take',
    why: 'The phone answers 488, most often because UDP/TLS/RTP/SAVPF or RTP/SAVP stayed where it speaks plain RTP, or the other way round.',
    fix: 'extends: sip (RTP/AVP), sip-sdes (RTP/SAVP) or ng: { transport-protocol: … }; ICE: remove and DTLS: off do not change it.',
    reference: 'RFC 3264 §6',
    check: ({ live }, { leg, offer }) => found(live.filter((media) => {
      const takes = ({ protocol }: MediaView) => protocols[leg.kind].includes(protocol)
      if (!isRtp(media) || takes(media) || offer?.media[media.index]?.protocol === media.protocol) return false
      // The same twice, with SRTP and without: old phones offer so and take one of the two.
      return !live.some((other) => other.kind === media.kind && takes(other))
    }).map(ofMedia)),
  },
  {
    id: 'SIP-05',
    severity: 'warning',
    leg: 'plain SIP',
    at: 'out',
    kinds: ['plain'],
    title: 'RTP/AVPF towards a phone',
    why: 'Most phones take RTP/AVP alone and answer 488.',
    fix: 'ng: { transport-protocol: RTP/AVP } (the preset sip has it).',
    reference: 'RFC 4585 §4',
    check: ({ live }, { offer }) => found(live.filter(({ protocol, index }) =>
      protocol === 'RTP/AVPF' && offer?.media[index]?.protocol !== protocol).map(ofMedia)),
  },
  {
    id: 'SIP-11',
    severity: 'error',
    leg: 'SIP',
    at: 'out',
    kinds: sipKinds,
    title: 'a data channel towards a phone',
    why: 'Phones answer 488 to m=application.',
    fix: 'Leave application out of the profile\'s media list (the presets do).',
    reference: 'RFC 8841 §4',
    check: ({ live }) => found(live.filter(({ kind, protocol }) => kind === 'application' && protocol.includes('SCTP')).map(ofMedia)),
  },
  {
    id: 'SIP-12',
    severity: 'warning',
    leg: 'SIP',
    at: 'out',
    kinds: sipKinds,
    title: 'an m-line of a kind that the profile does not take',
    why: 'Audio phones answer 488 to video, or the INVITE grows past a UDP packet.',
    fix: 'Leave the kind out of the profile\'s media list; ngpilot then keeps the m-line on its own side.',
    reference: 'RFC 3264 §6',
    check: ({ live }, { leg }) => found(live.filter(({ kind, protocol }) =>
      leg.media?.includes(kind) === false && !(kind === 'application' && protocol.includes('SCTP'))).map(ofMedia)),
  },
  {
    id: 'SIP-13',
    severity: 'error',
    leg: 'SIP',
    at: 'out',
    kinds: sipKinds,
    title: 'no codec that the leg has',
    why: 'Nothing is left to agree on: 488, or an answer that nobody can play.',
    fix: 'codecs: […] in both profiles, so that ngpilot asks for transcoding; ngpilot policy presets shows what each has.',
    reference: 'RFC 3264 §6.1',
    check: ({ audio }, { leg }) => {
      if (!audio || !leg.codecs) return undefined
      const known = namesOf(leg.codecs)
      const speech = audio.codecs.filter(({ name }) => !extras.has(name.toLowerCase()))
      return speech.length === 0 || speech.some(({ name }) => known.has(name.toLowerCase()))
        ? undefined
        : found([ofMedia(audio)], { detail: shown(`offered ${speech.map(({ name }) => name).join(', ')}; the leg has ${leg.codecs.join(', ')}`) })
    },
  },
  {
    id: 'SIP-14',
    severity: 'warning',
    leg: 'SIP',
    at: 'out',
    kinds: sipKinds,
    title: 'codecs that the leg does not have',
    why: 'The SDP grows, and some phones pick what they cannot speak.',
    fix: 'codecs: […] in the profile: what it does not name is stripped.',
    reference: 'RFC 3264 §5.1',
    check: ({ live }, { leg }) => found(gather(live.filter(({ kind }) => kind === 'audio'), (media) => {
      const known = leg.codecs && namesOf(leg.codecs)
      const has = (name: string) => known?.has(name) ?? !repairCodecs.has(name)
      const foreign: string[] = []
      let hasOne = false
      for (const codec of media.codecs) {
        const name = codec.name.toLowerCase()
        if (extras.has(name)) continue
        if (has(name)) hasOne = true
        else foreign.push(name)
      }
      // All of them foreign is SIP-13.
      if (foreign.length === 0 || !hasOne) return []
      return [{ line: media.firstLine, field: `m=${media.kind}`, value: shown(foreign.join(', ')) }]
    })),
  },
  {
    id: 'SIP-15',
    mentions: ['rtpmap'],
    severity: 'error',
    leg: 'SIP',
    at: 'out',
    kinds: sipKinds,
    title: 'telephone-event only at another clock rate than the codec',
    why: 'DTMF is lost: the phone cannot send events at a rate that its codec does not have.',
    fix: 'telephone-event in the codecs of both profiles; rtpengine pairs the rates itself when it transcodes.',
    reference: 'RFC 4733 §2.1',
    check: ({ audio }) => {
      const events = audio?.codecs.filter(({ name }) => name.toLowerCase() === 'telephone-event') ?? []
      const codec = firstSpeech(audio)
      if (!audio || !codec || events.length === 0) return undefined
      const goesWith = (rate: number) => events.some(({ clockRate }) => clockRate === rate)
      if (goesWith(codec.clockRate)) return undefined
      const isForAnother = audio.codecs.some((other) => isSpeech(other) && goesWith(other.clockRate))
      const rates = events.map(({ clockRate }) => clockRate).join(', ')
      return found(ofAttributes(allOf(audio, 'rtpmap').filter(({ value }) => value.includes('telephone-event'))),
        {
          detail: shown(`${codec.name} has ${codec.clockRate} Hz, telephone-event ${rates} Hz`),
          ...isForAnother && { severity: 'warning' },
        })
    },
  },
  {
    id: 'SIP-16',
    severity: 'warning',
    leg: 'SIP',
    at: 'out',
    kinds: sipKinds,
    title: 'an odd RTP port without a=rtcp',
    why: 'Some phones send RTCP to the next even port below, into another stream.',
    fix: 'Give rtpengine a port range that begins with an even number (--port-min).',
    reference: 'RFC 3550 §11',
    check: ({ live }) => found(live.filter((media) =>
      isRtp(media) && media.port > 9 && media.port % 2 === 1 && !media.rtcp && !isMuxed(media)).map(ofMedia)),
  },
  {
    id: 'SIP-19',
    mentions: ['crypto'],
    severity: 'warning',
    leg: 'plain SIP',
    at: 'out',
    kinds: ['plain'],
    role: 'offer',
    title: 'SRTP keys towards a phone with neither SDES nor OSRTP',
    why: 'Some phones answer 488, some speak SRTP that nobody expects.',
    fix: 'extends: sip-sdes where the phone has SRTP; else take OSRTP out of ng, or conformance: { SIP-19: repair }.',
    reference: 'RFC 4568 §6, RFC 8643 §3',
    check: ({ session, live }) => found(gather([session, ...live], (section) => ofAttributes(allOf(section, 'crypto')))),
    repair: withoutCrypto,
  },
]

function namesOf (codecs: readonly string[]): ReadonlySet<string> {
  let names = namesOfProfile.get(codecs)
  if (!names) namesOfProfile.set(codecs, names = new Set(codecs.map((name) => name.toLowerCase())))
  return names
}

/** Each profile has a list that stays. */
const namesOfProfile = new WeakMap<readonly string[], ReadonlySet<string>>()

/** The speech codec that an m-line puts first. */
export function firstSpeech (media: MediaView | undefined) {
  return media?.codecs.find(isSpeech)
}

function isSpeech ({ name }: { name: string }): boolean {
  return !extras.has(name.toLowerCase()) && !repairCodecs.has(name.toLowerCase())
}

/** Milliseconds of audio per packet, as written or by default (RFC 3551 §4.2). */
export function ptimeOf (media: MediaView): number {
  const ptime = Number(firstOf(media, 'ptime')?.value)
  if (ptime > 0) return ptime
  const most = Number(firstOf(media, 'maxptime')?.value)
  return most > 0 && most < 20 ? most : 20
}
