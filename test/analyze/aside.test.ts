import assert from 'node:assert/strict'
import { test } from 'node:test'
import { analyzeAside } from '../../src/analyze/aside.ts'
import { formats, troubles } from './traces.ts'

const { trace } = troubles['audio stops after 30 seconds']
const text = Buffer.from(formats['sngrep']?.(trace) ?? '')

test('a trace is looked at in a thread, and what is wrong with the request is told in the same words', async () => {
  assert.equal((await analyzeAside(text, [])).calls[0]?.findings[0]?.id, 'SIG-01')
  await assert.rejects(analyzeAside(Buffer.from('no SIP here'), []), { code: 'bad_request', message: /neither SIP messages nor an SDP/ })
  await assert.rejects(analyzeAside(text, ['browser']), { code: 'bad_request', message: /"browser" is no kind of leg/ })
})

test('one that takes too long or too much memory is given up', async () => {
  await assert.rejects(analyzeAside(text, [], { mostMs: 1 }), { code: 'too_large', message: /more than 0\.001 s; look at it with ngpilot analyze/ })
  const many = Array.from({ length: 500 }, (_, index) => String(text).replaceAll('call-1@', `call-${index}@`)).join('')
  const much = analyzeAside(Buffer.from(many), [], { mostMegabytes: 16, mostMs: 120_000 })
  await assert.rejects(much, { code: 'too_large', message: /more than 16 MB of memory/ })
})
