import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { wireCalls, wireFindings } from '../analyze/wire.ts'
import { table } from './table.ts'

/**
 * The four troubles and healthy calls, made for real through Kamailio and rtpengine, as tcpdump (pcap), tshark (pcapng) and
 * ngrep (text) capture them: what `ngpilot analyze` names, beside what it must. Ends with 1 when they differ, with the
 * reports of those that do in a file. `npm run test:captures -- [WORD…]`: only calls whose name holds one of the words.
 */
const words = process.argv.slice(2)
const ends: (() => Promise<void>)[] = []
const context = { after: (end: () => Promise<void>) => { ends.push(end) } }
const calls = wireCalls.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))
try {
  const results = await wireFindings(context, calls, ['tcpdump', 'tshark', 'ngrep'], (name) => process.stderr.write(`\r\x1b[K${name} …`))
  process.stderr.write('\r\x1b[K')
  const isWrong = ({ expected, found }: { expected: string[], found: string[] }) => expected.join() !== found.join()
  const rows = results.map((result) => [
    `${result.wire.name}${isWrong(result) ? ' (WRONG)' : ''}`, result.program, result.expected.join(', ') || 'nothing', result.found.join(', ') || 'nothing',
  ])
  console.log(table(['call', 'captured by', 'expected', 'found'], rows))
  const wrong = results.filter(isWrong)
  if (wrong.length > 0) {
    process.exitCode = 1
    const file = join(tmpdir(), 'ngpilot-captures.json')
    await writeFile(file, JSON.stringify(wrong, null, 2))
    console.log(`\nThe reports of the wrong ones are in ${file}.`)
  }
} finally {
  for (const end of ends.reverse()) await end()
}
