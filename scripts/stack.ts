import { ensureChromium } from '../stack/chromium.ts'
import { ensureTree, type Release } from '../stack/tree.ts'

export const allReleases: readonly Release[] = ['trixie', 'bookworm', 'sid']

/** Brings what the tests run against, all of it at once: Debian trees with the real programs, and Chromium. */
export async function bringStack (releases: readonly Release[]): Promise<void> {
  const tell = (what: string) => (line: string) => console.log(`${what}: ${line}`)
  await Promise.all([
    ...releases.map((release) => ensureTree({ release, onProgress: tell(release) })),
    ensureChromium(tell('chromium')),
  ])
}

if (import.meta.filename === process.argv[1]) await bringStack(allReleases)
