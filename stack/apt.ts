import { runCommand } from './command.ts'
import { contained } from './contained.ts'

/** Installs a Debian package on the host; needs root. */
export async function aptInstall (name: string, onProgress: (line: string) => void): Promise<void> {
  onProgress(`installing ${name}`)
  const install = contained(['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq', 'install', '--no-install-recommends', name])
  // The package lists may be stale, or missing as in a fresh container.
  await runCommand(install, () => undefined).catch(async () => {
    await runCommand(contained(['apt-get', '-qq', 'update']), onProgress)
    await runCommand(install, onProgress)
  })
}
