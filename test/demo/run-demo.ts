import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'

/** A demo that runs as a person would start it. */
export interface RunningDemo {
  child: ChildProcess
  /** What it has printed so far. */
  printed: () => string
  /** Resolves when it has printed that. */
  shows: (text: string) => Promise<void>
  /** Resolves with its exit code. */
  ended: Promise<number | null>
}

export function startDemo (args: readonly string[], options: Pick<SpawnOptions, 'env' | 'uid' | 'gid'> = {}): RunningDemo {
  const child = spawn(process.execPath, ['--import', 'tsx', 'demo/demo.ts', ...args], {
    ...options, cwd: new URL('../..', import.meta.url), stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
  const ended = once(child, 'close').then(([code]: (number | null)[]) => code ?? null)
  return {
    child,
    printed: () => text,
    async shows (wanted) {
      while (!text.includes(wanted)) {
        if (child.exitCode !== null) throw new Error(`the demo ended with ${child.exitCode} before it printed "${wanted}":\n${text}`)
        await Promise.race([once(child.stdout, 'data'), ended])
      }
    },
    ended,
  }
}

/** Runs the demo to its end. */
export async function runDemo (...how: Parameters<typeof startDemo>): Promise<{ code: number | null, printed: string }> {
  const demo = startDemo(...how)
  const code = await demo.ended
  return { code, printed: demo.printed() }
}
