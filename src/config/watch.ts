import { type Stats, unwatchFile, watchFile } from 'node:fs'

const everyMs = 1000

/**
 * Tells when a file is another: written, replaced, or behind a link that was turned (as Kubernetes does). It is looked at
 * once a second, for what tells of changes at once (inotify) follows none of the last two.
 *
 * @returns ends it
 */
export function watchConfig (file: string, onChange: () => void): () => void {
  const listener = (now: Stats, before: Stats) => {
    // Gone for a moment, while it is replaced: what comes then is told.
    if (now.mtimeMs === 0) return
    if (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino || now.size !== before.size) onChange()
  }
  watchFile(file, { interval: everyMs, persistent: false }, listener)
  return () => unwatchFile(file, listener)
}
