import { runCommand } from './command.ts'
import { contained } from './contained.ts'

let last: Promise<void> = Promise.resolve()

/** Installs a Debian package on the host; needs root. Of several, one after the other: apt-get has a lock. */
export function aptInstall (name: string, onProgress: (line: string) => void): Promise<void> {
  return last = last.catch(() => undefined).then(() => install(name, onProgress))
}

async function install (name: string, onProgress: (line: string) => void): Promise<void> {
  onProgress(`installing ${name}`)
  const command = contained(['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq', 'install', '--no-install-recommends', name])
  // The package lists may be stale, or missing as in a fresh container.
  await runCommand(command, () => undefined).catch(async () => {
    await runCommand(contained(['apt-get', '-qq', 'update']), onProgress)
    await runCommand(command, onProgress)
  })
}
