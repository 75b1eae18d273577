import { diffArrays } from 'diff'
import type { CallExplanation, DecisionReason, MediaLine } from '../diagnosis/explanation.ts'
import type { Exchange } from '../diagnosis/history.ts'
import { byGravity, type Finding } from '../finding.ts'
import type { Api } from './api.ts'
import { columns } from './columns.ts'
import { findingsText, inColour, type Look } from './finding-text.ts'
import type { Print } from './nodes.ts'
import type { Style } from './style.ts'
import { wrap } from './wrap.ts'

/** `ngpilot call explain CALL-ID`. */
export async function explainCall (
  api: Pick<Api, 'explain'>, callId: string, { json, ...look }: { json: boolean } & Look, print: Print,
): Promise<void> {
  const call = await api.explain(callId)
  print(json ? JSON.stringify(call, undefined, 2) : explainText(call, look))
}

/** One call for a person: findings on top, then legs, timeline, media, and each SDP as it came against how it went on. */
export function explainText (call: CallExplanation, look: Look): string {
  const { style } = look
  return [
    ...headOf(call, style),
    '', ...findingsOf(call, look),
    ...section('Legs', legsText(call, look), style),
    ...section('Timeline', timelineOf(call, look), style),
    ...section('Media', mediaText(call.media, look), style),
    ...call.exchanges.length === 0 ? [] : [
      '', style.bold('SDP') + style.dim('  - as it came, + as it went on; keys are masked; --json has every line'),
      ...call.exchanges.flatMap((exchange) => exchangeOf(exchange, call, look)),
    ],
  ].join('\n').trimEnd()
}

function headOf (call: CallExplanation, style: Style): string[] {
  const { callId, state, node, revision, startedAt, answeredAt, endedAt } = call
  const up = answeredAt === undefined ? '' : `, ${duration((endedAt ?? Date.now()) - answeredAt)} since the answer`
  const was = answeredAt === undefined ? '' : `, ${duration((endedAt ?? startedAt) - answeredAt)} after the answer`
  return [
    `${style.bold(callId)}  ${state}${endedAt === undefined ? up : was}`,
    style.dim(`began ${new Date(startedAt).toISOString()}, node ${node ?? 'unknown'}, policy ${revision ?? 'unknown'}`),
  ]
}

/** What the diagnosis found, and what is wrong with the SDPs, which may be why; gravest first. */
function findingsOf (call: CallExplanation, look: Look): string[] {
  const { answeredAt, startedAt, state } = call
  const since = answeredAt === undefined ? 'the first offer' : 'the answer'
  const found = call.findings.map(({ firstAt, ...finding }) => ({
    ...finding,
    where: `${finding.leg === undefined ? '' : `${finding.leg}, `}${duration(firstAt - (answeredAt ?? startedAt))} after ${since}, confidence ${finding.confidence}`,
  }))
  const all = [...found, ...call.exchanges.flatMap((exchange) => brokenBy(exchange, call))]
  if (all.length === 0) return [look.style.green(state === 'ended' ? 'Nothing found.' : 'Nothing found so far.')]
  return findingsText(firstsOf(all).sort(byGravity), ({ where }) => where, look)
}

/** The errors and warnings of one SDP, as it came and as it went on. */
function brokenBy (exchange: Exchange, call: CallExplanation) {
  const { from, to, findings, findingsIn = [] } = exchange
  const told = (found: readonly Finding[], which: string) => found.filter(({ severity }) => severity !== 'note')
    .map((finding) => ({ ...finding, where: `${titleOf(exchange, call)}, as it ${which}` }))
  return [...told(findingsIn, `came from ${from.profile}`), ...told(findings, `went on to ${to.profile}`)]
}

/** Those of later SDPs that say the same again are left out. */
function firstsOf<Found extends Finding> (findings: readonly Found[]): Found[] {
  const firstLike = ({ id, leg }: Found) => findings.find((other) => other.id === id && other.leg === leg)
  return findings.filter((finding) => firstLike(finding) === finding)
}

/** Who is at either end and why it has that profile, which rules matched, and what rtpengine was asked at first. */
function legsText ({ legs, decision }: CallExplanation, { width, style }: Look): string[] {
  const rows = legs.map(({ role, profile, agreedCodec = '', tag }) =>
    [role, style.bold(profile), agreedCodec, style.dim(`tag ${tag}`)])
  if (!decision) return columns(rows)
  const told = ({ name, why, place }: DecisionReason) =>
    `${name} (${[place, why].filter((part) => part !== undefined && part !== '').join(': ')})`
  return [
    ...columns(rows),
    ...wrap(`caller: ${told(decision.caller)}`, width - 2, '        ', ''),
    ...wrap(`callee: ${told(decision.callee)}`, width - 2, '        ', ''),
    ...decision.rules.flatMap((rule) => wrap(`rule:   ${told(rule)}`, width - 2, '        ', '')),
    ...wrap(`asked:  ${decision.asked}`, width - 2, '        ', ''),
  ]
}

