import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StackContext } from './context.ts'
import { type RunOptions, runInTree } from './run.ts'
import { ensureTree } from './tree.ts'

/** A program of the stack that runs. */
export interface Daemon {
  /** Of the program itself, as the host counts: send it SIGSTOP to make it silent, SIGKILL to lose it. */
  pid: number
  /** Its own folder on the host, /srv to the program; removed when the context ends. */
  folder: string
  /** What it printed so far, the last megabyte of it. */
  logs: () => string
  /** Ends it: SIGTERM, and SIGKILL when it is still there after two seconds. */
  stop: () => Promise<void>
  /** Resolves when it has ended, with its exit code or the signal that ended it (SIGKILL is told as 1). */
  ended: Promise<number | string>
}

/** What every `start…` function takes. */
export interface StartOptions {
  /** The tree to run in. Default: the one of {@link ensureTree}. */
  tree?: string
}

export interface DaemonOptions extends StartOptions, Pick<RunOptions, 'binds' | 'env'> {
  /** How it is called in messages. */
  name: string
  argv: readonly string[]
  /** What is written into its folder before it starts: name → content. */
  files?: Record<string, string>
  /** Asked again and again until it says that the program serves. */
  isReady: (daemon: Daemon) => Promise<boolean>
  readyWithinMs?: number
}

const graceMs = 2000
const keptLogLength = 1024 * 1024

/**
 * Starts a program in the tree and resolves when it is ready. It ends with the context.
 *
 * @throws Error with what the program printed, when it ends early or is not ready in time (10 s)
 */
export async function startDaemon (context: StackContext, options: DaemonOptions): Promise<Daemon> {
  const { name, argv, binds, env, files = {}, isReady, readyWithinMs = 10_000 } = options
  const tree = options.tree ?? await ensureTree()
  const folder = await mkdtemp(join(tmpdir(), `ngpilot-${name}-`))
  for (const [file, content] of Object.entries(files)) await writeFile(join(folder, file), content)

  const child = runInTree(tree, argv, { binds: { '/srv': folder, ...binds }, cwd: '/srv', ...(env && { env }) })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => { log = (log + chunk).slice(-keptLogLength) })
  }
  let outcome: number | string | undefined
  const ended = new Promise<number | string>((resolve) => {
    const end = (how: number | string) => resolve(outcome ??= how)
    child.once('error', (error) => end(error.message))
    child.once('close', (code, signal) => end(signal ?? code ?? 0))
  })
  const pid = await programPid(child.pid ?? 0)
  const stop = async () => {
    if (outcome === undefined) signal(pid, 'SIGTERM')
    const killer = setTimeout(() => signal(pid, 'SIGKILL'), graceMs)
    await ended
    clearTimeout(killer)
  }
  context.after(async () => {
    await stop()
    await rm(folder, { recursive: true, force: true })
  })

  const daemon: Daemon = { pid, folder, logs: () => log, stop, ended }
  const failed = (what: string) => new Error(`${name} ${what}. It printed:\n${log.trimEnd().split('\n').slice(-30).join('\n')}`)
  const deadline = performance.now() + readyWithinMs
  while (!await isReady(daemon)) {
    if (outcome !== undefined) throw failed(`did not start: it ended with ${outcome}`)
    if (performance.now() > deadline) {
      await stop()
      throw failed(`was not ready after ${readyWithinMs} ms`)
    }
    await sleep(20)
  }
  return daemon
}

/** The program behind the guard's process: its only child (see `contained`). 0 when it has ended already. */
async function programPid (guardPid: number): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const children = await readFile(`/proc/${guardPid}/task/${guardPid}/children`, 'utf8').catch(() => undefined)
    if (children === undefined) return 0
    if (children) return Number.parseInt(children, 10)
    await sleep(5)
  }
  return 0
}

/** A process that has just ended is no error; and 0 would be our own group. */
function signal (pid: number, name: NodeJS.Signals): void {
  try {
    if (pid) process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
