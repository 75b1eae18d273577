import type { Complain, End, Packet } from './packet.ts'
import { looksLikeSip } from './packet.ts'
import { packetOf, timeOf } from './text.ts'

/** One row: the text of each column by its name, in lower case. */
type Row = Map<string, string>

const messageColumns = ['msg', 'message', 'raw', 'payload', 'data']
const record = /^\*{5,} \d+\. row \*{5,}$/
/** What of a row is longer is no SIP message; a quote that nobody closed would take in the whole file. */
const mostCharacters = 262_144

/** Whether a text begins as an export of a table with SIP messages does: a header that names them, or `\G` of mysql. */
export function isTable (start: string): boolean {
  const [first = ''] = start.split(/\r?\n/, 1)
  return record.test(first) || dividerOf(first) !== undefined
}

/**
 * The SIP messages in an export of a table, one a row, as `sip_trace` of Kamailio or `sip_capture` of Homer:
 * CSV (RFC 4180, also with semicolons), tab-separated as `mysql --batch` writes it, or vertical (`\G`). Addresses, transport
 * and time come from the columns beside the message.
 *
 * @see https://www.kamailio.org/docs/db-tables/kamailio-db-devel.html sip_trace
 */
export async function* sipOfTable (lines: AsyncIterable<string>, complain: Complain): AsyncGenerator<Packet> {
  for await (const row of rowsOf(lines, complain)) {
    const packet = packetOfRow(row)
    if (packet) yield packet
  }
}

async function* rowsOf (lines: AsyncIterable<string>, complain: Complain): AsyncGenerator<Row> {
  const iterator = lines[Symbol.asyncIterator]()
  const first = await iterator.next()
  if (first.done === true) return
  const rest = { [Symbol.asyncIterator]: () => iterator }
  const head = first.value.replace(/^\xef\xbb\xbf/, '')
  const divider = dividerOf(head)
  if (divider === undefined) yield* verticalRows(rest)
  else if (divider === '\t') yield* tabbedRows(rest, cellsOf(head, divider))
  else yield* quotedRows(rest, cellsOf(head, divider), divider, complain)
}

/** What stands between the names of a header that names a column for messages; undefined for any other line. */
function dividerOf (line: string): string | undefined {
  const text = line.replace(/^\xef\xbb\xbf/, '')
  if (text.length > 4096 || !/^["\w][\w ".`,;\t]+$/.test(text)) return undefined
  return [',', ';', '\t'].find((divider) => {
    const names = cellsOf(text, divider)
    return names.length > 2 && names.some((name) => messageColumns.includes(name))
  })
}

function cellsOf (header: string, divider: string): string[] {
  return header.split(divider).map((name) => name.replaceAll(/["`]/g, '').trim().toLowerCase().replace(/^.*\./, ''))
}

/** A quoted cell may hold line ends and, doubled, quotes. */
async function* quotedRows (
  lines: AsyncIterable<string>, names: readonly string[], divider: string, complain: Complain,
): AsyncGenerator<Row> {
  let held = ''
  let isOpen = false
  for await (const line of lines) {
    held = held === '' ? line : `${held}\n${line}`
    for (let at = line.indexOf('"'); at >= 0; at = line.indexOf('"', at + 1)) isOpen = !isOpen
    if (isOpen && held.length <= mostCharacters) continue
    if (isOpen) complain('a row of the table whose quotes do not close')
    else if (held !== '') yield rowOf(names, cellsInQuotes(held, divider))
    held = ''
    isOpen = false
  }
}

function cellsInQuotes (row: string, divider: string): string[] {
  const cells: string[] = []
  for (let at = 0; at <= row.length;) {
    let cell = ''
    if (row.charAt(at) === '"') {
      let end = at + 1
      for (;;) {
        const quote = row.indexOf('"', end)
        if (quote < 0) { end = row.length; break }
        end = quote + 1
        if (row.charAt(end) !== '"') break
        end++
      }
      cell = row.slice(at + 1, end - 1).replaceAll('""', '"')
      at = end
    }
    const next = row.indexOf(divider, at)
    const end = next < 0 ? row.length : next
    cells.push(cell + row.slice(at, end))
    at = end + 1
  }
  return cells
}

