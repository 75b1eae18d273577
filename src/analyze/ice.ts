import type { Evidence, FindingKind } from '../finding.ts'
import type { TraceCall } from './calls.ts'
import { type Followed, Held } from './held.ts'
import type { Datagram } from './packet.ts'
import { nameOf, naming, placesOf, spanOf } from './places.ts'
import type { TraceCase } from './signalling.ts'

/** The STUN checks from one end to another, and how that one answered. */
interface Path extends Followed {
  from: string
  to: string
  /** None where the capture has the answers alone: it lacks this direction. */
  checks: number
  successes: number
  /** Error codes of the answers, each with how often it came. */
  errors: Map<number, number>
}

/** A side that has checked so often, for so long, has no path: RFC 8445 §14 spaces checks by half a second at the most. */
const fewestChecks = 5
const leastMs = 3000

const elseOneWay = ', or the capture has one direction alone'

export const iceKind = {
  id: 'ICE-01', severity: 'error', leg: 'media', title: 'ICE finds no path: STUN checks get no good answer',
  why: 'Without a path there is no DTLS handshake, no keys and no audio.',
  fix: 'Answered 401: an ICE password or ufrag was changed on its way, or is that of another exchange; compare a=ice-ufrag and a=ice-pwd hop by hop. '
    + 'Not answered: open rtpengine\'s UDP ports (port-min to port-max), and see that its `interface` advertises an address that the browser reaches.',
  reference: 'RFC 8445 §7',
} as const satisfies FindingKind

/** Counts the ICE checks of a capture, within bounds (STUN, RFC 8489 §5). */
export class IceChecks {
  readonly held = new Held<Path>()

  seen ({ at, source, destination, payload }: Datagram): void {
    if (payload.length < 20 || (payload[0] ?? 0) > 3 || payload.readUInt32BE(4) !== 0x2112a442) return
    const type = payload.readUInt16BE(0)
    const [from, to] = [nameOf(source), nameOf(destination)]
    if (type === 0x0001) {
      const path = this.#pathOf(from, to, at)
      if (!path) return
      path.checks++
      path.last = at
    } else if (type === 0x0101 || type === 0x0111) {
      const path = this.#pathOf(to, from, at)
      if (!path) return
      if (path.checks === 0) path.last = at
      if (type === 0x0101) path.successes++
      const code = type === 0x0111 ? errorOf(payload) : undefined
      if (code !== undefined) path.errors.set(code, (path.errors.get(code) ?? 0) + 1)
    }
  }

  /** Each side of each pair of ends whose checks all failed, though there were enough of them. */
  findings (call: TraceCall): TraceCase[] {
    const places = placesOf(call)
    const { begin, end } = spanOf(call)
    const own = this.held.judge(({ from, to, first, last }) =>
      (places.has(from) || places.has(to)) && last >= begin && first <= end)
    return sidesOf(own).flatMap((paths) => {
      const checks = sum(paths.map((path) => path.checks))
      const [first, last] = [Math.min(...paths.map((path) => path.first)), Math.max(...paths.map((path) => path.last))]
      if (checks < fewestChecks || last - first < leastMs || paths.some(({ successes }) => successes > 0)) return []
      const back = own.filter((other) => paths.some(({ from, to }) => other.from === to && other.to === from))
      const isHeard = back.some((path) => path.checks > 0)
      // Answers to checks that are not there: nor are the answers that came back.
      if (back.length > 0 && !isHeard) return []
      const most = paths.toSorted((one, other) => other.checks - one.checks)[0]
      if (!most) return []
      const errors = paths.flatMap((path) => [...path.errors])
      const evidence: Evidence[] = [
        { field: 'checks', value: `${checks} in ${((last - first) / 1000).toFixed(1)} s` },
        { field: 'most', value: `${most.from} → ${most.to}` },
        { field: 'answers', value: errors.length === 0 ? 'none' : errors.map(([code, count]) => `${count} × ${code}`).join(', ') },
      ]
      const detail = errors.some(([code]) => code === 401)
        ? 'refused: the ICE password or ufrag that the checks have is not that of the other end'
        : errors.length > 0
          ? 'refused'
          : `nothing comes back: the checks or their answers are lost on the way${isHeard ? '' : elseOneWay}`
      const confidence = errors.length > 0 || isHeard ? 'high' : 'medium'
      const ends = paths.flatMap(({ from, to }) => [from, to])
      return [{ leg: most.from, confidence, detail, evidence, messages: naming(places, ends) }]
    })
  }

  #pathOf (from: string, to: string, at: number): Path | undefined {
    return this.held.get(`${from} ${to}`, () => ({ from, to, first: at, last: at, checks: 0, successes: 0, errors: new Map() }))
  }
}

/**
 * The paths by who checks: two agents have several addresses each, of which most pairs lead nowhere, so that only all checks
 * of one agent together tell anything. Ends that are connected by paths belong to the same two agents, in turn.
 */
function sidesOf (paths: readonly Path[]): Path[][] {
  const sides = new Map<string, { agent: object, other: object }>()
  const visit = (end: string, agent: object, other: object): void => {
    const waiting = [{ end, agent, other }]
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const { end: name, agent: own, other: peer } = next
      if (sides.has(name)) continue
      sides.set(name, { agent: own, other: peer })
      for (const { from, to } of paths) {
        if (from === name) waiting.push({ end: to, agent: peer, other: own })
        if (to === name) waiting.push({ end: from, agent: peer, other: own })
      }
    }
  }
  for (const { from } of paths) visit(from, {}, {})
  const byAgent = new Map<object, Path[]>()
  for (const path of paths) {
    const agent = sides.get(path.from)?.agent
    if (agent) byAgent.set(agent, [...byAgent.get(agent) ?? [], path])
  }
  return [...byAgent.values()]
}

/** ERROR-CODE (RFC 8489 §14.8), the class in one byte and the number in the next. */
function errorOf (payload: Buffer): number | undefined {
  for (let at = 20; at + 8 <= payload.length;) {
    const [type, length] = [payload.readUInt16BE(at), payload.readUInt16BE(at + 2)]
    if (type === 0x0009) return ((payload[at + 6] ?? 0) & 7) * 100 + (payload[at + 7] ?? 0)
    at += 4 + length + (4 - length % 4) % 4
  }
  return undefined
}

function sum (values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
