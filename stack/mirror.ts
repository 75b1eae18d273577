import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where Debian's packages come from, and the keyring that the machine trusts for them, when its sources name one. */
export interface Mirror { uri: string, keyring?: string }

interface Source extends Mirror { suites: string[], components: string[] }

/**
 * Finds the Debian mirror in the machine's own apt sources, in both of apt's formats (sources.list(5)).
 *
 * Third parties publish suites of the same name with the same component, so of several a URI whose path ends in
 * `debian` wins.
 *
 * @param codename the host's release: `bookworm`, `trixie`
 */
export async function debianMirror (codename: string, etcApt = '/etc/apt'): Promise<Mirror> {
  const sources = await readSources(etcApt)
  const fitting = sources.filter(({ suites, components }) => suites.includes(codename) && components.includes('main'))
  const found = fitting.find(({ uri }) => /\/debian\/?$/.test(uri)) ?? fitting[0]
  if (!found) {
    throw new Error(`no Debian mirror in ${etcApt}: no source there has the suite ${codename} with the component main`)
  }
  return { uri: found.uri, ...(found.keyring && { keyring: found.keyring }) }
}

async function readSources (etcApt: string): Promise<Source[]> {
  const parts = await readdir(join(etcApt, 'sources.list.d')).catch(() => [])
  const paths = ['sources.list', ...parts.sort().map((name) => `sources.list.d/${name}`)]
  const read = paths.map(async (path) => {
    const text = await readFile(join(etcApt, path), 'utf8').catch(() => '')
    if (path.endsWith('.sources')) return sourcesOfDeb822(text)
    return path.endsWith('.list') ? sourcesOfLines(text) : []
  })
  return (await Promise.all(read)).flat()
}

/** `deb [arch=amd64 signed-by=/key.gpg] URI SUITE COMPONENT…`, one source a line. */
export function sourcesOfLines (text: string): Source[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)([^#]*)/.exec(line)
    if (!match) return []
    const [, options = '', uri = '', suite = '', components = ''] = match
    const keyring = /signed-by=(\/[^\s,]+)/i.exec(options)?.[1]
    return [{ uri, suites: [suite], components: wordsOf(components), ...(keyring && { keyring }) }]
  })
}

/** Stanzas of `Field: value`, separated by empty lines; a field goes on in lines that begin with a space. */
export function sourcesOfDeb822 (text: string): Source[] {
  const stanzas = text.replace(/^#.*\n/gm, '').split(/\n\s*\n/)
  return stanzas.flatMap((stanza) => {
    const field = (name: string) => wordsOf(new RegExp(`^${name}:(.*(?:\\n[ \\t].*)*)`, 'im').exec(stanza)?.[1] ?? '')
    if (!field('Types').includes('deb') || field('Enabled')[0]?.toLowerCase() === 'no') return []
    // A key can also stand there in full or as a fingerprint; mmdebstrap then falls back on apt's own keyrings.
    const [signedBy] = field('Signed-By')
    const keyring = signedBy?.startsWith('/') ? { keyring: signedBy } : {}
    const rest = { suites: field('Suites'), components: field('Components'), ...keyring }
    return field('URIs').map((uri) => ({ uri, ...rest }))
  })
}

function wordsOf (text: string): string[] {
  return text.split(/\s+/).filter(Boolean)
}
