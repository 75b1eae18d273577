import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { compileExpression, type Expression } from '../../src/policy/expression.ts'

function compiled (source: string): Expression {
  const expression = compileExpression(source, 'rule')
  assert.ok('holds' in expression, source)
  return expression
}

const byUserAgent = (userAgent: string) => ({
  facts: { command: 'offer', callId: 'a', at: 0, sip: { method: 'INVITE', userAgent } }, vars: {}, legs: () => undefined,
} as const)

test('each expression matches by its own patterns, however many came after it', () => {
  const [desk, soft] = [compiled('regex(sip.userAgent, "^Desk")'), compiled('regex(sip.userAgent, "^Soft")')]
  for (let index = 0; index < 3000; index++) compiled(`vars.a == "${index}"`)
  assert.deepEqual([desk, soft].map(({ holds }) => ['Desk 1', 'Soft 1'].map((agent) => holds(byUserAgent(agent)))), [[true, false], [false, true]])
})

test('expressions that no policy has any longer are forgotten, and their patterns with them', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const heap = () => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const load = (from: number) => {
    for (let index = from; index < from + 2500; index++) compiled(`regex(sip.userAgent, "^Phone[ /]${index}\\\\.[0-9]+")`)
  }
  const before = heap()
  load(0)
  const full = heap()
  load(2500)
  assert.ok(heap() - full < (full - before) / 5, 'the second half of the expressions took the place of the first')
})
