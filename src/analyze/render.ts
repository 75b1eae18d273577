import type { Severity } from '../finding.ts'
import type { Report } from './report.ts'

type Paint = (text: string) => string
type CallReport = Report['calls'][number]
type ReportFinding = CallReport['findings'][number]

export interface RenderOptions { isColoured: boolean }

/** So many messages are drawn; more would hide what is found. */
const mostRows = 60
const columnWidth = 30

/** A report for a terminal: the ladder of each call, then what was found in it, gravest first. */
export function render (report: Report, { isColoured }: RenderOptions): string {
  const paint = isColoured ? colours : plain
  const lines = report.calls.flatMap((call, index) => [
    `Call ${index + 1} of ${report.calls.length}: ${call.callIds.join(', ')}`,
    ...call.legs.map(({ name, kind, by }) => `  ${name}: ${kindNames[kind]}, ${by}`),
    '', ...ladder(call, paint), '', ...listed(call.findings, paint, 'message'), '',
  ])
  if (report.sdps) {
    const { legs, findings } = report.sdps
    lines.push(...legs.map(({ kind, by }, index) => `SDP ${index + 1}: for ${kindNames[kind]}, ${by}`), '', ...listed(findings, paint, 'SDP'), '')
  }
  if (report.calls.length === 0 && !report.sdps) lines.push(`${report.messages} SIP messages and no call among them`, '')
  return [...lines, ...report.problems.map((problem) => paint.warning(`not read: ${problem}`))].join('\n').trimEnd() + '\n'
}

const kindNames = {
  web: 'a browser', plain: 'a SIP endpoint with plain RTP', sdes: 'a SIP endpoint with SDES',
  dtls: 'a SIP endpoint with DTLS-SRTP', osrtp: 'a SIP endpoint with opportunistic SRTP',
} as const

function listed (findings: readonly ReportFinding[], paint: Record<Severity, Paint>, what: string): string[] {
  if (findings.length === 0) return ['Nothing found.']
  return findings.flatMap(({ id, severity, title, detail, leg, why, fix, evidence, messages }) => [
    `${paint[severity](`${severity.padEnd(7)} ${id}`)}  ${title}${detail === undefined ? '' : `: ${detail}`}`,
    `         ${[...leg === undefined ? [] : [leg], ...messages.length > 0 ? [`${what} ${messages.join(', ')}`] : []].join('; ')}`,
    ...evidence.map(({ line, field, value }) => `         ${line === undefined ? '' : `line ${line}: `}${field}${value === undefined ? '' : ` ${value}`}`),
    `         ${why}`,
    `         → ${fix}`,
  ])
}

/** One row a message, between the places it went: `──INVITE (SDP)─►`. */
function ladder ({ messages, findings }: CallReport, paint: Record<Severity, Paint>): string[] {
  const places = [...new Set(messages.flatMap(({ source, destination }) => [source, destination]))]
  const grave = new Map(findings.toReversed().flatMap(({ messages: numbers, severity }) =>
    numbers.map((number) => [number, severity] as const)))
  const begin = Date.parse(messages[0]?.at ?? '')
  const rows = messages.slice(0, mostRows).map(({ number, at, source, destination, text, hasSdp }) => {
    const [from, to] = [places.indexOf(source), places.indexOf(destination)]
    const [left, right] = [Math.min(from, to), Math.max(from, to)]
    const width = Math.max(1, right - left) * columnWidth - 1
    const label = `${text.slice(0, width - 10)}${hasSdp ? ' (SDP)' : ''}`
    const fill = '─'.repeat(Math.max(1, width - label.length - 3))
    const arrow = from <= to ? `─${label}${fill}─►` : `◄─${label}${fill}─`
    const severity = grave.get(number)
    const painted = severity ? paint[severity](arrow) : arrow
    const bars = (count: number) => `│${' '.repeat(columnWidth - 1)}`.repeat(count)
    const time = `${String(number).padStart(4)} ${((Date.parse(at) - begin) / 1000).toFixed(3).padStart(9)} s  `
    return `${time}${bars(left)}│${painted}${bars(places.length - 1 - right).replace(/ +$/, '')}${right === places.length - 1 ? '│' : ''}`.trimEnd()
  })
  const head = `${' '.repeat(18)}${places.map((name) => name.padEnd(columnWidth)).join('').trimEnd()}`
  const left = messages.length - mostRows
  return [head, ...rows, ...left > 0 ? [`     … ${left} more messages`] : []]
}

const plain: Record<Severity, Paint> = { error: (text) => text, warning: (text) => text, note: (text) => text }
const colours: Record<Severity, Paint> = {
  error: (text) => `\x1b[31m${text}\x1b[0m`, warning: (text) => `\x1b[33m${text}\x1b[0m`, note: (text) => `\x1b[36m${text}\x1b[0m`,
}
