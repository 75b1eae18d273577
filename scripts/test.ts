import { spawnSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { finished } from 'node:stream/promises'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { allReleases, bringStack } from './stack.ts'
import { startsPrograms } from './starts-programs.ts'

/**
 * Runs the tests: `npm test` all of them, `npm test -- WORD…` those whose path holds one of the words. Brings what they
 * run against first: Debian trees with the real programs, and Chromium.
 */
const mostUnsteady = 5
const slowestShown = 12
/** Milliseconds, by file. */
const spent = new Map<string, number>()
const words = process.argv.slice(2)
const files = (await readdir('test', { recursive: true }))
  .map((file) => `test/${file}`)
  .filter((file) => file.endsWith('.test.ts') && (words.length === 0 || words.some((word) => file.includes(word))))
  .sort()
if (files.length === 0) {
  console.error(`no test file has ${words.join(' or ')} in its path`)
  process.exit(1)
}

// The other releases are for the tests of other versions, which bring them by themselves when they run alone.
await bringStack(words.length === 0 ? allReleases : ['trixie'])

console.log('Building ngpilot …')
const { status } = spawnSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' })
if (status !== 0) process.exit(1)
process.env.NGPILOT_TEST_PROGRAM = 'dist/main.js'

// A file that fails runs once more at the end: real programs with real timers share the machine with others. What passes
// then is told as unsteady, and is to be mended.
const failed = await runFiles(files)
const steadyFailures = failed.length > 0 && failed.length <= mostUnsteady ? await runFiles(failed) : failed
const unsteady = failed.filter((file) => !steadyFailures.includes(file))
const slowest = [...spent].sort(([, one], [, other]) => other - one).slice(0, slowestShown)
console.log(`\nslowest, in seconds: ${slowest.map(([file, ms]) => `${file} ${Math.round(ms / 1000)}`).join(', ')}`)
if (unsteady.length > 0) console.log(`\nunsteady, passed when run again: ${unsteady.join(', ')}`)
if (steadyFailures.length > 0) console.log(`\nfailed: ${steadyFailures.join(', ')}`)
process.exitCode = steadyFailures.length > 0 ? 1 : 0

/** @returns those that failed */
async function runFiles (these: readonly string[]): Promise<string[]> {
  const alone = these.filter((file) => startsPrograms(file))
  // Two real programs at once on two cores starve each other's timers.
  return [
    ...await runSome(these.filter((file) => !alone.includes(file)), 2),
    ...await runSome(alone, 1),
  ]
}

async function runSome (these: readonly string[], atOnce: number): Promise<string[]> {
  const failures = new Set<string>()
  const events = run({ files: these.map((file) => resolve(file)), concurrency: atOnce })
  events.on('test:fail', ({ file }) => { failures.add(relative('.', file ?? '')) })
  const ended = ({ file = '', nesting, details }: Ended) => {
    if (nesting === 0) spent.set(relative('.', file), (spent.get(relative('.', file)) ?? 0) + details.duration_ms)
  }
  events.on('test:pass', ended).on('test:fail', ended)
  const report = events.compose(new spec()) as NodeJS.ReadWriteStream
  report.pipe(process.stdout, { end: false })
  await finished(report)
  return [...failures]
}

interface Ended { file?: string, nesting: number, details: { duration_ms: number } }
