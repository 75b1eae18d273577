import { type Direction, effective, firstOf, isMuxed, isRtp, type MediaView } from '../view.ts'
import { found, gather, ofAttribute, ofMedia, type Rule, shown } from './rule.ts'
import { firstSpeech, ptimeOf } from './sip-media.ts'

/** What an answer may say to each direction of an offer (RFC 3264 §6.1). */
const legal: Record<Direction, readonly Direction[]> = {
  sendrecv: ['sendrecv', 'sendonly', 'recvonly', 'inactive'],
  sendonly: ['recvonly', 'inactive'],
  recvonly: ['sendonly', 'inactive'],
  inactive: ['inactive'],
}

/** An answer against its offer, and one leg against the other. */
export const offerAnswer: Rule[] = [
  {
    id: 'OA-01',
    severity: 'error',
    leg: 'any',
    at: 'each',
    role: 'answer',
    title: 'the direction of the answer does not fit that of the offer',
    why: 'One side sends what the other does not take, or both wait: one-way audio or none.',
    fix: 'Mend the answerer; take direction flags (original-sendrecv) out of ng.',
    reference: 'RFC 3264 §6.1',
    check: ({ live }, { offer }) => !offer ? undefined : found(gather(live, (media) => {
      const asked = offer.media[media.index]
      if (!asked?.isLive || legal[asked.direction].includes(media.direction)) return []
      return [{ line: media.firstLine, field: 'direction', value: `${asked.direction} → ${media.direction}` }]
    })),
  },
  {
    id: 'OA-02',
    severity: 'error',
    leg: 'any',
    at: 'each',
    role: 'answer',
    title: 'the answer accepts an m-line that the offer had rejected',
    why: 'Port 0 in an offer means that there is no stream; peers refuse the answer.',
    fix: 'Mend the answerer.',
    reference: 'RFC 3264 §6',
    check: ({ live }, { offer }) => !offer ? undefined : found(live.filter(({ index, port }) => {
      const asked = offer.media[index]
      return asked !== undefined && !asked.isLive && port !== 0
    }).map(ofMedia)),
  },
  {
    id: 'OA-03',
    severity: 'error',
    leg: 'any',
    at: 'each',
    role: 'answer',
    title: 'the m-line protocol of the answer is not that of the offer',
    why: 'The sides disagree on encryption or feedback; most peers drop the stream.',
    fix: 'Take transport-protocol out of what goes with answers: rtpengine answers in the protocol of the offer.',
    reference: 'RFC 3264 §6',
    check: ({ live }, { offer }) => {
      if (!offer) return undefined
      const wrong = live.filter(({ index, protocol }) => {
        const asked = offer.media[index]
        return asked?.isLive === true && asked.protocol !== protocol
      })
      const base = (protocol: string) => protocol.replace(/F$/, '').replace(/^UDP\/TLS\//, '')
      const isClose = wrong.every(({ index, protocol }) => base(offer.media[index]?.protocol ?? '') === base(protocol))
      return found(wrong.map(ofMedia), isClose ? { severity: 'warning' } : {})
    },
  },
  {
    id: 'OA-04',
    severity: 'warning',
    leg: 'any',
    at: 'each',
    role: 'answer',
    title: 'the answer numbers a codec anew',
    why: 'Some peers send by the number that they offered: DTMF or the whole stream is lost without a word.',
    fix: 'Mend the answerer, or ng: { flags: [asymmetric-codecs] }.',
    reference: 'RFC 3264 §6.1',
    check: ({ live }, { offer }) => !offer ? undefined : found(gather(live.filter(isRtp), (media) => {
      const offered = offer.media[media.index]?.codecs ?? []
      return media.codecs.flatMap(({ format, name, clockRate }) => {
        const same = offered.filter((codec) =>
          codec.name.toLowerCase() === name.toLowerCase() && codec.clockRate === clockRate)
        const isAnew = same.length > 0 && !same.some((codec) => codec.format === format)
        return isAnew ? [{ line: media.firstLine, field: `m=${shown(media.kind)}`, value: shown(`${name}/${clockRate}: ${same[0]?.format ?? ''} → ${format}`) }] : []
      })
    })),
  },
  {
    id: 'OA-05',
    severity: 'error',
    leg: 'both legs',
    at: 'out',
    role: 'answer',
    title: 'the legs speak different codecs and nothing transcodes',
    why: 'Each side gets packets that it cannot play: silence or noise.',
    fix: 'codecs: […] in both profiles, so that ngpilot asks for transcoding.',
    reference: 'RFC 3264 §6.1',
    check: ({ audio }, { across, isTranscoding }) => {
      const [here, there] = [firstSpeech(audio), firstSpeech(across?.audio)]
      if (isTranscoding !== false || !audio || !here || !there) return undefined
      if (here.name.toLowerCase() === there.name.toLowerCase()) return undefined
      return found([ofMedia(audio)], { detail: shown(`${there.name} on the other leg, ${here.name} on this one`) })
    },
  },
  {
    id: 'OA-06',
    severity: 'warning',
    leg: 'both legs',
    at: 'out',
    role: 'answer',
    title: 'the legs have different packet times',
    why: 'Gear with a fixed packet time plays it choppily; rtpengine changes it only when asked to.',
    fix: 'ptime: 20 in both profiles.',
    reference: 'RFC 8866 §6.4',
    check: ({ audio }, { across, offer, isTranscoding }) => {
      // Without a relay between them the answer comes as the other end wrote it.
      const there = across?.audio ?? (isTranscoding === false ? audio : undefined)
      if (!audio || !there || isTranscoding === true) return undefined
      // Different codecs are transcoded, and packets made anew.
      const isSameCodec = firstSpeech(audio)?.name.toLowerCase() === firstSpeech(there)?.name.toLowerCase()
      if (isTranscoding === undefined && !isSameCodec) return undefined
      // What this end wants it wrote into its offer; the relay passes on what the other one wants, unless it packs anew.
      const here = offer?.audio ?? audio
      const [own, others] = [ptimeOf(here), ptimeOf(there)]
      const attribute = firstOf(audio, 'ptime')
      const isPackedAnew = offer !== undefined && attribute !== undefined && ptimeOf(audio) !== others
      if (own === others || isPackedAnew) return undefined
      return found([attribute ? ofAttribute(attribute) : ofMedia(audio)], { detail: `${others} ms on the other leg, ${own} ms on this one` })
    },
  },
  {
    id: 'OA-07',
    severity: 'warning',
    leg: 'both legs',
    at: 'out',
    role: 'answer',
    title: 'telephone-event differs between the legs',
    why: 'Without transcoding nothing translates the events: DTMF is lost.',
    fix: 'telephone-event in the codecs of both profiles.',
    reference: 'RFC 4733 §2.1',
    check: ({ audio }, { across, isTranscoding, leg }) => {
      if (!audio || !across?.audio || isTranscoding === true) return undefined
      const [here, there] = [eventRates(audio), eventRates(across.audio)]
      // opus to a browser without events at 48000 is OA-11.
      if (leg.kind === 'web' && firstSpeech(audio)?.clockRate === 48_000) return undefined
      if (there.length === 0 || here.some((rate) => there.includes(rate))) return undefined
      return found([ofMedia(audio)], { detail: `${there.join(', ')} Hz on the other leg, ${here.length > 0 ? `${here.join(', ')} Hz` : 'none'} on this one` })
    },
  },
  {
    id: 'OA-08',
    severity: 'error',
    leg: 'any',
    at: 'each',
    role: 'answer',
    title: 'rtcp-mux or ICE in an answer to an offer without',
    why: 'An answer may only take up what was offered; peers refuse it, or RTCP and STUN are lost.',
    fix: 'Take rtcp-mux and ICE: force out of ng for this profile.',
    reference: 'RFC 5761 §5.1.1, RFC 8839 §4.2.2',
    check: (sdp, { offer }) => !offer ? undefined : found(gather(sdp.live.filter(isRtp), (media) => {
      const asked = offer.media[media.index]
      if (!asked) return []
      const mux = isMuxed(media) && !isMuxed(asked) ? [...media.attributes.get('rtcp-mux') ?? []] : []
      const ufrag = effective(sdp, media, 'ice-ufrag')
      return [...mux, ...ufrag && !effective(offer, asked, 'ice-ufrag') ? [ufrag] : []].map(ofAttribute)
    })),
  },
  {
    id: 'OA-09',
    severity: 'warning',
    leg: 'browser',
    at: 'out',
    kinds: ['web'],
    role: 'answer',
    title: 'forks answer a browser with different ICE or DTLS',
    why: 'A browser takes the first answer alone, so that the fork which picks up later is silent.',
    fix: 'One call-id and one from-tag for all forks, so that rtpengine keeps the browser\'s side as it is.',
    reference: 'RFC 3264 §8, RFC 9429 §5.11',
    check: (sdp, { otherAnswer }) => !otherAnswer ? undefined : found(gather(sdp.live, (media) => {
      const other = otherAnswer.media[media.index]
      if (!other?.isLive) return []
      return ['ice-ufrag', 'fingerprint'].flatMap((name) => {
        const [now, before] = [effective(sdp, media, name), effective(otherAnswer, other, name)]
        return now && before && now.value !== before.value ? [ofAttribute(now)] : []
      })
    })),
  },
  {
    id: 'OA-10',
    severity: 'note',
    leg: 'any',
    at: 'in',
    role: 'answer',
    title: 'the answer leaves more than one codec open',
    why: 'The endpoint may change codecs in mid-call, which costs transcoding or, without it, audio.',
    fix: 'ng: { flags: [single-codec] }.',
    reference: 'RFC 3264 §6.1',
    check: ({ audio }) => {
      const speech = new Set(audio?.codecs.map(({ name }) => name.toLowerCase()).filter((name) => name !== 'telephone-event' && name !== 'cn'))
      return audio && speech.size > 1 ? found([ofMedia(audio)]) : undefined
    },
  },
  {
    id: 'OA-11',
    severity: 'error',
    leg: 'browser',
    at: 'out',
    kinds: ['web'],
    role: 'answer',
    title: 'opus for the browser without telephone-event at 48000',
    why: 'rtpengine drops DTMF from a leg whose telephone-event has another rate than its codec (Firefox offers 8000 alone): keys are lost.',
    fix: 'PCMU before opus in the browser profile\'s codecs, so that ngpilot picks a codec whose DTMF survives.',
    reference: 'RFC 4733 §2.1',
    check: ({ audio }, { across }) => {
      if (!audio || !across?.audio) return undefined
      const isLost = firstSpeech(audio)?.name.toLowerCase() === 'opus' && !eventRates(audio).includes(48_000)
      const isWanted = firstSpeech(across.audio)?.name.toLowerCase() !== 'opus' && eventRates(across.audio).includes(8000)
      return isLost && isWanted ? found([ofMedia(audio)]) : undefined
    },
  },
]

function eventRates ({ codecs }: MediaView): number[] {
  return codecs.filter(({ name }) => name.toLowerCase() === 'telephone-event').map(({ clockRate }) => clockRate)
}
