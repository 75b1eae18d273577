import assert from 'node:assert/strict'
import test from 'node:test'
import { choppy, wireFindings } from './wire.ts'

test('a real call of 30 ms against 20 ms, from tcpdump\'s file and ngrep\'s text; npm run test:captures has the others', async (t) => {
  const context = { after: (end: () => Promise<void>) => { t.after(end) } }
  const results = await wireFindings(context, [choppy], ['tcpdump', 'ngrep'])
  assert.deepEqual(results.map(({ program, found }) => [program, ...found]), [['tcpdump', 'OA-06'], ['ngrep', 'OA-06']])
  for (const { report: { calls: [call], problems } } of results) {
    assert.deepEqual(problems, [])
    assert.equal(call?.outcome.state, 'answered')
    assert.equal(call.middle.length, 1)
    assert.equal(call.legs.length, 2)
  }
})
