import type * as Conformance from '../../src/sdp/conformance.ts'
import type * as Parsing from '../../src/sdp/parse.ts'
import type * as View from '../../src/sdp/view.ts'
import { sdpFile } from '../support/calls.ts'
import { percentile, table } from './table.ts'

// As it ships: tsx names each inner function anew whenever it is made, which doubles what a small rule takes.
const { check } = await import(new URL('../../dist/sdp/conformance.js', import.meta.url).href) as typeof Conformance
const { parseSdp } = await import(new URL('../../dist/sdp/parse.js', import.meta.url).href) as typeof Parsing
const { viewOf } = await import(new URL('../../dist/sdp/view.js', import.meta.url).href) as typeof View

const rounds = 15
const perRound = 2000

const facts = {
  plain: { direction: 'out', role: 'offer', leg: { name: 'phone', kind: 'plain', codecs: ['PCMU', 'PCMA', 'telephone-event'] }, isPublic: true },
  web: { direction: 'out', role: 'answer', leg: { name: 'browser', kind: 'web' }, isPublic: true },
} as const satisfies Record<string, Conformance.RuleFacts>

/** CPU microseconds for one SDP: read alone, and read with every rule that concerns the leg. Medians, side by side. */
export function conformanceTable (): string {
  const rows = [
    row('audio offer to a phone', 'out105-webrtc-to-plain-opus-pcmu-offer', facts.plain),
    row('audio answer to a browser', 'out105-webrtc-to-plain-opus-pcmu-answer', facts.web, 'chromium-audio-gathered'),
    row('browser\'s own audio offer, all leaks in it', 'chromium-audio-gathered', facts.plain),
    row('audio and video to a browser', 'chromium-av-gathered', facts.web),
  ]
  return table(['conformance rules, CPU µs for one SDP', 'parse', 'parse and rules', 'rules alone', 'findings'], rows)
}

function row (label: string, name: string, base: Conformance.RuleFacts, offer?: string): string[] {
  const bytes = sdpFile(name)
  const full: Conformance.RuleFacts = { ...base, ...offer !== undefined && { offer: viewOf(parseSdp(sdpFile(offer))) } }
  const whole = () => check(viewOf(parseSdp(bytes)), full)
  const alone: number[] = []
  const withRules: number[] = []
  for (let round = -2; round < rounds; round++) { // the first two warm up
    const [parse, rules] = [cpuPerRun(() => parseSdp(bytes)), cpuPerRun(whole)]
    if (round < 0) continue
    alone.push(parse)
    withRules.push(rules)
  }
  const [parse, rules] = [percentile(alone, 0.5), percentile(withRules, 0.5)]
  return [label, parse.toFixed(1), rules.toFixed(1), (rules - parse).toFixed(1), String(whole().length)]
}

function cpuPerRun (run: () => unknown): number {
  const before = process.cpuUsage()
  for (let left = perRound; left > 0; left--) run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / perRound
}
