import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileExpression, forgetExpressions, type Expression } from '../../src/policy/expression.ts'

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

test('an expression is compiled once for loads that follow each other, and forgotten when four have gone by without it', () => {
  const source = 'sip.userAgent == "Kept"'
  const first = compileExpression(source, 'rule')
  for (let load = 0; load < 20; load++) {
    forgetExpressions()
    if (load % 3 === 0) assert.equal(compileExpression(source, 'rule'), first)
  }
  for (let load = 0; load < 4; load++) forgetExpressions()
  assert.notEqual(compileExpression(source, 'rule'), first)
})
