import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { startNgpilot } from '../../stack/ngpilot.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { phone, sdpFile } from '../support/calls.ts'
import { built } from './built.ts'
import { makeCalls } from './load.ts'
import { percentile, table } from './table.ts'
import { overHttp, type Scenario } from './targets.ts'

/**
 * What the sampler costs at 1,000 live calls: ngpilots as they ship, each with so many calls up on an rtpengine of its own,
 * with the sampler off and on. As its questions are bounded by the second, so is the CPU that they take, whatever else
 * ngpilot does: that is measured without new calls, window by window beside the ones that are off, and decides by how much
 * calls/s can fall. New calls are made too, in rounds; two processes that are the same differ there by more than a sampler
 * costs, as the second one that is off shows. `npm run bench:sampler -- [ROUNDS]`, about four minutes
 */
const liveCalls = 1000
const windows = 15
const windowSeconds = 5
/** Until the first questions about all the calls, 2 and 5 seconds after their answers, are over where they are bounded. */
const quietSeconds = 10
const rounds = Number(process.argv[2] ?? 15)
const callsPerRound = 500
const lanes = 8
/** `diagnosis.queriesPerSecond`: off, off, as it ships, and so many that the bound shows. */
const settings = [0, 0, 20, 100]
/** Of a core: one that has so much less to spare makes so many fewer calls. */
const mostCpu = 0.05
/** What an ngpilot has still to do after the calls of a round, deletes above all, is no other's. */
const settleMs = 150
const ends: (() => Promise<void> | void)[] = []
const context = { after: (end: () => Promise<void> | void) => { ends.push(end) } }
const tell = (text: string) => process.stderr.write(`\r\x1b[K${text} …`)

const sdp = sdpFile('answer-plain-pcmu')
const scenario: Scenario = {
  name: 'phone → phone', offer: sdp, answer: sdp, source: phone, destination: phone, offerFlags: {}, answerFlags: {},
}

