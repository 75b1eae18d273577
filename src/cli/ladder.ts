import type { Report } from '../analyze/report.ts'
import type { Style } from './style.ts'
import { inColour } from './finding-text.ts'

type CallReport = Report['calls'][number]
type Message = CallReport['messages'][number]

/** Rows that are drawn from the beginning of a call, and from its end; between them those with a finding. */
const firstRows = 40
const lastRows = 6
const longestLabel = 34
const widestLane = 40
const narrowestLane = 6
/** Of the id of a finding behind its row. */
const markWidth = 10

/** One line of a ladder for each machine or endpoint that messages come from and go to. */
export interface Lane { name: string, places: ReadonlySet<string> }

/** A proxy has one lane for all its ports, unless it sends to itself. */
export function lanesOf ({ messages, middle }: CallReport): Lane[] {
  const places = [...new Set(messages.flatMap(({ source, destination }) => [source, destination]))]
  const lanes = places.map((place): Lane => {
    const isSame = (other: string) => middle.includes(other) && addressOf(other) === addressOf(place)
    const own = middle.includes(place) ? places.filter(isSame) : [place]
    const isLoop = own.length > 1
      && messages.some(({ source, destination }) => own.includes(source) && own.includes(destination))
    const all = isLoop ? [place] : own
    const [first = place, ...others] = all
    return { name: [first, ...others.map((other) => other.slice(addressOf(other).length))].join(' '), places: new Set(all) }
  })
  return lanes.filter(({ name }, index) => lanes.findIndex((other) => other.name === name) === index)
}

/** Whether the names stand over the lanes, or letters in their place. */
export function areNamed (lanes: readonly Lane[], width: number): boolean {
  return lanes.slice(0, -1).every(({ name }, index) =>
    name.length + 2 + (index === lanes.length - 2 ? aheadOf(lanes) : 0) <= width)
}

/** By how much the last name begins before its lane, so that it ends where the ids of findings do. */
function aheadOf (lanes: readonly Lane[]): number {
  return Math.max(0, (lanes.at(-1)?.name.length ?? 0) - markWidth)
}

/** One row a message: number, seconds, what it is, the way it went, and the gravest thing that was found in it. */
export function ladder (call: CallReport, lanes: readonly Lane[], width: number, style: Style): string[] {
  const { messages } = call
  const marks = marksOf(call, style)
  const begin = Date.parse(messages[0]?.at ?? '')
  const labelWidth = Math.max(7, ...messages.map((message) => labelOf(message).length))
  const laneWidth = laneWidthFor(call, lanes, width)
  const end = (lanes.length - 1) * laneWidth
  const rows = shownOf(call).map((message) => {
    if (typeof message === 'number') return style.dim(`   …  ${message} more`)
    const { number, at, source, destination } = message
    const [from, to] = [source, destination].map((place) => lanes.findIndex(({ places }) => places.has(place)) * laneWidth)
    const mark = marks.get(number)
    const way = Array.from({ length: end + 1 }, (_, column) => cellAt(column, laneWidth, from ?? 0, to ?? 0)).join('')
    const painted = mark ? mark.paint(way) : way
    const time = ((Date.parse(at) - begin) / 1000).toFixed(3).padStart(8)
    return `${String(number).padStart(4)} ${time}  ${labelOf(message).padEnd(labelWidth)}  ${painted}${mark ? `  ${mark.paint(mark.id)}` : ''}`
  })
  const names = lanes.map(({ name }, index) => areNamed(lanes, laneWidth) ? name : letterOf(index))
  const ahead = areNamed(lanes, laneWidth) ? aheadOf(lanes) : 0
  const head = names.map((name, index) => name.padEnd(index === lanes.length - 2 ? laneWidth - ahead : laneWidth)).join('').trimEnd()
  return [style.dim(`   #  seconds  ${'message'.padEnd(labelWidth)}  ${head}`), ...rows]
}

export function laneWidthFor (call: CallReport, lanes: readonly Lane[], width: number): number {
  const labelWidth = Math.max(7, ...call.messages.map((message) => labelOf(message).length))
  const room = width - 17 - labelWidth - markWidth
  return Math.max(narrowestLane, Math.min(widestLane, Math.floor(room / Math.max(1, lanes.length - 1))))
}

export const letterOf = (index: number): string => String.fromCharCode(65 + index % 26)

/** `├──►│` on its way to the right, `│◄──┤` to the left; lanes that it passes are crossed. */
function cellAt (column: number, laneWidth: number, from: number, to: number): string {
  const isLane = column % laneWidth === 0
  const [left, right] = [Math.min(from, to), Math.max(from, to)]
  if (from === to && column === from) return '↺'
  if (column < left || column > right || from === to) return isLane ? '│' : ' '
  if (column === from) return from < to ? '├' : '┤'
  if (column === to) return '│'
  if (column === (from < to ? to - 1 : to + 1)) return from < to ? '►' : '◄'
  return isLane ? '┼' : '─'
}

function labelOf ({ text, hasSdp, isTrickle = false }: Message): string {
  const label = `${text}${hasSdp ? ' (SDP)' : isTrickle ? ' (trickle)' : ''}`
  return label.length > longestLabel ? `${label.slice(0, longestLabel - 1)}…` : label
}

/** By message, the gravest error or warning: findings come gravest first. */
function marksOf ({ findings }: CallReport, style: Style): Map<number, { id: string, paint: (text: string) => string }> {
  return new Map(findings.filter(({ severity }) => severity !== 'note').toReversed().flatMap(({ id, severity, messages }) =>
    messages.map((number) => [number, { id, paint: inColour(severity, style) }] as const)))
}

/** The messages to draw, and how many are left out between them. */
function shownOf ({ messages, findings }: CallReport): (Message | number)[] {
  const told = new Set(findings.filter(({ severity }) => severity !== 'note').flatMap(({ messages: numbers }) => numbers.slice(0, 12)))
  const rows: (Message | number)[] = []
  for (const [index, message] of messages.entries()) {
    const last = rows.at(-1)
    if (index < firstRows || index >= messages.length - lastRows || told.has(message.number)) rows.push(message)
    else if (typeof last === 'number') rows[rows.length - 1] = last + 1
    else rows.push(1)
  }
  return rows
}

const addressOf = (place: string): string => place.replace(/:\d+$/, '')
