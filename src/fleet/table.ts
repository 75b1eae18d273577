import type { NodeView } from './node.ts'

type Cells = readonly string[]

const headings: Cells = ['NODE', 'ADDRESS', 'VERSION', 'STATE', 'FOR', 'CALLS', 'FREE PORTS', 'RTT', 'IN FLIGHT', 'REASON']
/** Numbers line up at their ends, words at their beginnings. */
const isNumber = [false, false, false, false, true, true, true, true, true, false]

/**
 * The nodes as a table for a terminal, one line each under the headings, without a line break at the end.
 * @param now in milliseconds since 1970
 */
export function nodesTable (nodes: readonly NodeView[], now: number): string {
  const rows = [headings, ...nodes.map((node) => cellsOf(node, now))]
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => row.map((cell, column) => {
    const width = widths[column] ?? 0
    return isNumber[column] ? cell.padStart(width) : cell.padEnd(width)
  }).join('  ').trimEnd()).join('\n')
}

function cellsOf (node: NodeView, now: number): Cells {
  const { id, address, version, state, since, calls, freePorts, roundTripMs, inFlight } = node
  const reason = node.isDrained ? `${node.reason}; it is empty` : node.reason
  return [
    id, address, version ?? '-', node.isBusy && state === 'up' ? 'up, busy' : state, ageOf(now - since), calls?.toString() ?? '-', freePorts?.toString() ?? '-',
    roundTripMs === undefined ? '-' : `${roundTripMs.toFixed(1)} ms`, inFlight.toString(), reason,
  ]
}

const units = [['d', 86_400], ['h', 3600], ['min', 60]] as const

/** A time span in its largest unit: `45 s`, `3 min`, `2 d`. */
export function ageOf (ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const [unit, size] = units.find(([, each]) => seconds >= each) ?? ['s', 1]
  return `${Math.floor(seconds / size)} ${unit}`
}
