import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { ensureChromium } from '../stack/chromium.ts'
import { ensureTree } from '../stack/tree.ts'

/**
 * Runs the tests: `npm test` all of them, `npm test -- WORD…` those whose path holds one of the words. Brings what they
 * run against first: Debian trees with the real programs, and Chromium.
 */
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
for (const release of words.length === 0 ? ['trixie', 'bookworm', 'sid'] as const : ['trixie'] as const) {
  await ensureTree({ release, onProgress: (line) => console.log(line) })
}
await ensureChromium((line) => console.log(line))

// One file at a time: they start real programs, and two at once on two cores starve each other's timers.
const child = spawn(process.execPath, [
  '--import', 'tsx', '--test', '--test-reporter=spec', '--test-concurrency=1', ...files,
], { stdio: 'inherit' })
child.on('exit', (code) => { process.exitCode = code ?? 1 })
