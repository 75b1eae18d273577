import { readdir, readFile, readlink } from 'node:fs/promises'

/**
 * Who listens on a TCP port of this machine, for a message: `node (pid 4711)`. undefined when it cannot be told: the
 * program belongs to somebody else, or has just ended.
 */
export async function listenerOn (port: number): Promise<string | undefined> {
  const inodes = (await Promise.all([inodesIn('/proc/net/tcp', port), inodesIn('/proc/net/tcp6', port)])).flat()
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  for (const pid of pids) {
    if (await holds(pid, inodes)) return `${(await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim()} (pid ${pid})`
  }
  return undefined
}

/** Of the sockets that listen there: proc(5), `sl local_address rem_address st … inode`, in hexadecimal. */
async function inodesIn (table: string, port: number): Promise<string[]> {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
  const lines = (await readFile(table, 'utf8').catch(() => '')).split('\n').slice(1)
  return lines.map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === '0A' && local?.endsWith(`:${hexPort}`))
    .flatMap((fields) => fields[9] ?? [])
}

async function holds (pid: string, inodes: string[]): Promise<boolean> {
  const fds = await readdir(`/proc/${pid}/fd`).catch(() => [])
  const targets = await Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))
  return targets.some((target) => inodes.some((inode) => target === `socket:[${inode}]`))
}
