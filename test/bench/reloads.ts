import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runReloads } from '../policy/reloads.ts'
import { table } from './table.ts'

/** `npm run test:policy`: 1,000 reloads under load, every second one broken, of a small and of a large policy. */
const ends: (() => unknown)[] = []
const context = { name: 'reloads', after: (end: () => unknown) => { ends.push(end) } }
const directory = await mkdtemp(join(tmpdir(), 'ngpilot-reloads-'))
const rows: string[][] = []
for (const [reloads, rules] of [[1000, 20], [50, 1000]] as const) {
  const figures = await runReloads(context, directory, { reloads, rules, clients: 4 })
  const { requests, failures, strange, loaded, refused, seen, before, during, resident, heap } = figures
  const ms = ({ median, p99, worst }: typeof before) => [median, p99, worst].map((time) => time.toFixed(1)).join(' / ')
  rows.push([
    `${reloads} reloads of ${rules} rules`, `${loaded} / ${refused}`, String(requests), String(failures.length),
    `${seen} / ${strange.length}`, ms(before), ms(during), resident.map((megabytes) => megabytes.toFixed(0)).join(' / '),
    heap.map((megabytes) => megabytes.toFixed(1)).join(' / '),
  ])
  // What is kept of calls that were, and eight policies for those that run, is full after some thousand calls.
  const [, second = NaN, , last = NaN] = heap
  if (reloads >= 1000 && !(last < second * 1.1)) {
    process.exitCode = 1
    console.log(`after the last quarter the heap holds ${last.toFixed(1)} MB, after the second ${second.toFixed(1)} MB`)
  }
  if (failures.length + strange.length > 0 || loaded !== reloads / 2 || refused !== reloads / 2) process.exitCode = 1
  for (const failure of failures) console.log(failure)
}
console.log(table([
  'policy', 'loaded / refused', 'calls meanwhile', 'failed', 'revisions that decided / not good',
  'ms before: median / p99 / worst', 'ms meanwhile', 'MB: before / halfway / at the end',
  'MB of heap after each quarter',
], rows))
for (const end of ends.reverse()) await end()
await rm(directory, { recursive: true })
