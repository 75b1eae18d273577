import { NgpilotError } from '../errors.ts'
import { readMediaLine } from './mline.ts'
import type { Sdp } from './sdp.ts'
import type { Endings } from './view.ts'

/** Far more than any endpoint offers; each m-line costs ports at the node and room in the call's record. */
const mostMedia = 100

/**
 * Reads an SDP. A line may end in CRLF or in LF alone, the last one in nothing, and empty lines may follow it.
 *
 * Only what no node could work with is refused: `profile` and codec questions are for the conformance rules.
 *
 * @throws NgpilotError `sdp_invalid` with the number of the line, `too_large` past 100 m-lines
 * @see RFC 8866 §5, §9
 */
export function parseSdp (bytes: Buffer): Sdp {
  const lines = linesOf(bytes.toString('latin1'))
  if (lines.length === 0) throw new NgpilotError('sdp_invalid', 'the SDP is empty')
  if (lines[0] !== 'v=0') throw invalid(1, 'not "v=0"')
  const sdp: Sdp = { session: [], media: [] }
  let part = sdp.session
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? ''
    checkLine(line, index + 1)
    if (line.startsWith('m=')) {
      part = []
      sdp.media.push({ ...readMediaLine(line, `line ${index + 1}`), lines: part })
    }
    part.push(line)
  }
  if (sdp.media.length === 0) throw new NgpilotError('sdp_invalid', 'the SDP has no m-line')
  if (sdp.media.length > mostMedia) throw new NgpilotError('too_large', `the SDP has more than ${mostMedia} m-lines`)
  checkConnections(sdp)
  return sdp
}

/**
 * Reads whatever is meant to be an SDP, for the rules that say what is wrong with it. What cannot be read of an m-line is
 * empty, its port NaN. Nothing is refused.
 */
export function readLoosely (bytes: Buffer): { sdp: Sdp, endings: Endings } {
  const text = bytes.toString('latin1')
  const sdp: Sdp = { session: [], media: [] }
  let part = sdp.session
  for (const line of linesOf(text)) {
    if (line.startsWith('m=')) {
      const [kind = '', port = '', protocol = '', ...formats] = line.slice(2).split(' ').filter((word) => word !== '')
      part = []
      sdp.media.push({ kind, port: /^\d{1,5}(\/\d+)?$/.test(port) ? parseInt(port, 10) : NaN, protocol, formats, lines: part })
      if (sdp.media.length > mostMedia) break
    }
    part.push(line)
  }
  return { sdp, endings: endingsOf(text) }
}

/** How the lines of an SDP end, whatever it is. */
export function endingsOf (text: string): Endings {
  const isEnded = text.endsWith('\n')
  const bareLf = /(?:^|[^\r])\n/.exec(text)
  if (!bareLf) return { isEnded }
  return { isEnded, bareLfLine: text.slice(0, bareLf.index + bareLf[0].length).split('\n').length - 1 }
}

/** The bytes of an SDP, every line with CRLF: rtpengine passes bare LF on and mixes it with CRLF of its own. */
export function sdpBytes ({ session, media }: Sdp): Buffer {
  const lines = [...session, ...media.flatMap((part) => part.lines), '']
  return Buffer.from(lines.join('\r\n'), 'latin1')
}

function linesOf (text: string): string[] {
  const lines = text.split('\n')
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? ''
    if (line.endsWith('\r')) lines[index] = line.slice(0, -1)
  }
  while (lines.at(-1) === '') lines.pop()
  return lines
}

function checkLine (line: string, number: number): void {
  if (line.charAt(1) !== '=') throw invalid(number, 'not of the form "x=value"')
  // A CR of its own is a line ending to some readers and a character to others.
  if (line.includes('\0') || line.includes('\r')) throw invalid(number, 'a NUL byte, or CR without LF')
}

/** RFC 8866 §5.7: c= for the session, or for each m-line; one without media needs none. */
function checkConnections ({ session, media }: Sdp): void {
  if (session.some(isConnection)) return
  let number = session.length + 1
  for (const { port, lines } of media) {
    if (port !== 0 && !lines.some(isConnection)) throw invalid(number, 'no c= for this m-line, nor for the session')
    number += lines.length
  }
}

function isConnection (line: string): boolean {
  return line.startsWith('c=')
}

function invalid (line: number, what: string): NgpilotError {
  return new NgpilotError('sdp_invalid', `line ${line}: ${what}`)
}
