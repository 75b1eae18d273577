import { execFile } from 'node:child_process'
import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { startNgpilot } from '../../stack/ngpilot.ts'
import { freePort } from '../../stack/ports.ts'
import { type Rtpengine, startRtpengine } from '../../stack/rtpengine.ts'
import { sdpFile } from '../support/calls.ts'
import { built } from './built.ts'
import { percentile, table } from './table.ts'
import { byHttp, byNg, type Way } from './ways-to-ask.ts'

/**
 * Two real rtpengines under a steady load of new calls: one is stopped, goes on, is killed, comes back and drains. Prints
 * for each phase what became of the calls that began in it, and how long their offers and deletes took.
 * `npm run test:fleet`; a rate, and `http` or `ng`, may be given.
 */
const callsPerSecond = Number(process.argv[2] ?? 200)
const way = process.argv[3] ?? 'http'
/** Of n1 and n2: the port of an SDP tells the node. */
const ranges = [{ min: 10_000, max: 20_000 }, { min: 20_002, max: 30_000 }] as const
const phaseMs = 5000
const callMs = 1000
/** Not shown: Node compiles what it runs often in the first seconds. */
const warmUp = 'warming up'
const ends: (() => Promise<void> | void)[] = []
const context = { after: (end: () => Promise<void> | void) => { ends.push(end) } }

/** `then`: what is to be normal again: n1 is left out of the selection, or has its share. */
interface Phase { name: string, begin: () => Promise<void> | void, then?: 'out' | 'in' }

/** `idleMs`: of a request that asks for nothing, made before some deletes: what this machine takes by itself. */
interface Call {
  at: number
  node?: string
  /** Why it failed. */
  offerError?: string | undefined
  offerMs?: number
  answerError?: string | undefined
  deleteMs?: number
  idleMs?: number
}

try {
  const nodes: [Rtpengine, Rtpengine] = [
    await startRtpengine(context, { rtpPorts: ranges[0], logLevel: 3 }),
    await startRtpengine(context, { rtpPorts: ranges[1], logLevel: 3 }),
  ]
  const ngPort = await freePort()
  const ngpilot = await startNgpilot(context, {
    argv: built,
    env: {
      NGPILOT_RTPENGINE_NODES: `n1=127.0.0.1:${nodes[0].port},n2=127.0.0.1:${nodes[1].port}`,
      NGPILOT_POLICY_DIRECTORY: 'policy', NGPILOT_LOG_LEVEL: 'warn', NGPILOT_NG_LISTEN: `127.0.0.1:${ngPort}`,
    },
  })
  await sleep(1500) // the first pings
  const load = startLoad(way === 'ng' ? await byNg(ngPort) : byHttp(ngpilot.port))
  const phases: Phase[] = [
    { name: warmUp, begin: () => undefined },
    { name: warmUp, begin: () => undefined },
    { name: 'both well', begin: () => undefined },
    { name: 'n1 silent (SIGSTOP)', begin: () => { process.kill(nodes[0].pid, 'SIGSTOP') }, then: 'out' },
    { name: 'n1 goes on (SIGCONT)', begin: () => { process.kill(nodes[0].pid, 'SIGCONT') }, then: 'in' },
    { name: 'n1 killed (SIGKILL)', begin: () => { process.kill(nodes[0].pid, 'SIGKILL') }, then: 'out' },
    { name: 'n1 back', begin: async () => { await startRtpengine(context, { port: nodes[0].port, rtpPorts: ranges[0], logLevel: 3 }) }, then: 'in' },
    { name: 'n1 drains', begin: () => { void drained(ngpilot.url, 'n1').then((ms) => { emptyAfterMs = ms }) }, then: 'out' },
  ]
  const starts: number[] = []
  /** By phase: when n1 was left out of the selection. */
  const outAfterMs = new Map<string, number>()
  let emptyAfterMs: number | undefined
  for (const { name, begin, then } of phases) {
    process.stderr.write(`\r\x1b[K${name} …`)
    await begin()
    const startedAt = performance.now()
    starts.push(startedAt)
    if (then === 'out') void leftOut(ngpilot.url, 'n1').then(() => outAfterMs.set(name, performance.now() - startedAt))
    await sleep(phaseMs)
  }
  const calls = await load.stop()
  process.stderr.write('\r\x1b[K')
  const rows = phases.flatMap(({ name, then }, index) => {
    const [from = 0, to = Infinity] = [starts[index], starts[index + 1]]
    if (name === warmUp) return []
    const own = calls.filter(({ at }) => at >= from && at < to)
    const normalMs = then === 'in' ? sharedAfterMs(from, own) : outAfterMs.get(name)
    const late = own.filter(({ at, node }) => node === 'n1' && at >= from + (normalMs ?? 0))
    return [[...rowOf(name, own), normalMs?.toFixed() ?? '', then === 'out' ? String(late.length) : '']]
  })
  const head = ['phase', 'calls', 'offers failed', 'offer p50 ms', 'p99', 'max', 'answers failed', 'delete p99 ms', 'nothing p99 ms', 'on n1', 'normal after ms', 'on n1 after that']
  console.log(`\n${callsPerSecond} calls/s by ${way.toUpperCase()}, ${callMs} ms each, deadline 400 ms; load average ${loadavg()[0]?.toFixed(1) ?? ''}\n\n${table(head, rows)}\n`)
  const errors = calls.filter(({ at }) => at >= (starts[2] ?? 0)).flatMap(({ offerError }) => offerError ?? [])
  if (errors.length > 0) console.log(`offers failed: ${[...new Set(errors)].map((code) => `${errors.filter((each) => each === code).length} ${code}`).join(', ')}`)
  console.log(`ngpilot drain n1 --wait returned ${emptyAfterMs === undefined ? 'never' : `after ${emptyAfterMs.toFixed()} ms`}\n`)
} finally {
  for (const end of ends.reverse()) await end()
}

