import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { decide } from '../../src/policy/decide.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import { factsOfSdp } from '../../src/sdp/facts.ts'
import { parseSdp } from '../../src/sdp/parse.ts'
import { startNgpilot } from '../../stack/ngpilot.ts'
import { freePort } from '../../stack/ports.ts'
import { startRedis } from '../../stack/redis.ts'
import { type Rtpengine, startRtpengine } from '../../stack/rtpengine.ts'
import { browser, phone, sdpFile } from '../support/calls.ts'
import { trustingPolicy } from '../transparency/compare.ts'
import { conformanceTable } from './conformance.ts'
import { commands, type Measured, type Target, makeCalls } from './load.ts'
import { built } from './built.ts'
import { percentile, table } from './table.ts'
import { type Scenario, direct, overHttp } from './targets.ts'
import { startRelay } from './ways-stack.ts'

/**
 * The same offers, answers and deletes straight to rtpengine and through ngpilot, by HTTP and by NG, in turn, in one run.
 * `npm run bench` prints the medians of the rounds and their ratios, `npm run bench:ng` those of NG alone; with `--quick` it
 * does a tenth of it.
 */
const isQuick = process.argv.includes('--quick')
const isNgAlone = process.argv.includes('ng')
const rounds = isQuick ? 1 : 5
const callsPerRound = isQuick ? 100 : 300
/** Node compiles what it runs often. */
const ngWarmUpCalls = isQuick ? 100 : 2000
/** A round begins when the deletes of the one before are done. */
const settleMs = 700
const ends: (() => Promise<void> | void)[] = []
class Crash extends Error {}
const context = { after: (end: () => Promise<void> | void) => { ends.push(end) } }

if (!isNgAlone) console.log(`\n${conformanceTable()}\n`)
try {
  const rows = isNgAlone
    ? await benchNg()
    : [...await bench('memory', {}), ...await benchNg(), ...await bench('redis', { NGPILOT_STORE_URL: (await startRedis(context)).url })]
  console.log(`\n${table(['scenario, store, in flight', 'calls/s direct', 'ngpilot', 'ratio', 'p50 ms direct', 'ngpilot', 'p99 ms direct', 'ngpilot', 'CPU µs/command', 'refused direct', 'ngpilot'], rows)}\n`)
} finally {
  for (const end of ends.reverse()) await end()
}

async function bench (store: string, env: Record<string, string>): Promise<string[][]> {
  const rows: string[][] = []
  for (const scenario of await scenarios()) {
    for (const lanes of [1, 8, 32]) {
      rows.push(await withRtpengine(async (rtpengine) => {
        const ngpilot = await startNgpilot(context, {
          argv: built,
          env: {
            NGPILOT_RTPENGINE_NODES: `n1=127.0.0.1:${rtpengine.port}`, NGPILOT_POLICY_DIRECTORY: 'policy', NGPILOT_LOG_LEVEL: 'warn', ...env,
          },
        })
        const targets = [await direct(rtpengine.port, scenario), await overHttp(ngpilot.port, scenario, lanes)] as const
        const row = await compare(`${scenario.name}, ${store}, ${lanes}`, targets, lanes, ngpilot.pid)
        await ngpilot.stop()
        return row
      }))
    }
  }
  return rows
}

/** A row with an rtpengine of its own; made again where that crashes, as 12.5 does now and then when calls with ICE end. */
async function withRtpengine<T> (make: (rtpengine: Rtpengine) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    const rtpengine = await startRtpengine(context, { rtpPorts: { min: 10_000, max: 60_000 }, logLevel: 3 })
    const crash = rtpengine.ended.then((how): never => { throw new Crash(`rtpengine ended (${how})`) })
    try {
      return await Promise.race([make(rtpengine), crash])
    } catch (error) {
      if (!(error instanceof Crash) || tries === 3) throw error
      console.log(`\n${error.message}: the row is made again`)
    } finally {
      crash.catch(() => undefined)
      await rtpengine.stop()
    }
  }
}

/**
 * The same client with the same flags, to rtpengine and to the NG ingress: passed on, or left to the policy. And to a
 * process that copies datagrams and does nothing else, which is what any that stands between costs here.
 */