/** `mysql --batch`: a line is a row, what would break it is escaped. */
async function* tabbedRows (lines: AsyncIterable<string>, names: readonly string[]): AsyncGenerator<Row> {
  const plain: Record<string, string> = { n: '\n', r: '\r', t: '\t', 0: '' }
  for await (const line of lines) {
    yield rowOf(names, line.split('\t').map((cell) => cell.replaceAll(/\\(.)/g, (_, sign: string) => plain[sign] ?? sign)))
  }
}

/**
 * `\G` of mysql: a line for each column, its name right-aligned, and a message over as many lines as it has. A header of a
 * message is told from a column by where its colon is.
 */
async function* verticalRows (lines: AsyncIterable<string>): AsyncGenerator<Row> {
  let row: Row = new Map()
  let latest = ''
  let nameEnd: number | undefined
  for await (const line of lines) {
    if (record.test(line)) {
      yield row
      row = new Map()
      latest = ''
      continue
    }
    const [, name, value = ''] = /^ *(\w{1,64}):(?: (.*))?$/.exec(line) ?? []
    if (name !== undefined && line.indexOf(':') === (nameEnd ??= line.indexOf(':')) && !row.has(name.toLowerCase())) {
      latest = name.toLowerCase()
      row.set(latest, value)
    } else if (latest !== '' && (row.get(latest)?.length ?? 0) <= mostCharacters) {
      row.set(latest, `${row.get(latest) ?? ''}\n${line}`)
    }
  }
  yield row
}

function rowOf (names: readonly string[], cells: readonly string[]): Row {
  return new Map(names.map((name, index) => [name, cells[index] ?? '']))
}

function packetOfRow (row: Row): Packet | undefined {
  const text = messageColumns.map((name) => row.get(name) ?? '').find((value) => value !== '')
  if (text === undefined) return undefined
  const whole = text.includes('\n') ? text : text.replaceAll('\\r\\n', '\n').replaceAll('\\n', '\n')
  if (!looksLikeSip(Buffer.from(whole.slice(0, 600), 'latin1'))) return undefined
  const first = (...names: string[]) => names.map((name) => row.get(name) ?? '').find((value) => value !== '' && value !== 'NULL')
  const source = endOf(first('fromip', 'from_ip', 'source_ip', 'src_ip'), first('from_port', 'source_port', 'src_port'))
  const destination = endOf(first('toip', 'to_ip', 'destination_ip', 'dst_ip'), first('to_port', 'destination_port', 'dst_port'))
  const transport = source?.transport ?? destination?.transport ?? first('from_proto', 'to_proto', 'proto')?.toLowerCase()
  const at = timeOfRow(first('micro_ts'), first('time_stamp', 'date', 'create_date', 'time'), first('time_us'))
  return packetOf(whole.split(/\r?\n/), {
    ...at !== undefined && { at },
    ...source && { source: source.end },
    ...destination && { destination: destination.end },
    ...transport !== undefined && /^(?:udp|tcp|tls|wss?|sctp)$/.test(transport) && { transport },
  })
}

/** `udp:192.0.2.1:5060` as Kamailio's siptrace writes it, or an address alone with its port beside it. */
function endOf (text: string | undefined, port: string | undefined): { end: End, transport?: string } | undefined {
  const [, proto, rest = ''] = /^(?:([a-z]{2,4}):)?(.+)$/i.exec(text ?? '') ?? []
  const [, bracketed, bare, own] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(rest) ?? []
  const address = bracketed ?? bare ?? (/^[0-9A-Fa-f:]+$/.test(rest) ? rest : undefined)
  if (address === undefined) return undefined
  return { end: { address, port: Number(own ?? port ?? 0) }, ...proto !== undefined && { transport: proto.toLowerCase() } }
}

/** Microseconds since the epoch, or a date with the microseconds of its second beside it. */
function timeOfRow (micros: string | undefined, date: string | undefined, fraction: string | undefined): number | undefined {
  if (micros !== undefined && /^\d{15,17}$/.test(micros)) return Number(micros) / 1000
  const seconds = date === undefined ? undefined : /^\d{10}$/.test(date) ? Number(date) * 1000 : timeOf(date)
  if (seconds === undefined || fraction === undefined || !/^\d{1,6}$/.test(fraction) || /[.,]\d/.test(date ?? '')) return seconds
  return seconds + Number(fraction) / 1000
}
