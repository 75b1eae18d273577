import { cpuMs, makeCalls } from './sip-load.ts'
import { percentile, table } from './table.ts'
import { startWay, type Way, ways } from './ways-stack.ts'

/**
 * Calls through Kamailio by each way of asking ngpilot, and with Kamailio's rtpengine module straight to rtpengine, with the
 * same kamailio.cfg, in one run: `npm run bench:kamailio`; with words only those ways, and straight. So many at a time as
 * fast as they go; then at a steady pace that all keep, where the time from INVITE to 200 tells what each way adds; then
 * faster and faster, up to where calls fail or wait.
 */
const rounds = 2
const callsPerRound = 2000
/** Node compiles what it runs often. */
const warmUpCalls = 1000
const atATime = 24
const pace = 100
const paced = 400
/** Calls a second, each for two seconds. */
const paces = [150, 200, 250, 300, 350, 400, 500, 600, 800, 1000]
/** From INVITE to 200. With more the proxy falls behind; at 500 ms phones send again. */
const mostWaitMs = 100
/** Offer, answer, delete. */
const commandsPerCall = 3

interface Round {
  callsPerSecond: number
  failed: number
  p50: number
  p99: number
  kamailioUs: number
  betweenUs: number
  rtpengineUs: number
}

const words = process.argv.slice(2)
const chosen = ways.filter((way) => way === 'straight' || words.length === 0 || words.includes(way))
const results = new Map<Way, Round[]>(chosen.map((way) => [way, []]))
const sustained = new Map<Way, number>()
for (let round = 0; round < rounds; round++) {
  for (const way of chosen) {
    process.stderr.write(`\r\x1b[Kround ${round + 1} of ${rounds}: ${way} …`)
    results.get(way)?.push(await measure(way, round === 0))
  }
}
process.stderr.write('\r\x1b[K')

const median = (way: Way, key: keyof Round) => percentile((results.get(way) ?? []).map((each) => each[key]), 0.5)
const rows = chosen.map((way) => [
  way,
  median(way, 'callsPerSecond').toFixed(0),
  (median(way, 'callsPerSecond') / median('straight', 'callsPerSecond')).toFixed(2),
  String(sustained.get(way) ?? 0),
  ...(['p50', 'p99'] as const).flatMap((key) => [median(way, key).toFixed(1), (median(way, key) - median('straight', key)).toFixed(1)]),
  ...(['kamailioUs', 'betweenUs', 'rtpengineUs'] as const).map((key) => median(way, key).toFixed(0)),
  String((results.get(way) ?? []).reduce((sum, { failed }) => sum + failed, 0)),
])
console.log(`\nKamailio 6.0; ${callsPerRound} calls, ${atATime} at a time; highest pace at which no call fails and p99 stays below ${mostWaitMs} ms;`)
console.log(`INVITE to 200 in ms and CPU in µs a command at ${pace} calls/s; medians of ${rounds} rounds\n`)
console.log(table(['asks by', 'calls/s', 'ratio', 'kept up', 'p50', 'added', 'p99', 'added', 'Kamailio', 'between', 'rtpengine', 'failed'], rows))

async function measure (way: Way, isSearching: boolean): Promise<Round> {
  const ends: (() => Promise<void> | void)[] = []
  const context = { after: (end: () => Promise<void> | void) => { ends.push(end) } }
  try {
    const { target, pids } = await startWay(context, way)
    await makeCalls(context, { target, calls: warmUpCalls, atATime })
    const most = await makeCalls(context, { target, calls: callsPerRound, atATime })
    const cpu = () => ({ kamailio: cpuMs(pids.kamailio), between: cpuMs(pids.between), rtpengine: cpuMs(pids.rtpengine) })
    const before = cpu()
    const even = await makeCalls(context, { target, calls: paced, perSecond: pace })
    const after = cpu()
    const perCommand = (key: keyof typeof before) => (after[key] - before[key]) * 1000 / (commandsPerCall * paced)
    if (isSearching) sustained.set(way, await highestPace(context, target))
    return {
      callsPerSecond: most.callsPerSecond, failed: most.failed + even.failed,
      p50: percentile(even.inviteMs, 0.5), p99: percentile(even.inviteMs, 0.99),
      kamailioUs: perCommand('kamailio'), betweenUs: perCommand('between'), rtpengineUs: perCommand('rtpengine'),
    }
  } finally {
    for (const end of ends.reverse()) await end()
  }
}

async function highestPace (context: Parameters<typeof startWay>[0], target: Parameters<typeof makeCalls>[1]['target']): Promise<number> {
  let highest = pace
  for (const perSecond of paces) {
    const { failed, inviteMs } = await makeCalls(context, { target, calls: 2 * perSecond, perSecond })
    if (failed > 0 || percentile(inviteMs, 0.99) > mostWaitMs) return highest
    highest = perSecond
  }
  return highest
}
