import type { Release as RtpengineRelease } from '../../src/ng/release.ts'
import { ensureTree, type Release } from '../../stack/tree.ts'
import { table } from '../bench/table.ts'
import { compare, compareMedia } from './compare.ts'
import { corpus } from './corpus.ts'
import { type Counts, ownSuite, type SuiteRow } from './own-suite.ts'

/**
 * `npm run test:transparency`: the same commands straight to rtpengine and through ngpilot's NG ingress, for each version
 * in the field, or with words those alone (`-- 12.5`), and media through both. Prints how much was the same, the first that
 * was not, and what rtpengine's own test-suite says, where it is to be had.
 */
const words = process.argv.slice(2)
const all: [Release, RtpengineRelease][] = [['bookworm', '10.5'], ['trixie', '12.5'], ['sid', '26.0']]
const releases = all.filter(([, version]) => words.length === 0 || words.includes(version))
const ends: (() => Promise<void> | void)[] = []
const context = { after: (end: () => Promise<void> | void) => { ends.push(end) } }
const rows: string[][] = []
const suites: string[] = []
const suiteRows: string[][] = []

try {
  for (const [release, version] of releases) {
    const tree = await ensureTree({ release, onProgress: (line) => process.stderr.write(`${line}\n`) })
    for (const format of ['bencode', 'JSON'] as const) {
      process.stderr.write(`\r\x1b[Krtpengine ${version}, ${format}: ${corpus.length} sequences …`)
      const { commands, same, different } = await compare(context, corpus, { tree, format, version })
      process.stderr.write('\r\x1b[K')
      rows.push([`rtpengine ${version}, ${format}`, String(corpus.length), String(commands), String(same), String(different.length)])
      if (different.length > 0) process.exitCode = 1
      for (const text of different.slice(0, 10)) console.log(`rtpengine ${version}: ${text}`)
    }
    const media = await compareMedia(context, tree)
    rows.push([`rtpengine ${version}, media`, String(media.commands), '', String(media.same), String(media.different.length)])
    if (media.different.length > 0) process.exitCode = 1
    for (const text of media.different) console.log(`rtpengine ${version}: ${text}`)
    const suite = await ownSuite(context, release)
    if ('missing' in suite) suites.push(`rtpengine ${version}'s own test-suite did not run: the mirror does not have its source package (${suite.missing})`)
    else for (const row of suite) addSuiteRow(version, row)
  }
  console.log(`\n${table(['ngpilot\'s own corpus', 'sequences', 'commands', 'replies the same', 'different'], rows)}\n\n${suites.join('\n')}\n`)
  if (suiteRows.length > 0) console.log(`${table(['rtpengine', 'file of its own test-suite', 'ok straight', 'not ok', 'ok through ngpilot', 'not ok'], suiteRows)}\n`)
} finally {
  for (const end of ends.reverse()) await end()
}

/** Both ways a file must come as far, with the same checks failed. */
function addSuiteRow (version: string, row: SuiteRow): void {
  if ('notRun' in row) {
    suites.push(`rtpengine ${version}, ${row.file} was not run: ${row.notRun}`)
    return
  }
  const { file, straight, through } = row
  suiteRows.push([version, file, ...[straight, through].flatMap(({ ok, notOk }) => [String(ok), String(notOk)])])
  if (straight.brokeOff !== undefined) suites.push(`rtpengine ${version}, ${file} breaks off straight: ${straight.brokeOff}`)
  if (outcome(straight) === outcome(through)) return
  process.exitCode = 1
  const added = through.failed.filter((name) => !straight.failed.includes(name))
  suites.push(`rtpengine ${version}, ${file} differs through ngpilot: ${through.brokeOff ?? added[0] ?? 'the counts'}`)
}

function outcome ({ ok, failed, brokeOff }: Counts): string {
  return JSON.stringify([ok, failed, brokeOff !== undefined])
}
