import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StackContext } from './context.ts'
import type { Daemon } from './daemon.ts'
import { freePort } from './ports.ts'
import { program } from './program.ts'

export interface NgpilotOptions {
  /** Settings, by the names of its environment. The HTTP port is a free one and the log level `info` unless set here. */
  env?: Record<string, string>
  /** What Node runs. Default: `program`. */
  argv?: readonly string[]
  /** The path that must answer 200 for it to count as started. Default: `/readyz`. */
  isReadyAt?: string
  /** Told each line that it prints. */
  onLine?: (line: string) => void
}

/** An ngpilot that runs. */
export interface Ngpilot extends Omit<Daemon, 'folder'> {
  /** Of its HTTP API. */
  url: string
  port: number
}

const graceMs = 5000
/** It is ready after two seconds, on a machine that does nothing else. */
const readyWithinMs = 60_000
const keptLogLength = 1024 * 1024

/**
 * Starts ngpilot as a process of its own and resolves when it is ready. It ends with the context, and the
 * kernel kills it when this process dies. Of our environment it gets the PATH alone: our settings are not its own.
 *
 * @throws Error with what it printed, when it ends early or is not ready in time
 */
export async function startNgpilot (context: StackContext, options: NgpilotOptions = {}): Promise<Ngpilot> {
  const given = options.env?.NGPILOT_HTTP_PORT
  for (let tries = 1; ; tries++) {
    try {
      return await startAt(Number(given ?? await freePort()), context, options)
    } catch (error) {
      // Node takes a second to load, and meanwhile somebody may have taken the port that was free.
      const isTaken = error instanceof Error && error.message.includes('EADDRINUSE')
      if (given !== undefined || !isTaken || tries === 3) throw error
    }
  }
}

async function startAt (port: number, context: StackContext, options: NgpilotOptions): Promise<Ngpilot> {
  const { env = {}, argv = program, isReadyAt = '/readyz', onLine } = options
  const url = `http://127.0.0.1:${port}`
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', process.execPath, ...argv], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { PATH: process.env.PATH, ...env, NGPILOT_HTTP_PORT: String(port) },
    detached: true, // Ctrl-C at a terminal reaches us alone, and we end things in order.
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => { log = (log + chunk).slice(-keptLogLength) })
    if (onLine) createInterface(stream).on('line', onLine)
  }
  let outcome: number | string | undefined
  const ended = once(child, 'close').then(
    ([code, signal]: (number | string | null)[]) => outcome = signal ?? code ?? 0,
    (error: unknown) => outcome = String(error),
  )
  const stop = async () => {
    child.kill('SIGTERM')
    const killer = setTimeout(() => child.kill('SIGKILL'), graceMs)
    await ended
    clearTimeout(killer)
  }
  context.after(stop)

  const failed = (what: string) => new Error(`ngpilot ${what}. It printed:\n${log.trimEnd().split('\n').slice(-30).join('\n')}`)
  const deadline = performance.now() + readyWithinMs
  while (!await answers(`${url}${isReadyAt}`)) {
    if (outcome !== undefined) throw failed(`did not start: it ended with ${outcome}`)
    if (performance.now() > deadline) {
      await stop()
      throw failed(`was not ready after ${readyWithinMs} ms`)
    }
    await sleep(50)
  }
  return { pid: child.pid ?? 0, url, port, logs: () => log, stop, ended }
}

async function answers (url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(1000) }).then(({ status }) => status === 200, () => false)
}
