import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Stops a program and resolves when all of its threads have stopped: one may answer still after SIGSTOP was sent. SIGCONT
 * lets it go on.
 */
export async function makeSilent (pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP')
  while (!(await areStopped(pid))) await sleep(1)
}

async function areStopped (pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`)
  const states = await Promise.all(threads.map(async (thread) => {
    // A thread may end meanwhile.
    const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').catch(() => ') T')
    // The name in parentheses may hold anything (proc(5)).
    return stat[stat.lastIndexOf(')') + 2]
  }))
  return states.every((state) => state === 'T')
}
