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
 * What the sampler costs at 1,000 live calls: ngpilots as they ship, each with so many calls up on an rtpengine of its
 * own, with the sampler off and on. In every round each makes new calls in turn, and is compared with the one of the same
 * round whose sampler is off; none stands still meanwhile, for whoever did asks its node anew about every call. What
 * decides is CPU for each new call, that of ngpilot and that of both programs, which is what bounds calls/s: the pace by
 * the clock goes by what else the machine does, and is shown beside it. A second one that is off shows how far apart two
 * can be that are the same.
 * `npm run bench:sampler -- [ROUNDS]`, about three minutes
 */
const liveCalls = 1000
const idleSeconds = 15
/** Until the first questions about all the calls, 2 and 5 seconds after their answers, are over where they are bounded. */
const quietSeconds = 10
const rounds = Number(process.argv[2] ?? 41)
const callsPerRound = 500
const lanes = 8
/** `diagnosis.queriesPerSecond`: off, off, as it ships, and so many that the bound shows. */
const settings = [0, 0, 20, 100]
/** Five percent fewer calls/s are so much more CPU for each. */
const mostCpu = 1 / 0.95
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
  const before = await Promise.all(sites.map(async (site) => site.counts()))
  await sleep(idleSeconds * 1000)
  for (const [index, site] of sites.entries()) {
    const [then, now] = [before[index] ?? await site.counts(), await site.counts()]
    site.queries = (now.queries - then.queries) / (now.at - then.at) * 1000
    site.cpuShare = (now.cpuMs - then.cpuMs) / (now.at - then.at)
  }
  for (let round = -1; round < rounds; round++) { // the first warms up
    for (const [turn, site] of inTurn(sites, round + 1).entries()) {
      tell(`round ${Math.max(round + 1, 1)} of ${rounds}, ${turn + 1} of ${sites.length}`)
      const target = await overHttp(site.port, scenario, lanes)
      const [own, node] = [cpuMsOf(site.pid), cpuMsOf(site.nodePid)]
      const { callsPerSecond, refused } = await makeCalls(target, `new-${round}`, callsPerRound, lanes)
      await sleep(settleMs)
      const [ownMs, nodeMs] = [cpuMsOf(site.pid) - own, cpuMsOf(site.nodePid) - node]
      target.close()
      if (round < 0) continue
      const calls = callsPerRound - refused
      site.rates.push(callsPerSecond)
      site.own.push(ownMs / calls * 1000)
      site.both.push((ownMs + nodeMs) / calls * 1000)
    }
  }
  process.stderr.write('\r\x1b[K')
  const [off] = sites
  // Whether a node has lost calls is found out by questions too, with the sampler on or off.
  const ofSampler = ({ queries }: Site) => queries - (off?.queries ?? 0)
  console.log(`\n${liveCalls} calls up on rtpengine 12.5; ${rounds} rounds of ${callsPerRound} new calls each, ${lanes} in flight\n`)
  console.log(table(['queriesPerSecond', 'queries/s', 'of the sampler', 'CPU of ngpilot without new calls'], sites.map((site, index) =>
    [nameOf(site, index), site.queries.toFixed(1), ofSampler(site).toFixed(1), `${(site.cpuShare * 100).toFixed(1)} %`])))
  const figures = [['ngpilot µs', 'own'], ['with rtpengine µs', 'both'], ['calls/s', 'rates']] as const
  const head = figures.flatMap(([title]) => [title, 'against off', '95 % interval'])
  const cellsOf = (site: Site) => figures.flatMap(([, figure]) => {
    const { median, low, high } = compared(site, figure)
    const value = percentile(site[figure], 0.5).toFixed(0)
    return site === off ? [value, '', ''] : [value, median.toFixed(3), `${low.toFixed(3)} to ${high.toFixed(3)}`]
  })
  const rows = sites.map((site, index) => [nameOf(site, index), ...cellsOf(site)])
  console.log(`\n${table(['for each new call', ...head], rows)}`)
  console.log('\nAgainst off: the median over the rounds, each against the one of the same round with the sampler off.')
  for (const site of sites.filter(({ perSecond }) => perSecond > 0)) {
    const intervals = (['own', 'both'] as const).map((figure) => compared(site, figure))
    const isUnchanged = intervals.every(({ high }) => high <= mostCpu)
    const isSlower = intervals.some(({ low }) => low > mostCpu)
    const verdict = isUnchanged ? 'unchanged within 5 %' : isSlower ? 'fewer by more than 5 %' : 'not decided: more rounds are needed'
    console.log(`${site.perSecond} queries a second: by the CPU that each takes, new calls/s are ${verdict}`)
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

/** CPU milliseconds that a process has taken, all its threads together. */
function cpuMsOf (pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8'))
  return threads.reduce((sum, stat) => sum + Number(stat.split(' ')[0]) / 1e6, 0)
}

/** Round by round against the one that is off: the median, and where the true one lies by the order of the rounds alone. */
function compared (site: Site, figure: 'rates' | 'own' | 'both'): { median: number, low: number, high: number } {
  const ratios = site[figure].map((value, round) => value / (sites[0]?.[figure][round] ?? Number.NaN))
    .sort((one, other) => one - other)
  const spread = 1.96 * Math.sqrt(ratios.length) / 2
  const at = (index: number) => ratios[Math.max(0, Math.min(ratios.length - 1, index))] ?? Number.NaN
  const middle = (ratios.length - 1) / 2
  return { median: percentile(ratios, 0.5), low: at(Math.floor(middle - spread)), high: at(Math.ceil(middle + spread)) }
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
    perSecond, pid: ngpilot.pid, nodePid: rtpengine.pid, port: ngpilot.port, queries: 0, cpuShare: 0,
    rates: [] as number[], own: [] as number[], both: [] as number[],
    async counts () {
      const page = await (await fetch(`${ngpilot.url}/metrics`)).text()
      const lines = page.split('\n').filter((line) => /^ngpilot_ng_commands_total\{.*command="query"/.test(line))
      return {
        at: performance.now(),
        queries: lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0),
        cpuMs: cpuMsOf(ngpilot.pid),
      }
    },
  }
}
