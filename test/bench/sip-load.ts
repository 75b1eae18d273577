import { readFile, readdir } from 'node:fs/promises'
import { readdirSync, readFileSync } from 'node:fs'
import type { StackContext } from '../../stack/context.ts'
import { startSipp } from '../../stack/sipp.ts'
import { caller } from './kamailio-scenarios.ts'

export interface Load {
  /** `ADDRESS:PORT` of the proxy, and the domain of its users. */
  target: { address: string, domain: string }
  calls: number
  /** Calls a second, whether those before have ended or not; or so many at a time, the next as soon as one ends. */
  perSecond?: number
  atATime?: number
}

export interface LoadResult {
  callsPerSecond: number
  failed: number
  /** From INVITE to 200 of each call, in milliseconds. */
  inviteMs: number[]
}

// A call ends as soon as it is answered, and the time to that is taken.
const scenario = caller.replace('<pause milliseconds="1000"/>', '')
  .replace('<send retrans="500">', '<send retrans="500" start_rtd="1">')
  .replace('<recv response="200" rrs="true"', '<recv response="200" rrs="true" rtd="1"')

/** Has SIPp make calls and resolves when they have all ended. */
export async function makeCalls (context: StackContext, { target, calls, perSecond, atATime }: Load): Promise<LoadResult> {
  const started = performance.now()
  const uac = await startSipp(context, {
    scenario, target: target.address, calls, isTracing: false,
    args: [
      ...perSecond === undefined ? ['-r', '5000', '-l', String(atATime)] : ['-r', String(perSecond)],
      // In its tree SIPp has the same pid each time, and makes its Call-IDs of it; the callee takes them for dead calls.
      '-cid_str', `%u-${Math.round(started)}@%s`, '-s', '1000', '-key', 'domain', target.domain, '-timeout', '60',
      '-trace_rtt', '-rtt_freq', String(calls),
    ],
  })
  await uac.ended
  const seconds = (performance.now() - started) / 1000
  const good = Number(/Successful call\s*\|\s*\d+\s*\|\s*(\d+)/.exec(uac.logs())?.[1] ?? 0)
  return { callsPerSecond: good / seconds, failed: calls - good, inviteMs: await times(uac.folder) }
}

/** `milliseconds since 1970;response time in ms;number of the timer`, a line a call, below a title. */
async function times (folder: string): Promise<number[]> {
  const name = (await readdir(folder)).find((file) => file.endsWith('_rtt.csv'))
  if (name === undefined) throw new Error(`SIPp has written no times into ${folder}`)
  const lines = (await readFile(`${folder}/${name}`, 'utf8')).trim().split('\n').slice(1)
  return lines.map((line) => Number(line.split(';')[1]))
}

/** CPU time of a process and all below it, in milliseconds (proc(5): fields 14 and 15 of stat, in 1/100 s). */
export function cpuMs (pid: number | undefined): number {
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
