import { type Stats, unwatchFile, watchFile } from 'node:fs'

/**
 * Tells when a file is another: written, replaced, or behind a link that was turned (as Kubernetes does). It is looked at
 * once a second, for what tells of changes at once (inotify) follows none of the last two.
 *
 * @returns ends it
 */
export function watchConfig (file: string, onChange: () => void, everyMs = 1000): () => void {
  const listener = (now: Stats, before: Stats) => {
    // Gone or empty for a moment, while it is replaced or written: what comes then is told.
    if (now.mtimeMs === 0 || now.size === 0) return
    if (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino || now.size !== before.size) onChange()
  }
  watchFile(file, { interval: everyMs, persistent: false }, listener)
  return () => unwatchFile(file, listener)
}
