import { loadPolicy } from '../../src/policy/load.ts'
import { presetNames } from '../../src/policy/presets.ts'
import { ensureTree, type Release } from '../../stack/tree.ts'
import { knownWrong, pairs, runPair, startNode } from '../policy/pairs.ts'

/**
 * `npm run test:policy`: a call between every two presets on each rtpengine in the field. Prints what each callee was
 * offered and each caller answered by 12.5, and what is wrong anywhere; ends with 1 if anything is that is not known.
 */
const releases: Record<string, Release> = { 10.5: 'bookworm', 12.5: 'trixie', '26.0': 'sid' }
const policy = await loadPolicy('policy')
const ends: (() => unknown)[] = []
const context = { name: 'policy-pairs', after: (end: () => unknown) => { ends.push(end) } }

const results = new Map<string, { told: string, marks: string[] }>()
const complaints: string[] = []
for (const [version, release] of Object.entries(releases)) {
  const tree = await ensureTree({ release, onProgress: (line) => console.log(line) })
  const node = await startNode(context, { tree })
  for (const pair of pairs) {
    const { from, to, sample, offered, answered, wrong } = await runPair(policy, node, pair)
    const unknown = wrong.filter((each) => !knownWrong.has(`${from} → ${to}: ${each}`))
    complaints.push(...unknown.map((each) => `${version} ${from} → ${to} (${sample}): ${each}`))
    const key = `${from} → ${to} (${sample})`
    const result = results.get(key) ?? { told: '', marks: [] }
    if (version === '12.5') result.told = `${offered} | ${answered}`
    result.marks.push(unknown.length > 0 ? 'WRONG' : wrong.length > 0 ? 'known' : 'ok')
    results.set(key, result)
  }
  const [unknownWord] = /.*unknown.*/i.exec(node.rtpengine.logs()) ?? []
  if (unknownWord !== undefined) complaints.push(`${version}: ${unknownWord}`)
}

console.log(`| call (endpoint) | ${Object.keys(releases).join(' | ')} | offered to the callee | answered to the caller |\n| --- | --- | --- | --- | --- | --- |`)
for (const [key, { told, marks }] of results) console.log(`| ${key} | ${marks.join(' | ')} | ${told} |`)
console.log(`\n${presetNames.length} presets, ${pairs.length} calls on each of ${Object.keys(releases).join(', ')}; ${complaints.length} wrong`)
for (const complaint of complaints) console.log(complaint)
for (const end of ends.reverse()) await end()
process.exitCode = complaints.length > 0 ? 1 : 0
