import { unwatchFile, watch, watchFile, type FSWatcher, type Stats } from 'node:fs'

/** Files come one by one, and editors write, rename and remove: it is quiet for so long before anything is loaded. */
const quietMs = 150

/** How often it is looked whether another folder is at the path: of a link that is turned no event tells. */
const lookMs = 1000

/**
 * Calls `changed` once the files of a folder have changed and are quiet again. The folder itself is watched, not its files,
 * so that a file that is renamed into place counts, and the `..data` link of Kubernetes too; a folder that takes its place,
 * moved there or behind a link, is watched from then on.
 *
 * @returns what ends it; `failed` is told why a folder cannot be watched
 */
export function watchFolder (folder: string, changed: () => void, failed: (error: Error) => void): () => void {
  let timer: NodeJS.Timeout | undefined
  let watcher: FSWatcher | undefined
  function soon (): void {
    clearTimeout(timer)
    timer = setTimeout(changed, quietMs).unref()
  }
  function begin (): void {
    watcher?.close()
    try {
      watcher = watch(folder, { persistent: false }, soon)
      watcher.on('error', failed)
    } catch (error) {
      failed(error as Error)
    }
  }
  function look (now: Stats, before: Stats): void {
    // Gone for a moment, while another takes its place. A number may be given anew at once, the time of birth not.
    if (now.ino === 0 || (now.ino === before.ino && now.birthtimeMs === before.birthtimeMs)) return
    begin()
    soon()
  }
  begin()
  watchFile(folder, { interval: lookMs, persistent: false }, look)
  return () => {
    clearTimeout(timer)
    watcher?.close()
    unwatchFile(folder, look)
  }
}
