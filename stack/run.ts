import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { contained } from './contained.ts'

export type RunningProgram = ChildProcessByStdio<null, Readable, Readable>

export interface RunOptions {
  /** Folders of the host that the program sees: the place in the tree (which must exist there) → the host's folder. */
  binds?: Record<string, string>
  /** Working directory, as seen inside the tree. */
  cwd?: string
  env?: Record<string, string>
}

/**
 * Runs a program inside a Debian tree, on the host's network. It has its own /proc, /run and /tmp, and the mounts live
 * in a namespace of its own, so that none is left behind; see {@link contained} for what else ends with it.
 *
 * The child is not in our process group: Ctrl-C at a terminal reaches us alone, and we end things in order. Its pid is
 * that of the guard around the program, which ends as the program ends.
 */
export function runInTree (tree: string, argv: readonly string[], options: RunOptions = {}): RunningProgram {
  const { binds = {}, cwd = '/', env = {} } = options
  const mounts = Object.entries(binds).flatMap(([inside, outside]) => [outside, inside])
  const enter = ['sh', '-euc', enterScript, tree, ...mounts, '--', `--chdir=${cwd}`, ...argv]
  const [program = '', ...args] = contained(enter)
  return spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', ...env },
  })
}

const enterScript = `
  mount -t proc proc "$0/proc"
  mount --bind /dev "$0/dev"
  mount -t tmpfs tmpfs "$0/run"
  mount -t tmpfs tmpfs "$0/tmp"
  while [ "$1" != -- ]; do mount --bind "$1" "$0$2"; shift 2; done
  shift
  exec chroot "$0" env "$@"
`
