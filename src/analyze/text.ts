import type { Complain, End, Packet } from './packet.ts'

/** What a line of a log says about the message after it. */
type Meta = Omit<Packet, 'bytes' | 'isExact'>

const startLine = /(?:^|[\s>\]:"'])((?:[A-Z]{3,10} (?:sips?|tel):\S+ SIP\/2\.0|SIP\/2\.0 [1-6]\d\d(?: [^"]*)?)\.?)$/
/** As ngrep shows a frame of a WebSocket (RFC 6455 §5.2): two bytes, or four, of which some can be read, and the message. */
const framedStart = /^\.(?:~..|.)((?:(?:INVITE|ACK|BYE|CANCEL|PRACK|UPDATE|INFO|REFER|NOTIFY|OPTIONS|MESSAGE|SUBSCRIBE) sips?:\S+ SIP\/2\.0|SIP\/2\.0 [1-6]\d\d .*)\.)$/
const arrow = /(\[?[0-9A-Za-z.:_-]+\]?):(\d{1,5})\s*(?:\([^)]*\)\s*)?-{1,3}>\s*(\[?[0-9A-Za-z.:_-]+\]?):(\d{1,5})/
const peer = /\b(recv|received|read|send|sent|transmitt\w+|sending)\b.*?\b(from|to)\s+(?:(udp|tcp|tls|wss?)[:/])?(\[?[0-9A-Fa-f.:]+\]?):(\d{1,5})/i
const dateTime = /(\d{4})[-/](\d\d)[-/](\d\d)[T\s](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?/
const timeOnly = /(?:^|[\s[])(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?/
const epoch = /(?:^|[\s[])(1\d{9})\.(\d{1,9})\b/
/** A message is cut there. */
const mostLines = 2000
const mostCharacters = 65_536
/**
 * Longer lines are no start line, and of what stands before a message no more is looked at: the expressions here take time
 * in proportion to the square of it.
 */
const longestStart = 4096
const longestMeta = 512

/**
 * The SIP messages in a log, whatever wrote it: sngrep, ngrep, Homer, Kamailio's xlog and siptrace, Asterisk, FreeSWITCH. A
 * message begins with a start line and goes to the next one; times, addresses and transport are taken from the lines before
 * it. One line may hold a whole message whose line ends are written out (\\r\\n, or #015#012 as syslog does).
 */
export async function* sipOfText (lines: AsyncIterable<string>, complain: Complain): AsyncGenerator<Packet> {
  let meta: Meta = {}
  let hasFrames = false
  let message: string[] | undefined
  let characters = 0
  const finish = (): Packet[] => {
    const packet = message && packetOf(message, meta)
    message = undefined
    if (packet) meta = {}
    return packet ? [packet] : []
  }
  for await (const line of lines) {
    const whole = unescaped(line)
    const [first = ''] = whole
    const isShort = first.length <= longestStart
    const framed = isShort && meta.transport === 'tcp' && message === undefined ? framedStart.exec(first)?.[1] : undefined
    if (framed !== undefined) {
      hasFrames = true
      meta.transport = 'ws'
      message = [framed]
      characters = 0
      continue
    }
    const start = isShort ? startLine.exec(first)?.[1] : undefined
    // Within a message a start line stands alone, or behind what a log says of the next message.
    if (start !== undefined && (message === undefined || first.startsWith(start) || whole.length > 1 || isMeta(first))) {
      yield* finish()
      meta = { ...meta, ...metaOf(first.slice(0, first.length - start.length)) }
      message = [start, ...whole.slice(1, mostLines)]
      characters = 0
      if (whole.length > 1) yield* finish()
    } else if (message === undefined || isMeta(line)) {
      yield* finish()
      meta = { ...meta, ...metaOf(line) }
    } else if (message.length < mostLines && (characters += line.length) <= mostCharacters) {
      message.push(line)
    }
  }
  yield* finish()
  if (hasFrames) complain('what browsers send over WebSocket is masked (RFC 6455 §5.3), so that a log has none of it; tcpdump -w FILE has')
}

/** Lines of a file, without their ends, one long one cut. */
export async function* linesOf (chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let held = ''
  for await (const chunk of chunks) {
    held += chunk.toString('latin1')
    const lines = held.split('\n')
    held = lines.pop() ?? ''
    if (held.length > 1_000_000) held = ''
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line
  }
  if (held !== '') yield held
}

function unescaped (line: string): string[] {
  if (!line.includes('SIP/2.0')) return [line]
  if (line.includes('#015#012')) return line.split('#015#012')
  if (line.includes('#012')) return line.split('#012')
  return line.includes('\\r\\n') ? line.split('\\r\\n') : [line]
}

/** Whether a line stands between messages: addresses with an arrow and a time, or a ruler. */
function isMeta (whole: string): boolean {
  const line = whole.slice(0, longestMeta)
  if (/^[-=*#_]{5,}$/.test(line) || line.startsWith('<---') || line.startsWith('proto:')) return true
  if (arrow.test(line) && (dateTime.test(line) || timeOnly.test(line) || epoch.test(line) || /^[UT] /.test(line))) return true
  return /^\S/.test(line) && !/^[A-Za-z-]+\s*:|^[a-z]=/.test(line) && peer.test(line)
}

function metaOf (whole: string): Meta {
  const line = whole.slice(0, longestMeta)
  const meta: Meta = {}
  const at = timeOf(line)
  if (at !== undefined) meta.at = at
  const [, from, fromPort, to, toPort] = arrow.exec(line) ?? []
  if (from !== undefined && to !== undefined) {
    meta.source = endOf(from, fromPort)
    meta.destination = endOf(to, toPort)
  }
  const [, , way, proto, address, port] = (from === undefined ? peer.exec(line) : null) ?? []
  if (way !== undefined && address !== undefined) meta[way.toLowerCase() === 'from' ? 'source' : 'destination'] = endOf(address, port)
  const transport = proto ?? /\b(?:proto:\s*)?(udp|tcp|tls|wss|ws|sctp)\b/i.exec(line)?.[1] ?? (/^([UT]) /.exec(line)?.[1])
  if (transport !== undefined) meta.transport = { U: 'udp', T: 'tcp' }[transport] ?? transport.toLowerCase()
  return meta
}

function endOf (address: string, port = '0'): End {
  return { address: address.replace(/^\[|\]$/g, ''), port: Number(port) }
}

export function timeOf (line: string): number | undefined {
  const [, seconds, part] = epoch.exec(line) ?? []
  if (seconds !== undefined) return Number(`${seconds}.${part ?? '0'}`) * 1000
  const full = dateTime.exec(line)
  if (full) {
    const [year = 0, month = 1, day = 1, hour, minute, second] = full.slice(1, 7).map(Number)
    return Date.UTC(year, month - 1, day, hour, minute, second) + Number(`0.${full[7] ?? '0'}`) * 1000
  }
  const [, hour, minute, second, fraction] = timeOnly.exec(line) ?? []
  return hour === undefined ? undefined : Date.UTC(1970, 0, 1, Number(hour), Number(minute), Number(second)) + Number(`0.${fraction ?? '0'}`) * 1000
}

/** The message with the line ends of SIP. Content-Length goes by what is there: logs lose and add line ends. */
export function packetOf (lines: string[], meta: Meta): Packet | undefined {
  const blank = lines.findIndex((line) => line === '' || line === '.')
  const hasDots = lines.slice(0, blank < 0 ? lines.length : blank).every((line) => line.endsWith('.'))
  const clean = hasDots ? lines.map((line) => line.endsWith('.') ? line.slice(0, -1) : line) : lines
  const head = blank < 0 ? clean : clean.slice(0, blank)
  if (head.length < 3) return undefined
  const isSdp = head.some((line) => /^(?:content-type|c)\s*:\s*application\/sdp/i.test(line))
  const rest = blank < 0 ? [] : clean.slice(blank + 1)
  const end = isSdp ? rest.findIndex((line) => !/^[a-z]=/.test(line)) : rest.findLastIndex((line) => line !== '') + 1
  const body = end < 0 ? rest : rest.slice(0, end)
  const kept = head.filter((line) => !/^(?:content-length|l)\s*:/i.test(line))
  const text = [...kept, '', ...body.length > 0 ? [...body, ''] : ['']].join('\r\n')
  return { ...meta, bytes: Buffer.from(text, 'latin1'), isExact: false }
}
