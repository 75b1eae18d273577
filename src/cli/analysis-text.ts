import { legKinds } from '../analyze/hints.ts'
import type { CallReport, Report } from '../analyze/report.ts'
import { counted } from './counted.ts'
import { findingsText, inColour, type Look } from './finding-text.ts'
import { areNamed, ladder, type Lane, lanesOf, laneWidthFor, letterOf } from './ladder.ts'
import { wrap } from './wrap.ts'

type ReportFinding = CallReport['findings'][number]

/** Of the messages of one finding; a phone that repeats itself does so often. */
const mostNumbers = 8

/**
 * A report for a person: the ladder of each call, then what was found in it, gravest first. It may have fewer calls than its
 * summary has counted.
 *
 * @param only the call-id of the one call that is wanted
 */
export function analysisText (report: Report, look: Look, only?: string): string {
  const { calls, summary, sdps, problems, messages, methods } = report
  const { style, width } = look
  const left = summary.calls - calls.length
  return [
    ...summary.calls > 1 && only === undefined ? [...summaryText(report, look), ''] : [],
    ...calls.flatMap((call, index) => callText(call, left > 0 ? undefined : index, calls.length, look)),
    ...leftText(summary.calls, left, only).flatMap((text) => [...wrap(text, width, '  ', ''), '']),
    ...sdps ? [
      ...sdps.legs.map(({ kind, by }, index) => `SDP ${index + 1}: for ${kindNames[kind]}, ${by}`),
      ...sdps.legs.every(({ by }) => by === 'as told') ? [] : [style.dim(`--leg KIND says for what else: ${legKinds.join(', ')}`)], '',
      ...listed(sdps.findings, 'SDP', look), '',
    ] : [],
    ...summary.calls === 0 && !sdps ? wrap(noCallText(messages, methods), width, '  ', '').concat('') : [],
    ...problems.flatMap((problem) => wrap(`not read: ${problem}`, width, '  ', '').map((line) => style.yellow(line))),
  ].join('\n').trimEnd() + '\n'
}

/** Of several calls those that are well take one line each. */
function callText (call: CallReport, index: number | undefined, count: number, look: Look): string[] {
  const { style, width } = look
  const title = `${style.bold(count === 1 || index === undefined ? 'Call' : `Call ${index + 1}`)} ${style.bold(call.callIds.join(', '))}: ${outcomeText(call)}`
  const isWell = call.findings.every(({ severity }) => severity === 'note')
  if (isWell && count > 1) return [`${title}; ${style.green('nothing found')}`, '']
  const lanes = lanesOf(call)
  return [
    title, ...legend(call, lanes, look), '', ...ladder(call, lanes, width, style), '', ...listed(call.findings, 'message', look), '',
  ]
}

/** How many calls have what, where there is more than one. */
function summaryText ({ summary, messages }: Report, { width, style }: Look): string[] {
  const { calls, withErrors, withWarnings, findings } = summary
  const grave = findings.filter(({ severity }) => severity !== 'note')
  const counts = grave.map((each) => String(each.calls))
  const longest = Math.max(...counts.map(({ length }) => length))
  return [
    style.bold(`${calls} calls in ${messages} SIP messages: errors in ${withErrors}, warnings in ${withWarnings}`),
    ...grave.flatMap(({ id, severity, title }, index) => wrap(
      `${inColour(severity, style)(`${severity} ${id}`)}  ${title}`, width, ' '.repeat(longest + 6), `  ${(counts[index] ?? '').padStart(longest)} × `,
    )),
  ]
}

function leftText (all: number, left: number, only: string | undefined): string[] {
  if (only === undefined) return left > 0 ? [`${left} more calls, with no errors or warnings but those above: --call CALL-ID shows one, --json has all.`] : []
  return left === all ? [`no call "${only}" among the ${counted(all, 'call')} of the trace`] : []
}

function noCallText (messages: number, methods: Record<string, number>): string {
  const counts = Object.entries(methods).map(([method, count]) => `${count} ${method}`).join(', ')
  return `${messages} SIP messages and no call among them${counts === '' ? '' : `: ${counts}`}. Calls begin with INVITE; a trace of REGISTER or OPTIONS alone has none, or `
    + 'the filter of the capture left them out.'
}

function outcomeText ({ outcome: { state, status, afterSeconds = 0, upSeconds } }: CallReport): string {
  if (state === 'cancelled') return 'cancelled'
  if (state === 'unknown') return 'its INVITE is not in the trace'
  if (state === 'unanswered') return 'no final reply to its INVITE'
  if (state === 'refused') return `refused with ${status ?? ''} after ${afterSeconds} s`
  return `answered after ${afterSeconds} s, ${upSeconds === undefined ? 'no BYE in the trace' : `up for ${upSeconds} s`}`
}

const kindNames = {
  web: 'a browser', plain: 'a SIP endpoint with plain RTP', sdes: 'a SIP endpoint with SDES',
  dtls: 'a SIP endpoint with DTLS-SRTP', osrtp: 'a SIP endpoint with opportunistic SRTP',
} as const

/** What is at each end of an arrow, with its letter where the names do not fit over the lanes. */
function legend (call: CallReport, lanes: readonly Lane[], { width, style }: Look): string[] {
  const isNamed = areNamed(lanes, laneWidthFor(call, lanes, width))
  const longest = Math.max(...lanes.map(({ name }) => name.length))
  const lines = lanes.map(({ name, places }, index) => {
    const leg = call.legs.find((each) => places.has(each.name))
    const isMiddle = call.middle.some((place) => places.has(place))
    const what = isMiddle ? 'passes the call on' : leg ? `${kindNames[leg.kind]}, ${leg.by}` : ''
    return `  ${isNamed ? '' : `${letterOf(index)}  `}${name.padEnd(longest)}  ${what}`.trimEnd()
  })
  const guessed = call.legs.find(({ by }) => by === 'by guess')
  return guessed ? [...lines, ...wrap(`--leg ${guessed.name}=KIND says what it is: ${legKinds.join(', ')}`, width, '    ', '  ').map(style.dim)] : lines
}

function listed (findings: readonly ReportFinding[], what: 'message' | 'SDP', look: Look): string[] {
  if (findings.length === 0) return [look.style.green('Nothing found.')]
  return findingsText(findings, ({ leg, messages, confidence }) => [
    ...leg === undefined ? [] : [leg], ...messages.length > 0 ? [numbersText(what, messages)] : [],
    ...confidence === 'high' ? [] : [`confidence ${confidence}`],
  ].join(', '), look)
}

function numbersText (what: 'message' | 'SDP', numbers: readonly number[]): string {
  const left = numbers.length - mostNumbers
  const shown = left > 1 ? numbers.slice(0, mostNumbers) : numbers
  return `${what}${what === 'message' && numbers.length > 1 ? 's' : ''} ${shown.join(', ')}${left > 1 ? ` and ${left} more` : ''}`
}
