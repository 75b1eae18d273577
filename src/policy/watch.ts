import { watch, type FSWatcher } from 'node:fs'

/** Files come one by one, and editors write, rename and remove: it is quiet for so long before anything is loaded. */
const quietMs = 150

/**
 * Calls `changed` once the files of a folder have changed and are quiet again. The folder itself is watched, not its files,
 * so that a file that is renamed into place counts, and the `..data` link of Kubernetes too.
 *
 * @returns what ends it; `failed` is told why a folder cannot be watched
 */
export function watchFolder (folder: string, changed: () => void, failed: (error: Error) => void): () => void {
  let timer: NodeJS.Timeout | undefined
  let watcher: FSWatcher | undefined
  try {
    watcher = watch(folder, { persistent: false }, () => {
      clearTimeout(timer)
      timer = setTimeout(changed, quietMs).unref()
    })
    watcher.on('error', failed)
  } catch (error) {
    failed(error as Error)
  }
  return () => {
    clearTimeout(timer)
    watcher?.close()
  }
}
