import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decisionObserver } from '../../src/decisions.ts'
import { decide } from '../../src/policy/decide.ts'
import { checkSources } from '../../src/policy/load.ts'
import { parseSources } from '../../src/policy/source.ts'
import { createDecisionLog, type DecisionLogOptions } from '../../src/telemetry/decision-log.ts'
import { factsOf } from '../policy/facts.ts'

const calls = 2000
const commands = ['offer', 'answer', 'offer'] as const

for (const [log, samplePercent, atLeast, atMost] of [
  ['off', 50, 0, 0], ['sampled', 0, 0, 0], ['sampled', 25, calls * 0.2, calls * 0.3], ['sampled', 100, calls, calls], ['full', 0, calls, calls],
] as const) {
  test(`logs ${log} with ${samplePercent} %: every decision of a call or none`, () => {
    const lines = linesOf({ log, samplePercent })
    const each = new Map<string, string[]>()
    for (const { callId, command } of lines) each.set(callId, [...each.get(callId) ?? [], command])
    assert.ok(each.size >= atLeast && each.size <= atMost, String(each.size))
    for (const ofCall of each.values()) assert.deepEqual(ofCall, commands)
    assert.deepEqual(linesOf({ log, samplePercent }), lines)
    assert.equal(new Set(lines.map(({ decision }) => decision)).size, lines.length)
  })
}

interface Line { decision: string, callId: string, command: string }

function linesOf (options: DecisionLogOptions): Line[] {
  const { policy } = checkSources(parseSources([{ file: 'a.yaml', text: 'version: 1\n' }]))
  assert.ok(policy)
  const lines: Line[] = []
  const info = (line: object): void => { lines.push(line as Line) }
  const decided = decisionObserver({
    policy: { shadow: () => undefined }, recent: { keep: () => undefined }, ofCalls: { decided: () => undefined },
    ofPolicy: { shadowed: () => undefined },
    decisionLog: createDecisionLog(options, { info, error: () => undefined }),
  })
  for (let call = 0; call < calls; call++) {
    for (const [index, command] of commands.entries()) {
      const facts = factsOf({ callId: `call-${call}`, command })
      decided(`${call}.${index}`, facts, decide(policy, facts))
    }
  }
  return lines
}
