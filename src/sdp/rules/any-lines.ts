import type { Evidence } from '../../finding.ts'
import { directions, allOf, type Attribute, isRtp, type Section } from '../view.ts'
import { found, gather, ofAttribute, ofAttributes, ofMedia, type Rule, shown } from './rule.ts'

/** How an SDP is written: its lines, formats and what names them. */
export const anyLines: Rule[] = [
  {
    id: 'ANY-01',
    severity: 'error',
    leg: 'any',
    at: 'each',
    title: 'lines end in LF without CR',
    why: 'Strict readers refuse the SDP; rtpengine passes such lines on and mixes them with its own, which end in CRLF.',
    fix: 'Nothing to set: ngpilot ends every line in CRLF. Mend the endpoint or the script that writes the body.',
    reference: 'RFC 8866 §5',
    check: ({ endings }) => endings?.bareLfLine === undefined
      ? undefined
      : found([{ line: endings.bareLfLine, field: 'line ending', value: 'LF' }]),
  },
  {
    id: 'ANY-02',
    severity: 'error',
    leg: 'any',
    at: 'each',
    title: 'the last line does not end',
    why: 'Chromium refuses it ("Invalid SDP line"); often the body was cut short.',
    fix: 'Nothing to set: ngpilot ends the last line. Look at Content-Length and at what wrote the body.',
    reference: 'RFC 8866 §9',
    check: ({ endings, session, media }) => {
      const last = media.at(-1) ?? session
      return endings?.isEnded === false ? found([{ line: last.firstLine + last.lines.length - 1, field: 'line ending', value: 'none' }]) : undefined
    },
  },
  {
    id: 'ANY-03',
    severity: 'error',
    leg: 'any',
    at: 'each',
    title: 'v=, o=, s= or t= is missing or out of order',
    why: 'Browsers refuse the SDP ("Expect line: s="), and so do strict phones.',
    fix: 'Mend what writes the SDP: v=, o=, s=, then c= and b=, then t=, then a=, then m=.',
    reference: 'RFC 8866 §9',
    check: ({ session }) => {
      const first = (type: string) => session.lines.findIndex((line) => line.startsWith(`${type}=`))
      const [v, o, s, t, a] = ['v', 'o', 's', 't', 'a'].map(first) as [number, number, number, number, number]
      const isSound = v === 0 && o === 1 && s === 2 && t > 2 && (a < 0 || t < a)
      const missing = [v, o, s, t].map((at, index) => at < 0 ? `${'vost'.charAt(index)}=` : '').filter((word) => word !== '')
      if (isSound) return undefined
      return found([{ line: 1, field: 'session lines', value: missing.length > 0 ? `without ${missing.join(', ')}` : 'out of order' }])
    },
  },
  {
    id: 'ANY-04',
    severity: 'error',
    leg: 'any',
    at: 'each',
    title: 'an m-line without a c= of its own or of the session',
    why: 'Nobody knows where to send media; rtpengine refuses the SDP.',
    fix: 'Mend the endpoint that wrote it; ngpilot answers it with 488.',
    reference: 'RFC 8866 §5.7',
    check: ({ live }) => found(live.filter(({ connection, port }) => !connection && port !== 0).map(ofMedia)),
  },
  {
    id: 'ANY-05',
    severity: 'error',
    leg: 'any',
    at: 'each',
    title: 'an m-line with no format',
    why: 'Browsers cannot parse it, and no codec is left to speak.',
    fix: 'Take codec.strip and codec-strip flags out of what is sent with an answer; strip in the offer.',
    reference: 'RFC 8866 §5.14',
    check: ({ media }) => found(media.filter(({ formats }) => formats.length === 0).map(ofMedia)),
  },
  {
    id: 'ANY-06',
    severity: 'error',
    leg: 'any',
    at: 'each',
    title: 'a dynamic payload type that no a=rtpmap names',
    why: 'Nobody can know what codec it is; it is dropped, or the whole SDP is refused.',
    fix: 'Mend the endpoint; or leave the format out with the profile\'s codecs list.',
    reference: 'RFC 3551 §6',
    check: ({ live }) => found(gather(live.filter((media) => isRtp(media) && media.port !== 0), (media) => {
      const named = new Set(allOf(media, 'rtpmap').map(formatOf))
      const isUnknown = (format: string) => !named.has(format) && /^\d+$/.test(format) && Number(format) >= 35
      const unknown = media.formats.filter(isUnknown)
      return unknown.length === 0 ? [] : [{ line: media.firstLine, field: `m=${shown(media.kind)}`, value: shown(`payload type ${unknown.join(', ')}`) }]
    })),
  },
  {
    id: 'ANY-07',
    severity: 'warning',
    leg: 'any',
    at: 'each',
    title: 'a=rtpmap or a=fmtp for a payload type that the m-line lacks, or one twice',
    why: 'Readers differ in what they make of it.',
    fix: 'conformance: { ANY-07: repair } drops such lines.',
    reference: 'RFC 8866 §6.6',
    check: ({ live }) => found(gather(live.filter(isRtp), (media) => {
      const formats = new Set(media.formats)
      const isLoose = (attribute: Attribute) => !formats.has(formatOf(attribute))
      const loose = [...allOf(media, 'rtpmap').filter(isLoose), ...allOf(media, 'fmtp').filter(isLoose)]
      const isTwice = formats.size < media.formats.length
      return [...ofAttributes(loose), ...isTwice ? [ofMedia(media)] : []]
    })),
    repair: ({ session, media }) => ({
      session,
      media: media.map((part) => ({
        ...part,
        lines: part.lines.filter((line) => {
          const [, format] = /^a=(?:rtpmap|fmtp):(\S+)/.exec(line) ?? []
          return format === undefined || part.formats.includes(format) || !part.protocol.includes('RTP/')
        }),
      })),
    }),
  },
  {
    id: 'ANY-17',
    severity: 'warning',
    leg: 'any',
    at: 'each',
    title: 'more than one direction in one place',
    why: 'What sendrecv beside sendonly means is nowhere said; the sides may take different ones, and audio goes one way.',
    fix: 'Mend what writes the SDP; no flag of rtpengine does.',
    reference: 'RFC 8866 §6.7',
    check: ({ session, media }) => found(gather([session, ...media], directionsIn)),
  },
]

/** Where there is more than one. */
function directionsIn (section: Section): Evidence[] {
  let all: readonly Attribute[] = []
  for (const direction of directions) {
    const some = section.attributes.get(direction)
    if (some) all = all.length === 0 ? some : [...all, ...some]
  }
  return all.length > 1 ? all.map(ofAttribute) : []
}

/** Of `97 AMR/8000` or `97 mode-set=7`. */
function formatOf ({ value }: { value: string }): string {
  const space = value.indexOf(' ')
  return space < 0 ? value : value.slice(0, space)
}