type Site = Awaited<ReturnType<typeof startLoaded>>
const sites: Site[] = []
try {
  for (const [index, perSecond] of settings.entries()) sites.push(await startLoaded(perSecond, index))
  tell('no new calls')
  await sleep(quietSeconds * 1000)
  for (let window = 0; window < windows; window++) {
    const before = await Promise.all(sites.map(async (site) => site.counts()))
    await sleep(windowSeconds * 1000)
    for (const [index, site] of sites.entries()) {
      const [then, now] = [before[index] ?? await site.counts(), await site.counts()]
      const share = (figure: 'queries' | 'cpuMs' | 'nodeMs') => (now[figure] - then[figure]) / (now.at - then.at)
      site.queries.push(share('queries') * 1000)
      site.shares.push(share('cpuMs'))
      site.nodeShares.push(share('nodeMs'))
    }
  }
  for (let round = -1; round < rounds; round++) { // the first warms up
    for (const [turn, site] of inTurn(sites, round + 1).entries()) {
      tell(`round ${Math.max(round + 1, 1)} of ${rounds}, ${turn + 1} of ${sites.length}`)
      const target = await overHttp(site.port, scenario, lanes)
      const before = cpuMsOf(site.pid)
      const { callsPerSecond, refused } = await makeCalls(target, `new-${round}`, callsPerRound, lanes)
      await sleep(settleMs)
      const ownMs = cpuMsOf(site.pid) - before
      target.close()
      if (round < 0) continue
      site.rates.push(callsPerSecond)
      site.own.push(ownMs / (callsPerRound - refused) * 1000)
    }
  }
  process.stderr.write('\r\x1b[K')
  const [off] = sites
  // Whether a node has lost calls is found out by questions too, in bursts, with the sampler on or off.
  const ofSampler = ({ queries }: Site) => mean(queries) - mean(off?.queries ?? [])
  console.log(`\n${liveCalls} calls up on rtpengine 12.5, no new ones; ${windows} windows of ${windowSeconds} s\n`)
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`
  const head = ['queriesPerSecond', 'queries/s', 'of the sampler', 'CPU of ngpilot', 'more than off', '95 % interval', 'of rtpengine', 'more than off', '95 % interval']
  console.log(table(head, sites.map((site, index) => [
    nameOf(site, index), mean(site.queries).toFixed(1), ofSampler(site).toFixed(1),
    ...(['shares', 'nodeShares'] as const).flatMap((figure) => {
      const { median, low, high } = more(site, figure)
      const value = percent(percentile(site[figure], 0.5))
      return site === off ? [value, '', ''] : [value, percent(median), `${percent(low)} to ${percent(high)}`]
    }),
  ])))
  console.log(`\n${rounds} rounds of ${callsPerRound} new calls each, ${lanes} in flight\n`)
  console.log(table(['queriesPerSecond', 'CPU µs of ngpilot a call', 'new calls/s'], sites.map((site, index) =>
    [nameOf(site, index), percentile(site.own, 0.5).toFixed(0), percentile(site.rates, 0.5).toFixed(0)])))
  console.log()
  for (const site of sites.filter(({ perSecond }) => perSecond > 0)) {
    const [own, node] = [more(site, 'shares'), more(site, 'nodeShares')]
    const isUnchanged = own.high <= mostCpu && node.high <= mostCpu
    const isSlower = own.low > mostCpu || node.low > mostCpu
    const verdict = isUnchanged ? 'unchanged within 5 %' : isSlower ? 'fewer by more than 5 %' : 'not decided: more windows are needed'
    console.log(`${site.perSecond} queries a second take ${percent(own.high)} of a core at most: new calls/s are ${verdict}`)
    if (!isUnchanged || ofSampler(site) > site.perSecond * 1.05) process.exitCode = 1
  }
} finally {
  for (const end of ends.reverse()) await end()
}

/** Another order in each round, forwards and backwards, so that none always comes after the same other. */
function inTurn (all: readonly Site[], round: number): Site[] {
  const turned = all.map((_, index) => all[(index + round) % all.length]).flatMap((site) => site ?? [])
  return round % 2 === 0 ? turned : turned.reverse()
}

function nameOf ({ perSecond }: Site, index: number): string {
  return perSecond > 0 ? String(perSecond) : index === 0 ? 'off' : 'off, the other'
}

function mean (values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** CPU milliseconds that a process has taken, all its threads together. */
function cpuMsOf (pid: number): number {
  const tasks = `/proc/${pid}/task`
  const threads = readdirSync(tasks).map((thread) => readFileSync(`${tasks}/${thread}/schedstat`, 'utf8'))
  return threads.reduce((sum, stat) => sum + Number(stat.split(' ')[0]) / 1e6, 0)
}

/** Window by window beside the one that is off: the median, and where the true one lies by the windows' order alone. */
function more (site: Site, figure: 'shares' | 'nodeShares'): { median: number, low: number, high: number } {
  const steps = site[figure].map((share, window) => share - (sites[0]?.[figure][window] ?? Number.NaN))
    .sort((one, other) => one - other)
  const spread = 1.96 * Math.sqrt(steps.length) / 2
  const at = (index: number) => steps[Math.max(0, Math.min(steps.length - 1, index))] ?? Number.NaN
  const middle = (steps.length - 1) / 2
  return { median: percentile(steps, 0.5), low: at(Math.floor(middle - spread)), high: at(Math.ceil(middle + spread)) }
}

/** An ngpilot with its calls up, each offered and answered. */
async function startLoaded (perSecond: number, index: number) {
  tell(`${liveCalls} calls, ${perSecond} queries a second`)
  const min = 10_000 + index * 13_800
  const rtpengine = await startRtpengine(context, { rtpPorts: { min, max: min + 13_798 }, logLevel: 3 })
  const ngpilot = await startNgpilot(context, {
    argv: built,
    env: {
      NGPILOT_RTPENGINE_NODES: `n1=127.0.0.1:${rtpengine.port}`, NGPILOT_POLICY_DIRECTORY: 'policy', NGPILOT_LOG_LEVEL: 'error',
      NGPILOT_DIAGNOSIS_QUERIES_PER_SECOND: String(perSecond),
    },
  })
  const target = await overHttp(ngpilot.port, scenario, lanes)
  let next = 0
  await Promise.all(Array.from({ length: lanes }, async (_, lane) => {
    while (next < liveCalls) {
      const call = `live-${next++}`
      await target.run('offer', call, lane)
      await target.run('answer', call, lane)
    }
  }))
  target.close()
  return {
    perSecond, pid: ngpilot.pid, port: ngpilot.port,
    queries: [] as number[], shares: [] as number[], nodeShares: [] as number[], rates: [] as number[], own: [] as number[],
    async counts () {
      const page = await (await fetch(`${ngpilot.url}/metrics`)).text()
      const lines = page.split('\n').filter((line) => /^ngpilot_ng_commands_total\{.*command="query"/.test(line))
      return {
        at: performance.now(),
        queries: lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0),
        cpuMs: cpuMsOf(ngpilot.pid),
        nodeMs: cpuMsOf(rtpengine.pid),
      }
    },
  }
}
