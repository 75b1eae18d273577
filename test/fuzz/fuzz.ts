import { table } from '../bench/table.ts'
import { fuzz } from './run.ts'
import { targets } from './targets.ts'

/** `npm run test:fuzz [-- MILLIONS [SEED]]`: so many changed inputs for each target, one million unless said otherwise. */
const millions = Number(process.argv[2] ?? 1)
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31)
const rows: string[][] = []

for (const target of targets()) {
  process.stderr.write(`\r\x1b[K${target.name} …`)
  const startedAt = performance.now()
  const { inputs, taken, refused, slowestMs, heapMegabytes } = await fuzz(target, { inputs: millions * 1_000_000, seed })
  const seconds = (performance.now() - startedAt) / 1000
  const figures = [slowestMs.toFixed(1), heapMegabytes.toFixed(1), seconds.toFixed(0)]
  rows.push([target.name, String(inputs), String(taken), String(refused), ...figures])
  // Some of what the first inputs bring stays: compiled code, caches of a bounded size.
  if (heapMegabytes > 64) throw new Error(`${target.name} holds ${heapMegabytes.toFixed(0)} MB more than after its first 20,000 inputs`)
}
process.stderr.write('\r\x1b[K')
console.log(`\nseed ${seed}\n\n${table(['target', 'inputs', 'taken', 'refused', 'slowest ms', 'heap + MB', 's'], rows)}\n`)
