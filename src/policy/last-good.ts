import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PolicyText } from './texts.ts'

/** What is kept of a policy in force: its files; after a promotion also the revision that it took over from. */
export interface KeptPolicy { revision: string, keptAt: string, texts: PolicyText[], promotedOver?: string }

const nameOf = (folder: string): string => join(folder, 'policy-in-force.json')

/** Writes it so that a crash leaves the old one or the new one, whole. */
export async function keepPolicy (folder: string, kept: KeptPolicy): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o750 })
  const name = nameOf(folder)
  await writeFile(`${name}.new`, JSON.stringify(kept), { mode: 0o640 })
  await rename(`${name}.new`, name)
}

/** Undefined when there is none, or none that can be read. */
export async function keptPolicy (folder: string): Promise<KeptPolicy | undefined> {
  try {
    const kept = JSON.parse(await readFile(nameOf(folder), 'utf8')) as KeptPolicy
    return Array.isArray(kept.texts) && typeof kept.revision === 'string' ? kept : undefined
  } catch {
    return undefined
  }
}
