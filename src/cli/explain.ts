import { styleText } from 'node:util'
import { diffArrays } from 'diff'
import type { CallExplanation, MediaLine } from '../diagnosis/explanation.ts'
import type { Exchange } from '../diagnosis/history.ts'
import type { Api } from './api.ts'
import type { Print } from './nodes.ts'

/** How a text is coloured; where output goes to no terminal, not at all. */
export type Paint = (style: 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', text: string) => string

export const paintFor = (isTerminal: boolean): Paint =>
  isTerminal ? (style, text) => styleText(style, text) : (_style, text) => text

/** `ngpilot call explain CALL-ID`. */
export async function explainCall (
  api: Pick<Api, 'explain'>, callId: string, { json, isTerminal }: { json: boolean, isTerminal: boolean }, print: Print,
): Promise<void> {
  const call = await api.explain(callId)
  print(json ? JSON.stringify(call, undefined, 2) : explainText(call, paintFor(isTerminal)))
}

/** One screen for one call: findings on top, then legs, timeline, media, and each SDP as it came against how it went on. */
export function explainText (call: CallExplanation, paint: Paint): string {
  return [
    ...headOf(call, paint),
    ...section('Findings', findingsOf(call, paint), paint),
    ...section('Timeline', timelineOf(call), paint),
    ...section('Media', mediaTable(call.media), paint),
    ...section('SDP (- as it came, + as it went on)', call.exchanges.flatMap((exchange) => exchangeOf(exchange, paint)), paint),
  ].join('\n')
}

function headOf (call: CallExplanation, paint: Paint): string[] {
  const { callId, state, node, revision, startedAt, answeredAt, endedAt, legs } = call
  const up = answeredAt === undefined ? '' : `, ${duration((endedAt ?? Date.now()) - answeredAt)}`
  return [
    `${paint('bold', callId)}  ${state}${up}, began ${new Date(startedAt).toISOString()}`,
    `node ${node ?? 'unknown'}, policy ${revision ?? 'unknown'}`,
    ...table(legs.map(({ role, profile, agreedCodec, tag }) => [role, profile, agreedCodec ?? '', tag])),
  ]
}

function findingsOf ({ findings, answeredAt, startedAt, state }: CallExplanation, paint: Paint): string[] {
  if (findings.length === 0) return [paint('green', state === 'ended' ? 'none' : 'none so far')]
  const colours = { error: 'red', warning: 'yellow', note: 'cyan' } as const
  return findings.flatMap(({ id, severity, confidence, title, why, fix, leg, detail, evidence, reference, firstAt }) => [
    `${paint(colours[severity], `${severity} ${id}`)}  ${paint('bold', title)}${leg === undefined ? '' : `: ${leg}`}`,
    `    seen ${duration(firstAt - (answeredAt ?? startedAt))} after the ${answeredAt === undefined ? 'first offer' : 'answer'}, confidence ${confidence}`,
    ...detail === undefined ? [] : [`    ${detail}`],
    `    ${paint('dim', evidence.map(({ field, value }) => value === undefined ? field : `${field} = ${value}`).join(', '))}`,
    ...wrapped(`why: ${why}${reference === undefined ? '' : ` (${reference})`}`),
    ...wrapped(`mend: ${fix}`),
  ])
}

function timelineOf ({ timeline, startedAt }: CallExplanation): string[] {
  return table(timeline.map(({ at, event, detail }) => [`${((at - startedAt) / 1000).toFixed(3)} s`, event, detail ?? '']), [0])
}

const columns = ['leg', 'profile', 'codec', 'from it', 'errors', 'to it', 'MOS', 'loss', 'jitter', 'round trip', 'at']

function mediaTable (media: readonly MediaLine[]): string[] {
  const rows = media.map(({ role, profile, codec, received, sent, heard, endpoint }) => [
    role, profile, codec ?? '-', count(received?.packets), count(received?.errors), count(sent?.packets),
    ...heard ? [heard.mos.toFixed(1), `${heard.lossPercent} %`, `${heard.jitterMs} ms`, `${Math.round(heard.roundTripMs)} ms`] : ['-', '-', '-', '-'],
    endpoint ?? '-',
  ])
  const reasons = media.flatMap(({ role, notAvailable }) => Object.entries(notAvailable).map(([what, why]) => `${role}: ${what} not available because ${why}`))
  return [...table([columns, ...rows], [3, 4, 5, 6, 7, 8, 9]), ...reasons]
}

function exchangeOf ({ command, sip, from, to, sdpIn, sdpOut }: Exchange, paint: Paint): string[] {
  const lines = diffArrays(linesOf(sdpIn), linesOf(sdpOut)).flatMap(({ added, removed, value }) => value.map((line) =>
    added ? paint('green', `+ ${line}`) : removed ? paint('red', `- ${line}`) : `  ${line}`))
  return [paint('bold', `${command}${sip === undefined ? '' : ` in ${sip}`}: ${from.profile} → ${to.profile}`), ...lines, '']
}

const linesOf = (sdp: string): string[] => sdp.split(/\r?\n/).filter((line) => line !== '')

function section (title: string, lines: string[], paint: Paint): string[] {
  return ['', paint('bold', title), ...lines.map((line) => `  ${line}`.trimEnd())]
}

const count = (value: number | undefined): string => value === undefined ? '-' : String(value)

function duration (ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** Columns as wide as their widest cell; those of `right` hold numbers. */
function table (rows: string[][], right: number[] = []): string[] {
  const widths = rows.reduce<number[]>((all, row) => row.map((cell, index) => Math.max(all[index] ?? 0, cell.length)), [])
  return rows.map((row) => row.map((cell, index) => {
    const width = widths[index] ?? 0
    return right.includes(index) ? cell.padStart(width) : cell.padEnd(width)
  }).join('  ').trimEnd())
}

function wrapped (text: string, width = 96): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines.map((line, index) => `${index === 0 ? '    ' : '      '}${line}`)
}
