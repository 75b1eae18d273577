import assert from 'node:assert/strict'
import test from 'node:test'
import { analyze } from '../../src/analyze/analyze.ts'
import { reportOf } from '../../src/analyze/report.ts'
import { call, chunked, formats, hepPcap, pcapOf, troubles } from './traces.ts'

const hints = { byAddress: new Map<string, never>() }
const report = async (bytes: Buffer | string) => reportOf(await analyze(chunked(bytes), { hints }))

for (const [trouble, { id, trace }] of Object.entries(troubles)) {
  for (const [format, write] of [...Object.entries(formats), ['pcap', pcapOf] as const, ['HEP in pcap', hepPcap] as const]) {
    test(`names "${trouble}" in a trace as ${format} writes it`, async () => {
      const { calls, problems, messages } = await report(write(trace))
      assert.deepEqual([problems, messages, calls.length], [[], trace.length, 1])
      const grave = calls[0]?.findings.filter(({ severity }) => severity !== 'note').map((finding) => finding.id)
      assert.equal(grave?.[0], id, grave?.join())
    })
  }
}

for (const [format, write] of [...Object.entries(formats), ['pcap', pcapOf] as const, ['HEP in pcap', hepPcap] as const]) {
  test(`finds nothing wrong with a healthy call, as ${format} writes it`, async () => {
    const { calls: [one], problems, messages } = await report(write(call()))
    assert.deepEqual([problems, messages], [[], 13])
    assert.deepEqual(one?.findings.filter(({ severity }) => severity !== 'note').map(({ id }) => id), [])
  })
}
