import { firstOf, isMuxed, isRtp, type MediaView } from '../view.ts'
import { found, gather, ofAttribute, ofMedia, type Rule, shown, sipKinds, withoutLines } from './rule.ts'

/** Milliseconds that a packet of a codec can hold: each a multiple of the frame. */
const frames = new Map<string, number>([['g729', 10], ['g729a', 10], ['amr', 20], ['amr-wb', 20], ['evs', 20], ['g723', 30], ['ilbc', 10], ['gsm', 20]])
const opusTimes = [2.5, 5, 10, 20, 40, 60, 80, 100, 120]

/** kbit/s that a call takes on the wire at 20 ms, RTP, UDP and IP included (RFC 8866 §5.8). */
const needs = new Map([['pcmu', 80], ['pcma', 80], ['g722', 80], ['g729', 24], ['opus', 40]])

/** Sizes and numbers: packets, bandwidth, payload types. */
export const anyMedia: Rule[] = [
  {
    id: 'ANY-13',
    severity: 'warning',
    leg: 'SIP over UDP',
    at: 'out',
    kinds: sipKinds,
    title: 'too big for one UDP packet',
    why: 'Fragments get lost at firewalls and NATs: the INVITE never arrives, or only sometimes.',
    fix: 'Fewer codecs in the profile\'s codecs list, media: [audio], fewer SDES suites; or SIP over TCP or TLS to this peer.',
    reference: 'RFC 3261 §18.1.1',
    check: ({ size }, { transport, messageBytes }) => {
      if (transport !== 'udp') return undefined
      if (messageBytes !== undefined) return messageBytes > 1300 ? found([{ field: 'SIP message', value: `${messageBytes} bytes` }]) : undefined
      return size > 900 ? found([{ field: 'SDP', value: `${size} bytes` }]) : undefined
    },
  },
  {
    id: 'ANY-14',
    mentions: ['ptime'],
    severity: 'warning',
    leg: 'any',
    at: 'each',
    title: 'a packet time that the codec or a=maxptime does not allow',
    why: 'The peer drops or misplays the packets: choppy audio.',
    fix: 'ptime: 20 in the profile.',
    reference: 'RFC 8866 §6.4',
    check: ({ audio }) => {
      const attribute = audio && firstOf(audio, 'ptime')
      if (!attribute) return undefined
      const ptime = Number(attribute.value)
      const most = Number(firstOf(audio, 'maxptime')?.value ?? Infinity)
      const [codec] = audio.codecs
      const name = codec?.name.toLowerCase() ?? ''
      const frame = frames.get(name)
      const isOdd = name === 'opus' ? !opusTimes.includes(ptime) : frame !== undefined && ptime % frame !== 0
      if (!(ptime > most) && !isOdd) return undefined
      return found([ofAttribute(attribute)], { detail: ptime > most ? `a=maxptime is ${most}` : shown(`not a packet time of ${codec?.name ?? ''}`) })
    },
  },
  {
    id: 'ANY-15',
    severity: 'warning',
    leg: 'any',
    at: 'each',
    title: 'b=AS below what the codec takes',
    why: 'Admission control counts with it and may refuse the call or its quality.',
    fix: 'conformance: { ANY-15: repair } drops the line.',
    reference: 'RFC 8866 §5.8',
    check: ({ audio, session }) => {
      const need = needs.get(audio?.codecs[0]?.name.toLowerCase() ?? '')
      if (!audio || need === undefined) return undefined
      // That of the session is for all of its m-lines.
      return found(gather([session, audio], ({ lines, firstLine }) => {
        const index = lines.findIndex((line) => line.startsWith('b=AS:'))
        const value = lines[index]?.slice('b=AS:'.length) ?? ''
        return index >= 0 && Number(value) < need ? [{ line: firstLine + index, field: 'b=AS', value: shown(value) }] : []
      }), { detail: `about ${need} kbit/s are needed` })
    },
    repair: (sdp) => withoutLines(sdp, (line) => line.startsWith('b=AS:')),
  },
  {
    id: 'SIP-18',
    severity: 'error',
    leg: 'any',
    at: 'each',
    title: 'a payload type that RTP cannot carry',
    why: 'Over 127 there is no room in the RTP header; 64 to 95 look like RTCP where both share a port.',
    fix: 'Mend the endpoint that chose the number.',
    reference: 'RFC 5761 §4',
    check: ({ live }) => found(live.filter((media) =>
      isRtp(media) && media.formats.some((format) => isImpossible(media, format))).map(ofMedia)),
  },
]

function isImpossible (media: MediaView, format: string): boolean {
  const type = Number(format)
  return type > 127 || (type >= 64 && type <= 95 && isMuxed(media))
}
