import { createSocket } from 'node:dgram'
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../stack/ports.ts'
import { startNgpilot } from '../../stack/ngpilot.ts'
import { encode, readBody, split } from '../../src/ng/codec.ts'
import { sdpFile } from '../support/calls.ts'
import { startFakeRtpengine } from '../support/fake-rtpengine.ts'
import { built } from './built.ts'
import { percentile, table } from './table.ts'

/**
 * More first offers a second than ngpilot can carry out, by HTTP and by NG, as it is and with every request begun at once:
 * what it does of itself with 16 in flight, times FACTOR. The node answers at once and costs nothing, so that ngpilot alone
 * is short of time. Prints what became of the requests and after how long.
 * `node --import tsx test/bench/overload.ts [FACTOR] [SECONDS]`, part of `npm run test:fleet`.
 */
const factor = Number(process.argv[2] ?? 3)
const seconds = Number(process.argv[3] ?? 5)
const deadlineMs = 400
const sdp = sdpFile('answer-plain-pcmu')
/** Loaded before ngpilot: every request begins at once, and its deadline counts from then on. */
const allAtOnce = `data:text/javascript,${encodeURIComponent(`
  import { Admission } from '${new URL('../../dist/ingress/admission.js', import.meta.url).href}'
  Admission.prototype.turn = () => Promise.resolve(performance.now() + ${deadlineMs})`)}`
const ends: (() => Promise<void> | void)[] = []
const context = { after: (end: () => Promise<void> | void) => { ends.push(end) } }

type Ask = (callId: string, done: (outcome: string) => void) => void
interface Answered { ms: number, outcome: string }

try {
  const node = await startFakeRtpengine(context, {
    respond: ({ command }) => command === 'ping' ? { result: 'pong' } : { result: 'ok', ...(command === 'offer' && { sdp }) },
  })
  const rows: string[][] = []
  const modes = [['as it is', built], ['all at once', ['--import', allAtOnce, ...built]]] as const
  for (const [mode, argv] of modes) {
    for (const way of ['HTTP', 'NG'] as const) {
      const ngPort = await freePort()
      const ngpilot = await startNgpilot(context, {
        argv,
        env: {
          NGPILOT_RTPENGINE_NODES: `127.0.0.1:${node.port}`, NGPILOT_NG_LISTEN: `127.0.0.1:${ngPort}`,
          NGPILOT_POLICY_DIRECTORY: 'policy', NGPILOT_LOG_LEVEL: 'error',
        },
      })
      process.stderr.write(`\r\x1b[K${way}, ${mode} …`)
      const ask = way === 'HTTP' ? byHttp(ngpilot.port) : byNg(ngPort)
      await capacity(ask, 'warm', 3) // Node compiles what it runs often
      const rate = Math.round(factor * await capacity(ask, 'calm', 3))
      rows.push(rowOf(`${way}, ${mode}`, await load(ask, rate, seconds)))
      await ngpilot.stop()
    }
  }
  process.stderr.write('\r\x1b[K')
  console.log(`\n${factor} times as many first offers as can be done, for ${seconds} s; request.deadlineMs ${deadlineMs}\n`)
  console.log(`${table(['', 'asked a second', 'asked', 'done', 'refused', 'failed', 'done in time', 'answer p50 ms', 'p99', 'longest'], rows)}\n`)
} finally {
  for (const end of ends.reverse()) await end()
}

function rowOf (name: string, all: Answered[]): string[] {
  const of = (wanted: string) => all.filter(({ outcome }) => outcome === wanted)
  const times = all.map(({ ms }) => ms)
  const failed = all.length - of('done').length - of('refused').length
  return [
    name, (all.length / seconds).toFixed(0), String(all.length), String(of('done').length), String(of('refused').length), String(failed),
    String(of('done').filter(({ ms }) => ms <= deadlineMs).length),
    percentile(times, 0.5).toFixed(0), percentile(times, 0.99).toFixed(0), Math.max(...times).toFixed(0),
  ]
}

/** @returns how many are done a second when 16 are under way at any time */
async function capacity (ask: Ask, prefix: string, forSeconds: number): Promise<number> {
  const end = performance.now() + forSeconds * 1000
  let done = 0
  await Promise.all(Array.from({ length: 16 }, async (_, lane) => {
    for (let number = 0; performance.now() < end; number++) {
      await new Promise<void>((resolve) => { ask(`${prefix}-${lane}-${number}`, () => { resolve() }) })
      done++
    }
  }))
  return done / forSeconds
}

/** Asks at a steady rate, whatever comes back; resolves when all is answered, or 10 s after the last. */
async function load (ask: Ask, perSecond: number, forSeconds: number): Promise<Answered[]> {
  const total = perSecond * forSeconds
  const answered: Answered[] = []
  const startedAt = performance.now()
  let asked = 0
  while (asked < total) {
    for (const due = Math.min(total, (performance.now() - startedAt) * perSecond / 1000); asked < due; asked++) {
      const at = performance.now()
      ask(`c${perSecond}-${asked}`, (outcome) => { answered.push({ ms: performance.now() - at, outcome }) })
    }
    await sleep(2)
  }
  const giveUpAt = performance.now() + 10_000
  while (answered.length < total && performance.now() < giveUpAt) await sleep(10)
  while (answered.length < total) answered.push({ ms: 10_000, outcome: 'no answer' })
  return answered
}

function byHttp (port: number): Ask {
  const agent = new Agent({ keepAlive: true, maxSockets: 4000 })
  context.after(() => agent.destroy())
  return (callId, done) => {
    const body = JSON.stringify({ callId, fromTag: 'f', sdp: sdp.toString() })
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    request({ port, path: '/v1/offer', method: 'POST', agent, headers }, (reply) => {
      const outcome = reply.statusCode === 200 ? 'done' : reply.headers['retry-after'] ? 'refused' : 'failed'
      reply.resume().on('end', () => { done(outcome) })
    }).on('error', () => { done('failed') }).end(body)
  }
}

/** As Kamailio's module does, but it never asks twice. */
function byNg (port: number): Ask {
  const socket = createSocket('udp4').bind()
  socket.on('listening', () => { socket.setRecvBufferSize(4 * 1024 ** 2) })
  context.after(() => { socket.close() })
  const waiting = new Map<string, (outcome: string) => void>()
  socket.on('message', (reply) => {
    const { cookie, body } = split(reply, reply.length)
    const { result } = readBody(body, 0)
    waiting.get(cookie)?.(result === 'ok' ? 'done' : result === 'load limit' ? 'refused' : 'failed')
    waiting.delete(cookie)
  })
  return (callId, done) => {
    waiting.set(callId, done)
    socket.send(encode(callId, { command: 'offer', 'call-id': callId, 'from-tag': 'f', sdp, supports: ['load limit'] }), port, '127.0.0.1')
  }
}
