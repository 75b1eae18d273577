import { createSocket } from 'node:dgram'
import { readFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Kamailio, startKamailio } from '../../stack/kamailio.ts'
import { type Ngpilot, startNgpilot } from '../../stack/ngpilot.ts'
import { type Rtpengine, startRtpengine } from '../../stack/rtpengine.ts'
import { startSipp } from '../../stack/sipp.ts'
import { callee, caller, ownModule } from './kamailio-scenarios.ts'
import { built } from './built.ts'
import { percentile, table } from './table.ts'

/**
 * Kamailio under a steady load of calls while one of two rtpengines falls silent (SIGSTOP): with ngpilot, and with
 * Kamailio's own rtpengine module as it is set by default. An unrelated OPTIONS every 100 ms shows whether its workers are
 * free. `npm run test:fleet` prints both.
 */
const callsPerSecond = Number(process.argv[2] ?? 100)
const seconds = 15
/** Not counted: Node compiles what it runs often in the first seconds. */
const warmUpSeconds = 8
/** What ngpilot says of an answer whose ports are on the node that is silent: nobody can give it others. */
const inFlight = ['ng_timeout', 'call_lost', 'call_ended']
const silentFromMs = 5000

const rows: string[][] = []
for (const name of ['ngpilot', 'own module'] as const) {
  const ends: (() => Promise<void>)[] = []
  const context = { after: (end: () => Promise<void>) => { ends.push(end) } }
  try {
    rows.push(await measure(name, context))
  } finally {
    for (const end of ends.reverse()) await end()
  }
}
console.log(`\nKamailio 6.0, ${callsPerSecond} calls/s for ${seconds} s, one of two rtpengines silent from second ${silentFromMs / 1000} on; load average ${loadavg()[0]?.toFixed(1) ?? ''}\n`)
console.log(table(
  ['media control', 'calls', 'failed', 'OPTIONS p50 ms before', 'max', 'p50 ms after', 'p99', 'max', 'unanswered'], rows,
))

async function measure (name: 'ngpilot' | 'own module', context: { after: (end: () => Promise<void>) => void }): Promise<string[]> {
  const nodes: [Rtpengine, Rtpengine] = [
    await startRtpengine(context, { rtpPorts: { min: 10_000, max: 20_000 }, logLevel: 3 }),
    await startRtpengine(context, { rtpPorts: { min: 20_002, max: 30_000 }, logLevel: 3 }),
  ]
  const calls = callsPerSecond * seconds
  const uas = await startSipp(context, { scenario: callee, calls: 1_000_000, isTracing: false })
  const { kamailio, ngpilot } = await startWith(name, context, nodes, uas.port)
  await sleep(2000)
  const warmUp = callsPerSecond * warmUpSeconds
  const uac = await startSipp(context, {
    scenario: caller, target: `${kamailio.address}:${kamailio.sipPort}`, calls: warmUp + calls, isTracing: false,
    args: ['-s', '1000', '-r', String(callsPerSecond), '-l', '3000', '-key', 'domain', kamailio.domain,
      '-trace_stat', '-stf', '/srv/stat.csv', '-fd', '1'],
  })
  await sleep(warmUpSeconds * 1000)
  const options = probe(kamailio)
  const started = performance.now()
  await sleep(Math.max(0, silentFromMs - (performance.now() - started)))
  const silentAt = performance.now()
  process.kill(nodes[0].pid, 'SIGSTOP')
  process.stderr.write(`${name}: one rtpengine is silent …\n`)
  // A call that gets no answer fails after 5 s, in each of its two transactions.
  await Promise.race([uac.ended, sleep((seconds + 15) * 1000 - silentFromMs)])
  const answered = options.stop()
  const [before, after] = [answered.filter(({ at }) => at < silentAt), answered.filter(({ at }) => at >= silentAt)]
  const causes = await causesOf(uac.folder, warmUp, ngpilot?.logs() ?? '')
  const failed = warmUp + calls - await successful(uac.folder) - causes.inWarmUp
  if (failed > 0) console.log(`${name}: ${failed} failed: ${causes.text}`)
  const ms = (probes: Probe[], share: number) => percentile(probes.flatMap((each) => each.ms ?? []), share).toFixed(0)
  return [
    name, String(calls), String(failed),
    ms(before, 0.5), ms(before, 1), ms(after, 0.5), ms(after, 0.99), ms(after, 1),
    String(after.filter((each) => each.ms === undefined).length),
  ]
}

