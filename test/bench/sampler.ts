import { readFileSync } from 'node:fs'
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
 * with the sampler off and on, measured in turn while the others stand still. `npm run bench:sampler`
 */
const liveCalls = 1000
const idleSeconds = 10
const rounds = 7
const callsPerRound = 400
const lanes = 8
/** `diagnosis.queriesPerSecond` as it ships, and so many that the bound shows. */
const settings = [0, 20, 100]
/** After an ngpilot has stood still it hears from its node again. */
const settleMs = 1000
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
  const alone = async (site: Site) => {
    for (const { pid } of sites) process.kill(pid, pid === site.pid ? 'SIGCONT' : 'SIGSTOP')
    await sleep(settleMs)
  }
  for (const site of sites) {
    tell(`${site.perSecond} queries a second, no new calls`)
    await alone(site)
    const before = await site.counts()
    await sleep(idleSeconds * 1000)
    const after = await site.counts()
    site.queries = (after.queries - before.queries) / (after.at - before.at) * 1000
    site.cpuShare = (after.cpuMs - before.cpuMs) / (after.at - before.at)
  }
  for (let round = -1; round < rounds; round++) { // the first warms up
    // The order turns, so that none always comes after the same other.
    for (let turn = 0; turn < sites.length; turn++) {
      const site = sites[(turn + round + 1) % sites.length]
      tell(`round ${Math.max(round + 1, 1)} of ${rounds}, ${site?.perSecond} queries a second`)
      if (!site) continue
      await alone(site)
      const target = await overHttp(site.port, scenario, lanes)
      const { callsPerSecond } = await makeCalls(target, `new-${round}`, callsPerRound, lanes)
      target.close()
      if (round >= 0) site.rates.push(callsPerSecond)
    }
  }
  process.stderr.write('\r\x1b[K')
  const [off] = sites
  // Whether a node has lost calls is found out by questions too, with the sampler on or off.
  const ofSampler = ({ queries }: Site) => queries - (off?.queries ?? 0)
  const rate = (site: Site | undefined) => percentile(site?.rates ?? [], 0.5)
  console.log(`\n${liveCalls} calls up on rtpengine 12.5; calls/s: the median of ${rounds} rounds in turn, ${lanes} in flight\n`)
  const head = ['queriesPerSecond', 'queries/s', 'of the sampler', 'CPU of ngpilot', 'new calls/s', 'against off']
  console.log(table(head, sites.map((site) => [
    site.perSecond === 0 ? 'off' : String(site.perSecond), site.queries.toFixed(1), ofSampler(site).toFixed(1),
    `${(site.cpuShare * 100).toFixed(1)} %`, rate(site).toFixed(0), (rate(site) / rate(off)).toFixed(3),
  ])))
  if (sites.some((site) => ofSampler(site) > site.perSecond * 1.05)) process.exitCode = 1
} finally {
  for (const { pid } of sites) process.kill(pid, 'SIGCONT')
  for (const end of ends.reverse()) await end()
}

/** An ngpilot with its calls up, each offered and answered. */
async function startLoaded (perSecond: number, index: number) {
  tell(`${liveCalls} calls, ${perSecond} queries a second`)
  const min = 10_000 + index * 16_000
  const rtpengine = await startRtpengine(context, { rtpPorts: { min, max: min + 15_998 }, logLevel: 3 })
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
    perSecond, pid: ngpilot.pid, port: ngpilot.port, queries: 0, cpuShare: 0, rates: [] as number[],
    async counts () {
      const page = await (await fetch(`${ngpilot.url}/metrics`)).text()
      const lines = page.split('\n').filter((line) => /^ngpilot_ng_commands_total\{.*command="query"/.test(line))
      const fields = readFileSync(`/proc/${ngpilot.pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')
      return {
        at: performance.now(),
        queries: lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0),
        cpuMs: (Number(fields[11]) + Number(fields[12])) * 10, // proc(5): in 1/100 s
      }
    },
  }
}
