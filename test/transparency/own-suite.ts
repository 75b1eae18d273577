import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../../stack/command.ts'
import type { StackContext } from '../../stack/context.ts'
import { debianMirror } from '../../stack/mirror.ts'
import type { Release } from '../../stack/tree.ts'

/**
 * rtpengine's own test-suite is in Debian's source package alone, which a mirror need not have.
 *
 * @returns the folder of the source package, gone with the context, or in one line why it is not to be had.
 */
export async function ownSuite (context: StackContext, release: Release): Promise<{ folder: string } | { missing: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'ngpilot-rtpengine-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  const lines: string[] = []
  try {
    for (const name of ['lists/partial', 'cache/archives/partial']) await mkdir(join(folder, name), { recursive: true })
    const codename = /^VERSION_CODENAME="?([^"\n]+)/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1] ?? ''
    const { uri, keyring } = await debianMirror(codename)
    const options = ['check-valid-until=no', ...keyring === undefined ? [] : [`signed-by=${keyring}`]]
    await writeFile(join(folder, 'sources.list'), `deb-src [${options.join(' ')}] ${uri} ${release} main\n`)
    // In the temporary folder apt's own user may read nothing.
    const settings = Object.entries({
      'Dir::Etc::SourceList': join(folder, 'sources.list'), 'Dir::Etc::SourceParts': '/dev/null', 'Dir::State::Lists': join(folder, 'lists'),
      'Dir::Cache': join(folder, 'cache'), 'APT::Sandbox::User': 'root', 'Acquire::Retries': '0',
    }).flatMap(([name, value]) => ['-o', `${name}=${value}`])
    for (const words of ['-qq update', '-qq source --download-only rtpengine']) {
      await runCommand(['env', '-C', folder, 'apt-get', ...settings, ...words.split(' ')], (line) => { lines.push(line) })
    }
    return { folder }
  } catch (error) {
    const why = lines.find((line) => line.startsWith('E: ')) ?? (error as Error).message
    return { missing: why.replace(/^E: /, '').replace(/\S+:\/\/\S+\//, '').replace(/\s*\[IP:.*\]/, '') }
  }
}