async function startWith (
  name: 'ngpilot' | 'own module', context: Parameters<typeof startKamailio>[0], nodes: readonly Rtpengine[], uasPort: number,
): Promise<{ kamailio: Kamailio, ngpilot?: Ngpilot }> {
  if (name === 'own module') {
    const sockets = nodes.map(({ port }) => `udp:127.0.0.1:${port}`).join(' ')
    return { kamailio: await startKamailio(context, { files: { 'kamailio.cfg': ownModule(sockets, uasPort) } }) }
  }
  const ngpilot = await startNgpilot(context, {
    argv: built,
    env: {
      NGPILOT_RTPENGINE_NODES: nodes.map(({ port }, index) => `n${index + 1}=127.0.0.1:${port}`).join(','),
      NGPILOT_POLICY_DIRECTORY: 'policy', NGPILOT_LOG_LEVEL: 'warn',
    },
  })
  const settings = { NGPILOT_URL: ngpilot.url, TRUNK_URI: `sip:127.0.0.1:${uasPort}` }
  return { kamailio: await startKamailio(context, { settings }), ngpilot }
}

/** Why calls failed, by what ngpilot said of each, or else the SIP reply that SIPp did not expect. */
async function causesOf (folder: string, warmUp: number, log: string): Promise<{ inWarmUp: number, text: string }> {
  const said = new Map<string, string>()
  for (const [, callId = '', error = ''] of log.matchAll(/"callId":"([^"]+)","error":"(\w+)"/g)) {
    said.set(callId, inFlight.includes(error) ? 'in flight on the silent node' : error)
  }
  const failed = new Map<string, string>()
  const errors = await readFile(`${folder}/errors.log`, 'utf8').catch(() => '')
  for (const [, callId = '', status = 'no reply'] of errors.matchAll(/Call-Id '([^']+)'(?:[^']*'[^']*'[^']*'SIP\/2\.0 (\d+))?/g)) {
    failed.set(callId, said.get(callId) ?? status)
  }
  const isEarly = (callId: string) => parseInt(callId) <= warmUp
  const causes = [...failed].flatMap(([callId, cause]) => isEarly(callId) ? [] : [cause])
  const text = [...new Set(causes)].map((cause) => `${causes.filter((each) => each === cause).length} ${cause}`).join(', ')
  return { inWarmUp: failed.size - causes.length, text }
}

/** How many calls went as the scenario says, by SIPp's last line of figures. */
async function successful (folder: string): Promise<number> {
  const [head = '', ...lines] = (await readFile(`${folder}/stat.csv`, 'utf8')).trim().split('\n')
  return Number(lines.at(-1)?.split(';')[head.split(';').indexOf('SuccessfulCall(C)')] ?? 0)
}

interface Probe { at: number, ms?: number }

/** Sends an OPTIONS every 100 ms, each once, and notes when its reply came. */
function probe ({ address, sipPort }: Kamailio) {
  const socket = createSocket('udp4')
  const probes: Probe[] = []
  socket.on('message', (reply) => {
    const sent = probes[Number(/^Call-ID: probe-(\d+)/m.exec(reply.toString())?.[1])]
    if (sent) sent.ms = performance.now() - sent.at
  })
  socket.bind(0, '127.0.0.1')
  const timer = setInterval(() => {
    const number = probes.length
    probes.push({ at: performance.now() })
    socket.send([
      `OPTIONS sip:${address}:${sipPort} SIP/2.0`, `Via: SIP/2.0/UDP 127.0.0.1:${socket.address().port};branch=z9hG4bKprobe${number};rport`,
      'Max-Forwards: 5', `From: <sip:probe@${address}>;tag=${number}`, `To: <sip:${address}:${sipPort}>`, `Call-ID: probe-${number}`,
      'CSeq: 1 OPTIONS', 'Content-Length: 0', '', '',
    ].join('\r\n'), sipPort, address)
  }, 100)
  return {
    stop (): Probe[] {
      clearInterval(timer)
      socket.close()
      return probes
    },
  }
}
