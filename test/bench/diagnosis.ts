import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ensureTree, type Release } from '../../stack/tree.ts'
import { makeOnNode, nodeTroubles } from '../diagnosis/node-troubles.ts'
import { makeBySip, sipTroubles } from '../diagnosis/sip-troubles.ts'
import { earlyTroubles, lateTroubles, makeAll, moreTroubles, type Trouble } from '../diagnosis/troubles.ts'
import { startMediaSite } from '../support/media-call.ts'
import { startSite } from '../support/site.ts'
import { table } from './table.ts'

/**
 * Calls that are broken on purpose, with a real rtpengine, a real Chromium and real phones: which finding came, on which leg
 * and when, beside what was expected. Ends with 1 when they differ.
 * `npm run test:diagnosis -- [--release bookworm] [WORD…]`: the rtpengine of another Debian; only troubles whose name holds
 * one of the words.
 */
const { values: { release = 'trixie' }, positionals: words } = parseArgs({
  options: { release: { type: 'string' } }, allowPositionals: true,
})
const ends: (() => Promise<void>)[] = []
const context = { after: (end: () => Promise<void>) => { ends.push(end) } }
const rows: string[][] = []
const tell = (text: string) => process.stderr.write(`\r\x1b[K${text} …`)
const chosen = <T extends { name: string }>(troubles: readonly T[]): T[] =>
  troubles.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))

try {
  const tree = await ensureTree({ release: release as Release })
  const policy = { NGPILOT_POLICY_DIRECTORY: 'test/diagnosis/policy' }
  const ofEnds = chosen([...earlyTroubles, ...lateTroubles, ...moreTroubles])
    .map((trouble) => ({ ...trouble, expected: release === 'sid' ? trouble.expectedOf26 ?? trouble.expected : trouble.expected }))
  const ofNodes = chosen(nodeTroubles)
  tell(`${ofEnds.length} calls with ends of their own, ${ofNodes.length} with nodes of their own`)
  const site = await startMediaSite(context, { env: policy, rtpengine: { tree } })
  const [byEnds, byNodes] = await Promise.all([
    makeAll(context, site, ofEnds),
    Promise.all(ofNodes.map(async (trouble, index) => {
      await sleep(index * 2000)
      return makeOnNode(context, trouble, tree)
    })),
  ])
  for (const { trouble, found, afterSeconds } of byEnds) add(trouble, found, afterSeconds)
  for (const { trouble, found, afterSeconds } of byNodes) add(trouble, found, afterSeconds)
  const bySip = chosen(sipTroubles)
  if (bySip.length > 0) {
    const whole = await startSite(context, { release: release as Release })
    const results = await makeBySip(context, whole, bySip, tell)
    for (const { trouble, found, afterSeconds } of results) add(trouble, found, afterSeconds)
  }
} finally {
  process.stderr.write('\r\x1b[K')
  for (const end of ends.reverse()) await end()
}

console.log(table([`trouble, on the rtpengine of ${release}`, 'expected', 'found', 'seconds'], rows))
console.log('\nSeconds from the beginning of the call; a trouble that takes place later is found that much later.')

function add ({ name, expected }: Pick<Trouble, 'name' | 'expected'>, found: string[], afterSeconds?: number): void {
  const isRight = expected.join() === found.join()
  if (!isRight) process.exitCode = 1
  rows.push([
    isRight ? name : `${name} (WRONG)`, expected.join(', ') || 'nothing', found.join(', ') || 'nothing',
    afterSeconds?.toFixed(1) ?? '-',
  ])
}
