import assert from 'node:assert/strict'
import test from 'node:test'
import { analyze } from '../../src/analyze/analyze.ts'
import { reportOf } from '../../src/analyze/report.ts'
import { dtlsKinds } from '../../src/analyze/dtls.ts'
import { iceKind } from '../../src/analyze/ice.ts'
import { rtpKinds } from '../../src/analyze/rtp.ts'
import { signallingRules } from '../../src/analyze/signalling.ts'
import type { Finding } from '../../src/finding.ts'
import { cases, type Trace } from './cases.ts'
import { call, chunked, formats } from './traces.ts'

async function findingsOf (trace: Trace): Promise<Finding[]> {
  const bytes = Buffer.isBuffer(trace) ? trace : formats['sngrep']?.(trace) ?? ''
  const { calls } = reportOf(await analyze(chunked(bytes, 65_536), { hints: { byAddress: new Map() } }))
  return calls.flatMap(({ findings }) => findings)
}

const idsOf = async (trace: Trace): Promise<string[]> => [...new Set((await findingsOf(trace)).map(({ id }) => id))].sort()

test('has cases for every rule for traces and a rule for every case', () => {
  const ids = [...signallingRules, iceKind, ...Object.values(dtlsKinds), ...Object.values(rtpKinds)].map(({ id }) => id)
  assert.deepEqual(ids.sort(), Object.keys(cases).sort())
})

/** What the browser of all the traces leaves in. */
const always = await idsOf(call())

for (const [id, { trips, with: others = [], misses }] of Object.entries(cases)) {
  test(`${id}: each of its traces trips it, the near misses do not`, async () => {
    assert.ok(trips.length > 0 && misses.length > 0)
    for (const [index, trace] of trips.entries()) {
      const found = (await idsOf(trace)).filter((each) => !always.includes(each))
      assert.deepEqual(found, [id, ...others].sort(), `trips[${index}]`)
    }
    for (const [index, trace] of misses.entries()) assert.ok(!(await idsOf(trace)).includes(id), `misses[${index}]`)
  })
}

test('what a capture of one direction would show too is told with less confidence', async () => {
  const surety = async (id: string, ...indices: number[]) => Promise.all(indices.map(async (index) =>
    (await findingsOf(cases[id]?.trips[index] ?? [])).find((finding) => finding.id === id)?.confidence))
  assert.deepEqual(await surety('ICE-01', 0, 1, 2), ['high', 'high', 'medium'])
  assert.deepEqual(await surety('RTP-01', 0), ['medium'])
})
