import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureChromium } from '../../stack/chromium.ts'
import type { MediaWay } from '../../stack/kamailio.ts'
import { ensureTree } from '../../stack/tree.ts'
import { table } from '../bench/table.ts'
import { type Step, basicCall, steps } from './basic-call.ts'
import { type Combination, impossible, kamailios, nameOf, releases, rtpengines, ways } from './combinations.ts'

/**
 * Every version of Kamailio with every version of rtpengine and every way to ask: `npm run test:matrix`, or with words
 * only those that have each of them: `npm run test:matrix -- evapi 12.5`. Prints a table, and why steps failed.
 */
const words = process.argv.slice(2)
const onProgress = (line: string) => console.error(line)
for (const release of releases) await ensureTree({ release, onProgress })
await ensureChromium(onProgress)

const rows: string[][] = []
const failures: string[] = []
const reasons = new Set<string>()
for (const kamailio of releases) {
  for (const way of ways) {
    for (const rtpengine of releases) {
      const combination = { kamailio, rtpengine, way }
      const itsWords = [kamailios[kamailio], way, rtpengines[rtpengine]]
      if (words.every((word) => itsWords.includes(word as MediaWay))) rows.push(await run(combination))
    }
  }
}
console.log(`\n${table(['Kamailio', 'asks by', 'rtpengine', ...steps, 'seconds'], rows)}\n`)
for (const reason of reasons) console.log(`cannot: ${reason}`)
if (failures.length > 0) {
  const folder = join(tmpdir(), 'ngpilot-matrix')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'failures.txt'), failures.join('\n\n'))
  console.log(`${failures.map((failure) => failure.split('\n').slice(0, 2).join('\n  ')).join('\n')}\n\nall of it: ${join(folder, 'failures.txt')}`)
  process.exitCode = 1
}

async function run (combination: Combination): Promise<string[]> {
  const head = [kamailios[combination.kamailio], combination.way, rtpengines[combination.rtpengine]]
  const reason = impossible(combination)
  if (reason !== undefined) {
    reasons.add(`Kamailio ${kamailios[combination.kamailio]}, ${combination.way}: ${reason}`)
    return [...head, ...steps.map(() => 'cannot'), '']
  }
  process.stderr.write(`\r\x1b[K${nameOf(combination)} …`)
  const well: Step[] = []
  const started = performance.now()
  const ends: (() => Promise<void>)[] = []
  try {
    await basicCall({ after: (end) => { ends.push(end) } }, combination, (step) => { well.push(step) })
  } catch (error) {
    failures.push(`${nameOf(combination)}, ${steps[well.length] ?? ''}:\n${(error as Error).message}`)
  } finally {
    for (const end of ends.reverse()) await end()
    process.stderr.write('\r\x1b[K')
  }
  const marks = steps.map((_step, index) => index < well.length ? 'ok' : index === well.length ? 'FAILED' : '–')
  return [...head, ...marks, ((performance.now() - started) / 1000).toFixed(1)]
}
