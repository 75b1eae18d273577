import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** What starts programs: the daemons of the tests, ngpilot itself, a browser. */
const starters = ['stack/daemon.ts', 'stack/contained.ts', 'stack/ngpilot.ts', 'stack/chromium.ts']

/** Whether a test starts programs of its own, by what it imports, and what that imports in turn. */
export function startsPrograms (file: string, seen = new Set<string>()): boolean {
  const path = relative('.', file)
  if (starters.includes(path)) return true
  if (seen.has(path) || path.startsWith('src/')) return false
  seen.add(path)
  const text = readFileSync(path, 'utf8')
  if (/from 'node:child_process'/.test(text)) return true
  return Array.from(text.matchAll(/^import (?!type).* from '(\.[^']+)'/gm), ([, to = '']) => join(dirname(path), to))
    .some((imported) => startsPrograms(imported, seen))
}