function timelineOf ({ timeline, startedAt }: CallExplanation, { width }: Look): string[] {
  const times = timeline.map(({ at }) => `${((at - startedAt) / 1000).toFixed(3)} s`)
  const longest = Math.max(0, ...times.map((time) => time.length))
  const events = Math.max(0, ...timeline.map(({ event }) => event.length))
  return timeline.flatMap(({ event, detail = '' }, index) => {
    const head = `${times[index]?.padStart(longest) ?? ''}  ${event.padEnd(events)}  `
    return wrap(detail, width - 2, ' '.repeat(head.length), head)
  })
}

/** A column for each leg, so that it fits a narrow terminal too. */
function mediaText (media: readonly MediaLine[], { width, style }: Look): string[] {
  const row = (name: string, of: (line: MediaLine) => string | undefined): string[] => [name, ...media.map((line) => of(line) ?? '-')]
  const rows = [
    ['', ...media.map(({ role, profile }) => style.bold(`${role} (${profile})`))],
    row('sends', ({ codec }) => codec),
    row('from', ({ endpoint }) => endpoint),
    row('packets from it', ({ received }) => received && `${received.packets}${received.errors > 0 ? `, and ${received.errors} errors` : ''}`),
    row('packets to it', ({ sent }) => sent && String(sent.packets)),
    row('it hears: MOS', ({ heard }) => heard?.mos.toFixed(1)),
    row('loss', ({ heard }) => heard && `${heard.lossPercent} %`),
    row('jitter', ({ heard }) => heard && `${heard.jitterMs} ms`),
    row('round trip', ({ heard }) => heard && `${Math.round(heard.roundTripMs)} ms`),
  ]
  const reasons = media.flatMap(({ role, notAvailable }) => Object.entries(notAvailable).map(([what, why]) => `${role}: ${what} not available because ${why}`))
  return [...columns(rows), ...reasons.flatMap((reason) => wrap(reason, width - 2, '  ', '').map((line) => style.dim(line)))]
}

function titleOf ({ at, command, sip }: Exchange, { startedAt }: CallExplanation): string {
  return `${command}${sip === undefined ? '' : ` in ${sip}`}, ${((at - startedAt) / 1000).toFixed(3)} s`
}

function exchangeOf (exchange: Exchange, call: CallExplanation, { width, style }: Look): string[] {
  const { from, to, sdpIn, sdpOut, findings, findingsIn = [], repaired = [] } = exchange
  const lines = diffArrays(linesOf(sdpIn), linesOf(sdpOut)).flatMap(({ added, removed, value }) =>
    added ? folded(value, '  + ').map(style.green) : removed ? folded(value, '  - ').map(style.red) : unchanged(value, style))
  const title = `${titleOf(exchange, call)}: ${from.profile} → ${to.profile}`
  const told = (those: readonly Finding[], when: string) => [...those].sort(byGravity)
    .map(({ id, severity, title: what }) => `${when}${inColour(severity, style)(`${severity} ${id}`)}  ${what}`)
  const found = [...told(findingsIn, 'as it came: '), ...told(findings, '')]
  const mended = repaired.length > 0 ? [`mended by ngpilot: ${repaired.join(', ')}`] : []
  return ['', `  ${style.bold(title)}`, ...[...found, ...mended].flatMap((line) => wrap(line, width, '      ', '    ')), ...lines]
}

const shownOfKind = 2
const shownUnchanged = 4

/** Of many lines of one kind that follow each other, such as candidates, the first ones and a count. */
function folded (lines: readonly string[], sign: string): string[] {
  const groups: string[][] = []
  for (const line of lines) {
    const group = groups.at(-1)
    if (group && attributeOf(group[0] ?? '') === attributeOf(line)) group.push(line)
    else groups.push([line])
  }
  return groups.flatMap((group) => group.length <= shownOfKind + 1 ? group : [
    ...group.slice(0, shownOfKind), `… ${group.length - shownOfKind} more ${attributeOf(group[0] ?? '')}`,
  ]).map((line) => sign + line)
}

const attributeOf = (line: string): string => /^(?:a=[\w-]+|\w=)/.exec(line)?.[0] ?? line

function unchanged (lines: readonly string[], style: Style): string[] {
  if (lines.length > shownUnchanged) return [style.dim(`    … ${lines.length} lines as they came`)]
  return lines.map((line) => `    ${line}`)
}

const linesOf = (sdp: string): string[] => sdp.split(/\r?\n/).filter((line) => line !== '')

function section (title: string, lines: string[], style: Style): string[] {
  return lines.length === 0 ? [] : ['', style.bold(title), ...lines.map((line) => `  ${line}`.trimEnd())]
}

function duration (ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
