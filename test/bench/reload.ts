import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type * as Holder from '../../src/policy/holder.ts'
import { table } from './table.ts'

/**
 * What a changed policy costs a running ngpilot: until it decides, and how long at most nothing else had its turn. Cold is
 * the first reload of a process, which starts the thread that checks; warm the median of those after it.
 */
const warmReloads = 15

// As it is run: built.
const { createPolicyHolder } = await import(new URL('../../dist/policy/holder.js', import.meta.url).href) as typeof Holder
const directory = await mkdtemp(join(tmpdir(), 'ngpilot-reload-'))
const ignore = () => undefined
const observer = {
  loaded: ignore, forgotten: ignore, fellBack: ignore, candidate: ignore, doubted: ignore,
  refused: complain, troubled: complain,
}
const rows: string[][] = []
for (const rules of [1000, 10_000]) {
  const put = async (round: number) => writeFile(join(directory, 'a.yaml'), policyOf(rules, round))
  await put(0)
  const holder = await createPolicyHolder({ directory, observer })
  const reloads: { ms: number, stallMs: number }[] = []
  for (let round = 1; round <= warmReloads + 1; round++) {
    await put(round)
    reloads.push(await measured(async () => holder.reload()))
    await sleep(50)
  }
  holder.close()
  const [cold, ...warm] = reloads
  const median = (of: (reload: typeof warm[number]) => number) => warm.map(of).sort((a, b) => a - b)[warm.length >> 1] ?? NaN
  const cells = (ms = NaN, stallMs = NaN) => [ms.toFixed(0), stallMs.toFixed(1)]
  if (rows.length === 0) rows.push([`${rules} rules, cold`, ...cells(cold?.ms, cold?.stallMs)])
  rows.push([`${rules} rules, warm`, ...cells(median(({ ms }) => ms), median(({ stallMs }) => stallMs))])
}
await rm(directory, { recursive: true })
console.log(table(['reload', 'ms', 'longest stall ms'], rows))

function complain (problem: string): void {
  throw new Error(problem)
}

/** A tenth of them expressions, none of which the policy before had. */
function policyOf (rules: number, round: number): string {
  const matches = Array.from({ length: rules }, (_, index) => {
    return index % 10 === 0 ? `when: 'regex(sip.userAgent, "^Phone ${round}-${index}")'` : `vars: { trunk: t${index} }`
  })
  return `version: 1
profiles: { browser: { extends: webrtc }, phone: { extends: sip } }
endpoints: [{ profile: browser, match: { transport: wss } }, { profile: phone }]
rules:
${matches.map((match, index) => `  - { name: rule-${round}-${index}, match: { ${match} }, set: { tos: ${(round + index) % 256} } }`).join('\n')}
`
}

async function measured (run: () => Promise<void>): Promise<{ ms: number, stallMs: number }> {
  let stallMs = 0
  let isDone = false
  const begin = performance.now()
  let last = begin
  const turn = () => {
    const now = performance.now()
    stallMs = Math.max(stallMs, now - last)
    last = now
    if (!isDone) setImmediate(turn)
  }
  setImmediate(turn)
  await run()
  isDone = true
  return { ms: performance.now() - begin, stallMs }
}
