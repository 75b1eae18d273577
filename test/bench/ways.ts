import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { readdirSync, readFileSync } from 'node:fs'
import { type MediaWay, startKamailio } from '../../stack/kamailio.ts'
import { startNgpilot } from '../../stack/ngpilot.ts'
import { freePort } from '../../stack/ports.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { startSipp } from '../../stack/sipp.ts'
import { callee, caller } from './kamailio-scenarios.ts'
import { built } from './built.ts'
import { percentile, table } from './table.ts'

/**
 * Calls through Kamailio by each way of asking ngpilot, and with Kamailio's rtpengine module straight to rtpengine, with the
 * same kamailio.cfg, in one run: `npm run bench:kamailio`. First as many as go at a time, then at a steady pace, where
 * the time from INVITE to 200 tells what each way adds.
 */
const rounds = 2
const callsPerRound = 2000
/** Node compiles what it runs often. */
const warmUpCalls = 1000
const atATime = 24
const pace = 100
const paced = 200
/** `relay`: ngpilot's place is taken by a process that copies datagrams and does nothing else. */
type Way = 'straight' | 'relay' | MediaWay
const ways: readonly Way[] = ['straight', 'relay', 'http', 'evapi', 'ng']

interface Measured { callsPerSecond: number, failed: number, inviteMs: number, kamailioUs: number, ngpilotUs: number }

const fast: Record<Way, Measured[]> = { straight: [], relay: [], http: [], evapi: [], ng: [] }
const steady: Record<Way, Measured[]> = { straight: [], relay: [], http: [], evapi: [], ng: [] }
for (let round = 0; round < rounds; round++) {
  for (const way of ways) {
    process.stderr.write(`\r\x1b[Kround ${round + 1} of ${rounds}: ${way} …`)
    const [most, even] = await measure(way)
    fast[way].push(most)
    steady[way].push(even)
  }
}
process.stderr.write('\r\x1b[K')
const median = (results: Measured[], key: keyof Measured) => percentile(results.map((each) => each[key]), 0.5)
const rows = ways.map((way) => [
  way,
  median(fast[way], 'callsPerSecond').toFixed(0),
  (median(fast[way], 'callsPerSecond') / median(fast.straight, 'callsPerSecond')).toFixed(2),
  median(steady[way], 'inviteMs').toFixed(2),
  (median(steady[way], 'inviteMs') - median(steady.straight, 'inviteMs')).toFixed(2),
  median(fast[way], 'kamailioUs').toFixed(0), median(fast[way], 'ngpilotUs').toFixed(0),
  String([...fast[way], ...steady[way]].reduce((sum, { failed }) => sum + failed, 0)),
])
console.log(`\nKamailio 6.0, ${callsPerRound} calls, ${atATime} at a time; ${pace} calls/s for the times; medians of ${rounds} rounds\n`)
console.log(table(['asks by', 'calls/s', 'ratio', 'INVITE to 200, ms', 'added', 'CPU µs/command Kamailio', 'ngpilot or relay', 'failed'], rows))

async function measure (way: Way): Promise<[Measured, Measured]> {
  const ends: (() => Promise<void>)[] = []
  const context = { after: (end: () => Promise<void>) => { ends.push(end) } }
  try {
    const rtpengine = await startRtpengine(context, { rtpPorts: { min: 10_000, max: 30_000 }, logLevel: 3 })
    const [evapiPort, ngPort] = [await freePort(), await freePort()]
    const uas = await startSipp(context, { scenario: callee, calls: 1_000_000, isTracing: false })
    const isDirect = way === 'straight' || way === 'relay'
    const relay = way === 'relay' ? await startRelay(context, ngPort, rtpengine.port) : undefined
    const ngpilot = isDirect ? undefined : await startNgpilot(context, {
      argv: built,
      env: {
        NGPILOT_RTPENGINE_NODES: `n1=127.0.0.1:${rtpengine.port}`, NGPILOT_POLICY_DIRECTORY: 'policy', NGPILOT_LOG_LEVEL: 'warn',
        ...(way === 'evapi' && { NGPILOT_EVAPI_KAMAILIOS: `127.0.0.1:${evapiPort}` }),
        ...(way === 'ng' && { NGPILOT_NG_LISTEN: `127.0.0.1:${ngPort}` }),
      },
    })
    const kamailio = await startKamailio(context, {
      way: isDirect ? 'ng' : way, evapiPort,
      settings: {
        ...(ngpilot && { NGPILOT_URL: ngpilot.url }), TRUNK_URI: `sip:127.0.0.1:${uas.port}`,
        NGPILOT_NG: `udp:127.0.0.1:${way === 'straight' ? rtpengine.port : ngPort}`,
      },
      files: isDirect ? { 'media-ng.cfg': await withFlags() } : {},
    })
    const target = { address: `${kamailio.address}:${kamailio.sipPort}`, domain: kamailio.domain }
    const pids = { kamailio: kamailio.pid, ngpilot: (ngpilot ?? relay)?.pid }
    await makeCalls(context, target, pids, warmUpCalls, ['-r', '5000', '-l', String(atATime)])
    const most = await makeCalls(context, target, pids, callsPerRound, ['-r', '5000', '-l', String(atATime)])
    return [most, await makeCalls(context, target, pids, paced, ['-r', String(pace)])]
  } finally {
    for (const end of ends.reverse()) await end()
  }
}