/** Resolves when new calls do not go to a node any more before others: when it is not up. */
async function leftOut (url: string, id: string): Promise<void> {
  for (;;) {
    const { nodes } = await (await fetch(`${url}/v1/nodes`)).json() as { nodes: { id: string, state: string }[] }
    if (nodes.find((node) => node.id === id)?.state !== 'up') return
    await sleep(20)
  }
}

/** When n1 had its share of the new calls again: 40 % of those of a quarter of a second. */
function sharedAfterMs (from: number, calls: Call[]): number | undefined {
  for (let ms = 0; ms < phaseMs - 250; ms += 50) {
    const some = calls.filter(({ at }) => at >= from + ms && at < from + ms + 250)
    if (some.filter(({ node }) => node === 'n1').length >= 0.4 * some.length) return ms + 250
  }
  return undefined
}

/** `ngpilot drain --wait`: the command itself. @returns the milliseconds that it took, its own start included */
async function drained (url: string, id: string): Promise<number> {
  const started = performance.now()
  await promisify(execFile)(process.execPath, [...built, 'drain', id, '--wait', '--url', url])
  return performance.now() - started
}

function rowOf (name: string, calls: Call[]): string[] {
  const offers = calls.map(({ offerMs = Infinity }) => offerMs)
  const answered = calls.filter(({ node }) => node !== undefined)
  return [
    name, String(calls.length), String(calls.length - answered.length),
    percentile(offers, 0.5).toFixed(1), percentile(offers, 0.99).toFixed(1), Math.max(...offers).toFixed(0),
    String(answered.filter(({ answerError }) => answerError !== undefined).length),
    percentile(calls.map(({ deleteMs = 0 }) => deleteMs), 0.99).toFixed(1),
    percentile(calls.flatMap(({ idleMs }) => idleMs ?? []), 0.99).toFixed(1),
    `${(100 * answered.filter(({ node }) => node === 'n1').length / Math.max(1, answered.length)).toFixed(0)} %`,
  ]
}

/** Begins a call every 1/callsPerSecond; each has its offer, its answer, and its delete after `callMs`. */
function startLoad (ngpilot: Way) {
  const calls: Call[] = []
  const running = new Set<Promise<void>>()
  const sdp = sdpFile('answer-plain-pcmu').toString()
  const started = performance.now()
  const timer = setInterval(() => {
    const due = Math.floor((performance.now() - started) * callsPerSecond / 1000)
    while (calls.length < due) {
      const one = makeCall(`fleet-${calls.length}`)
      running.add(one)
      void one.finally(() => running.delete(one))
    }
  }, 5)

  async function makeCall (callId: string): Promise<void> {
    const call: Call = { at: performance.now() }
    const isProbed = calls.push(call) % 4 === 0
    const offered = await ngpilot.offer(callId, sdp)
    call.offerMs = performance.now() - call.at
    call.offerError = offered.error
    if (offered.sdp === undefined) return
    call.node = Number(/^m=audio (\d+)/m.exec(offered.sdp)?.[1]) <= ranges[0].max ? 'n1' : 'n2'
    call.answerError = (await ngpilot.answer(callId, sdp)).error
    await sleep(callMs)
    const before = performance.now()
    // Before every fourth: it costs this machine as much as the delete.
    if (isProbed) {
      await ngpilot.nothing()
      call.idleMs = performance.now() - before
    }
    const between = performance.now()
    await ngpilot.delete(callId)
    call.deleteMs = performance.now() - between
  }

  return {
    async stop (): Promise<Call[]> {
      clearInterval(timer)
      await Promise.all(running)
      ngpilot.close()
      return calls
    },
  }
}
