import { analyze } from '../../src/analyze/analyze.ts'
import { reportOf } from '../../src/analyze/report.ts'
import { call, chunked, formats, hepPcap, pcapOf } from '../analyze/traces.ts'
import { refusing, type Target } from './target.ts'

const trace = call().slice(2, 6)
const hints = { byAddress: new Map<string, never>() }

async function run (input: Buffer): Promise<'taken' | 'refused'> {
  const analysis = await refusing(async () => reportOf(await analyze(chunked(input, 4096), { hints })))
  return analysis ? 'taken' : 'refused'
}

/** Logs and exported tables with SIP in them. */
export const textTraces: Target = {
  name: 'text traces',
  seeds: [...Object.values(formats).map((write) => Buffer.from(write(trace), 'latin1')), trace[3]?.text ?? ''].map((seed) => Buffer.from(seed)),
  alphabet: Buffer.from('\r\n\t ,;:"\\*.<>=[]->SIP/2.0 v=0m=c=a=0123456789'),
  run,
}

/** Captures with SIP, bare and in HEP. */
export const captures: Target = {
  name: 'captures', seeds: [pcapOf(trace), hepPcap(trace)], alphabet: Buffer.from([0, 1, 2, 4, 6, 8, 17, 0x45, 0x80, 0xff]), run,
}
