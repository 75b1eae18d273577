import { execFile } from 'node:child_process'
import { Agent, request } from 'node:http'
import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { startNgpilot } from '../../stack/ngpilot.ts'
import { type Rtpengine, startRtpengine } from '../../stack/rtpengine.ts'
import { sdpFile } from '../support/calls.ts'
import { built } from './built.ts'
import { percentile, table } from './table.ts'

/**
 * Two real rtpengines under a steady load of new calls: one is stopped, goes on, is killed, comes back and drains. Prints
 * for each phase what became of the calls that began in it, and how long their offers and deletes took.
 * `npm run test:fleet`.
 */
const callsPerSecond = Number(process.argv[2] ?? 200)
const phaseMs = 5000
const callMs = 1000
/** Not shown: Node compiles what it runs often in the first seconds. */
const warmUp = 'warming up'
const ends: (() => Promise<void> | void)[] = []
const context = { after: (end: () => Promise<void> | void) => { ends.push(end) } }

/** `idleMs`: of a request that asks for nothing, made before some deletes: what this machine takes by itself. */
interface Call {
  at: number
  node?: string
  offer?: number
  /** Why it failed: the code of the error. */
  offerError?: string
  offerMs?: number
  answer?: number
  deleteMs?: number
  idleMs?: number
}

try {
  const ranges = [{ min: 10_000, max: 20_000 }, { min: 20_002, max: 30_000 }] as const
  const nodes: [Rtpengine, Rtpengine] = [
    await startRtpengine(context, { rtpPorts: ranges[0], logLevel: 3 }),
    await startRtpengine(context, { rtpPorts: ranges[1], logLevel: 3 }),
  ]
  const ngpilot = await startNgpilot(context, {
    argv: built,
    env: {
      NGPILOT_RTPENGINE_NODES: `n1=127.0.0.1:${nodes[0].port},n2=127.0.0.1:${nodes[1].port}`,
      NGPILOT_POLICY_DIRECTORY: 'policy', NGPILOT_LOG_LEVEL: 'warn',
    },
  })
  await sleep(1500) // the first pings
  const load = startLoad(ngpilot.port)
  const phases: [string, () => Promise<void> | void][] = [
    [warmUp, () => undefined],
    ['both well', () => undefined],
    ['n1 silent (SIGSTOP)', () => { process.kill(nodes[0].pid, 'SIGSTOP') }],
    ['n1 goes on (SIGCONT)', () => { process.kill(nodes[0].pid, 'SIGCONT') }],
    ['n1 killed (SIGKILL)', () => { process.kill(nodes[0].pid, 'SIGKILL') }],
    ['n1 back', async () => { await startRtpengine(context, { port: nodes[0].port, rtpPorts: ranges[0], logLevel: 3 }) }],
    ['n1 drains', () => { void drained(ngpilot.url, 'n1').then((ms) => { emptyAfterMs = ms }) }],
  ]
  const starts: number[] = []
  let emptyAfterMs: number | undefined
  for (const [name, begin] of phases) {
    process.stderr.write(`\r\x1b[K${name} …`)
    await begin()
    starts.push(performance.now())
    await sleep(phaseMs)
  }
  const calls = await load.stop()
  process.stderr.write('\r\x1b[K')
  const rows = phases.flatMap(([name], index) => {
    const [from = 0, to = Infinity] = [starts[index], starts[index + 1]]
    return name === warmUp ? [] : [rowOf(name, from, calls.filter(({ at }) => at >= from && at < to))]
  })
  const head = ['phase', 'calls', 'offers failed', 'offer p50 ms', 'p99', 'max', 'answers failed', 'delete p99 ms', '/healthz p99 ms', 'on n1', 'normal after ms']
  console.log(`\n${callsPerSecond} calls/s, ${callMs} ms each, deadline 400 ms; load average ${loadavg()[0]?.toFixed(1) ?? ''}\n\n${table(head, rows)}\n`)
  const errors = calls.flatMap(({ offerError }) => offerError ?? [])
  if (errors.length > 0) console.log(`offers failed: ${[...new Set(errors)].map((code) => `${errors.filter((each) => each === code).length} ${code}`).join(', ')}`)
  console.log(`ngpilot drain n1 --wait returned ${emptyAfterMs === undefined ? 'never' : `after ${emptyAfterMs.toFixed()} ms`}\n`)
} finally {
  for (const end of ends.reverse()) await end()
}

/** `ngpilot drain --wait`: the command itself. @returns the milliseconds that it took, its own start included */
async function drained (url: string, id: string): Promise<number> {
  const started = performance.now()
  await promisify(execFile)(process.execPath, [...built, 'drain', id, '--wait', '--url', url])
  return performance.now() - started
}

function rowOf (name: string, from: number, calls: Call[]): string[] {
  const offers = calls.map(({ offerMs = Infinity }) => offerMs)
  const answered = calls.filter(({ offer }) => offer === 200)
  // Selection is normal again when no later offer of the phase had to wait for another node.
  const slow = calls.filter(({ offerMs = Infinity }) => offerMs > 50).map(({ at }) => at - from)
  return [
    name, String(calls.length), String(calls.length - answered.length),
    percentile(offers, 0.5).toFixed(1), percentile(offers, 0.99).toFixed(1), Math.max(...offers).toFixed(0),
    String(answered.filter(({ answer }) => answer !== 200).length),
    percentile(calls.map(({ deleteMs = 0 }) => deleteMs), 0.99).toFixed(1),
    percentile(calls.flatMap(({ idleMs }) => idleMs ?? []), 0.99).toFixed(1),
    `${(100 * answered.filter(({ node }) => node === 'n1').length / Math.max(1, answered.length)).toFixed(0)} %`,
    Math.max(0, ...slow).toFixed(0),
  ]
}

/** Begins a call every 1/callsPerSecond; each has its offer, its answer, and its delete after `callMs`. */
function startLoad (port: number) {
  const calls: Call[] = []
  const running = new Set<Promise<void>>()
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const offer = sdpFile('answer-plain-pcmu').toString()
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
    const offered = await ask('/v1/offer', { callId, fromTag: 'f', sdp: offer })
    call.offerMs = performance.now() - call.at
    call.offer = offered.status
    if (offered.status !== 200) {
      call.offerError = /"code":"(\w+)"/.exec(offered.body)?.[1] ?? String(offered.status)
      return
    }
    call.node = (JSON.parse(offered.body) as { node: string }).node
    call.answer = (await ask('/v1/answer', { callId, fromTag: 'f', toTag: 't', sdp: offer })).status
    await sleep(callMs)
    const before = performance.now()
    // Before every fourth: it costs this machine as much as the delete.
    if (isProbed) {
      await ask('/healthz')
      call.idleMs = performance.now() - before
    }
    const between = performance.now()
    await ask('/v1/delete', { callId })
    call.deleteMs = performance.now() - between
  }

  function ask (path: string, body?: object): Promise<{ status: number, body: string }> {
    return new Promise((resolve) => {
      const text = body ? JSON.stringify(body) : ''
      const headers = body && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
      request({ port, path, method: body ? 'POST' : 'GET', agent, ...headers && { headers } }, (reply) => {
        let received = ''
        reply.setEncoding('utf8').on('data', (chunk: string) => { received += chunk })
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body: received }))
      }).on('error', () => resolve({ status: 0, body: '' })).end(text)
    })
  }

  return {
    async stop (): Promise<Call[]> {
      clearInterval(timer)
      await Promise.all(running)
      agent.destroy()
      return calls
    },
  }
}