async function benchNg (): Promise<string[][]> {
  const [scenario] = await scenarios()
  if (!scenario) return []
  const rows: string[][] = []
  for (const lanes of [1, 16]) {
    rows.push(await withRtpengine(async (rtpengine) => {
      const port = await freePort()
      const relay = await startRelay(context, port, rtpengine.port)
      const targets = [await direct(rtpengine.port, scenario), { ...await direct(port, scenario), name: 'relay' }] as const
      return compare(`NG through a bare relay, ${lanes}`, targets, lanes, relay.pid ?? 0, ngWarmUpCalls)
    }))
  }
  for (const [name, policy] of [['NG passed on', await trustingPolicy(context)], ['NG by policy', 'policy']] as const) {
    for (const lanes of [1, 16]) {
      rows.push(await withRtpengine(async (rtpengine) => {
        const ngPort = await freePort()
        const ngpilot = await startNgpilot(context, {
          argv: built,
          env: {
            NGPILOT_RTPENGINE_NODES: `n1=127.0.0.1:${rtpengine.port}`, NGPILOT_NG_LISTEN: `127.0.0.1:${ngPort}`,
            NGPILOT_POLICY_DIRECTORY: policy, NGPILOT_LOG_LEVEL: 'warn',
          },
        })
        const targets = [await direct(rtpengine.port, scenario), { ...await direct(ngPort, scenario), name: 'ngpilot' }] as const
        const row = await compare(`${name}, memory, ${lanes}`, targets, lanes, ngpilot.pid, ngWarmUpCalls)
        await ngpilot.stop()
        return row
      }))
    }
  }
  return rows
}

type Closable = Target & { close: () => void }

async function compare (
  label: string, targets: readonly [Closable, Closable], lanes: number, pid: number, warmUpCalls = callsPerRound,
): Promise<string[]> {
  const measured: [Measured[], Measured[]] = [[], []]
  let cpuMs = 0
  for (let round = -1; round < rounds; round++) { // the first warms up
    process.stderr.write(`\r${label}: round ${Math.max(round + 1, 1)} of ${rounds}   `)
    for (const [index, target] of targets.entries()) {
      const before = cpuMsOf(pid)
      await sleep(settleMs)
      const result = await makeCalls(target, `${label}-${target.name}-${round}`, round < 0 ? warmUpCalls : callsPerRound, lanes)
      if (round < 0) continue
      measured[index as 0 | 1].push(result)
      if (index === 1) cpuMs += cpuMsOf(pid) - before
    }
  }
  process.stderr.write('\r\x1b[K')
  for (const target of targets) target.close()

  const [straight, through] = measured
  const rate = (results: Measured[]) => percentile(results.map((result) => result.callsPerSecond), 0.5)
  const latency = (results: Measured[], share: number) =>
    percentile(results.flatMap((result) => commands.flatMap((command) => result.latenciesMs[command])), share).toFixed(2)
  return [
    label, rate(straight).toFixed(0), rate(through).toFixed(0), (rate(through) / rate(straight)).toFixed(2),
    latency(straight, 0.5), latency(through, 0.5), latency(straight, 0.99), latency(through, 0.99),
    (cpuMs * 1000 / (rounds * callsPerRound * commands.length)).toFixed(0),
    ...measured.map((results) => String(results.reduce((sum, { refused }) => sum + refused, 0))),
  ]
}

/** CPU time that a process has used, user and system, in milliseconds (proc(5): fields 14 and 15, in 1/100 s). */
function cpuMsOf (pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

async function scenarios (): Promise<Scenario[]> {
  const policy = await loadPolicy('policy')
  const scenario = (name: string, source: typeof browser | typeof phone, offer: Buffer): Scenario => {
    const answer = sdpFile('answer-plain-pcmu')
    const flags = (command: 'offer' | 'answer', sdp: Buffer) => decide(policy, {
      command, callId: 'bench', at: 0, vars: {}, sdp: factsOfSdp(parseSdp(sdp)),
      ...(command === 'offer' ? { caller: 'sender', sender: source, receiver: phone } : { caller: 'receiver', sender: phone, receiver: source }),
    }).flags
    return {
      name, source, destination: phone, offer, answer, offerFlags: flags('offer', offer), answerFlags: flags('answer', answer),
    }
  }
  return [
    scenario('phone → phone', phone, sdpFile('answer-plain-pcmu')),
    scenario('browser → phone', browser, sdpFile('chromium-audio-gathered-loopback')),
  ]
}