async function startRelay (context: { after (end: () => Promise<void>): void }, port: number, rtpenginePort: number) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/bench/bare-relay.ts', String(port), String(rtpenginePort)])
  context.after(async () => {
    if (child.kill()) await once(child, 'exit')
  })
  await once(child.stdout, 'data')
  return { pid: child.pid }
}

/** media-ng.cfg as it would be without ngpilot: the script gives the flags that the policy that ships makes of the call. */
async function withFlags (): Promise<string> {
  const shipped = await readFile('kamailio/media-ng.cfg', 'utf8')
  const flags = 'via-branch=auto-next trust-address replace-origin replace-session-connection'
  return shipped
    .replace('rtpengine_offer("via-branch=auto-next $var(hop)")', `rtpengine_offer("${flags} RTP/AVP ICE=remove strip-extmap")`)
    .replace('rtpengine_answer("via-branch=auto-next")', `rtpengine_answer("${flags} ICE=remove strip-extmap")`)
}

async function makeCalls (
  context: Parameters<typeof startSipp>[0], target: { address: string, domain: string },
  pids: { kamailio: number, ngpilot: number | undefined }, calls: number, args: readonly string[],
): Promise<Measured> {
  const before = { kamailio: cpuMs(pids.kamailio), ngpilot: cpuMs(pids.ngpilot) }
  const started = performance.now()
  const uac = await startSipp(context, {
    scenario: caller.replace('<pause milliseconds="1000"/>', '').replace('<send retrans="500">', '<send retrans="500" start_rtd="1">')
      .replace('<recv response="200" rrs="true"', '<recv response="200" rrs="true" rtd="1"'),
    target: target.address, calls, isTracing: false,
    // In its tree SIPp has the same pid each time, and its Call-IDs are made of that; the callee takes them for dead calls.
    args: [...args, '-cid_str', `%u-${Math.round(started)}@%s`, '-s', '1000', '-key', 'domain', target.domain, '-timeout', '60', '-trace_stat', '-stf', '/srv/stat.csv', '-fd', '600'],
  })
  await uac.ended
  const seconds = (performance.now() - started) / 1000
  const good = Number(/Successful call\s*\|\s*\d+\s*\|\s*(\d+)/.exec(uac.logs())?.[1] ?? 0)
  const [head = '', ...lines] = (await readFile(`${uac.folder}/stat.csv`, 'utf8')).trim().split('\n')
  const column = head.split(';').findIndex((name) => name === 'ResponseTime1(C)')
  const [hours = 0, minutes = 0, wholeSeconds = 0, microseconds = 0] = (lines.at(-1)?.split(';')[column] ?? '').split(':').map(Number)
  const commands = 3 * calls
  return {
    callsPerSecond: good / seconds,
    failed: calls - good,
    inviteMs: ((hours * 60 + minutes) * 60 + wholeSeconds) * 1000 + microseconds / 1000,
    kamailioUs: (cpuMs(pids.kamailio) - before.kamailio) * 1000 / commands,
    ngpilotUs: (cpuMs(pids.ngpilot) - before.ngpilot) * 1000 / commands,
  }
}

/** CPU time of a process and all below it, in milliseconds (proc(5): fields 14 and 15 of stat, in 1/100 s). */
function cpuMs (pid: number | undefined): number {
  if (pid === undefined) return 0
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter((each) => each !== '').map(Number))
    return (Number(fields[11]) + Number(fields[12])) * 10 + children.reduce((sum, child) => sum + cpuMs(child), 0)
  } catch {
    return 0 // it has just ended
  }
}
