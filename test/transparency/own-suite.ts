import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aptInstall } from '../../stack/apt.ts'
import { runCommand } from '../../stack/command.ts'
import type { StackContext } from '../../stack/context.ts'
import { debianMirror } from '../../stack/mirror.ts'
import type { Release } from '../../stack/tree.ts'

/** One file of the suite: how its checks went straight and through ngpilot, or in one line why it was not run. */
export type SuiteRow = { file: string, straight: Counts, through: Counts } | { file: string, notRun: string }

/** How many checks of a file went well, and how many and which did not; those that it left out itself count for neither. */
export interface Counts {
  ok: number
  notOk: number
  failed: string[]
  /** Set when the file did not come to its end: its last words. A reply that is an error ends it. */
  brokeOff?: string
}

/** What the suite needs of Debian beside rtpengine; the last brings the Perl modules that most of it needs. */
const packages = [
  'iproute2', 'dpkg-dev', 'libjson-perl', 'libnet-interface-perl', 'libdigest-crc-perl', 'libio-multiplex-perl',
  'libcrypt-openssl-rsa-perl', 'libtest2-suite-perl', 'rtpengine-utils',
]

/**
 * Runs rtpengine's own test-suite, which is in its source package alone: each file straight to the daemon and through
 * ngpilot.
 * `NGPILOT_RTPENGINE_SOURCE` names a folder of those sources, where no mirror has them.
 *
 * @returns its rows, or in one line why it is not to be had: many a mirror carries no source packages.
 */
export async function ownSuite (context: StackContext, release: Release): Promise<SuiteRow[] | { missing: string }> {
  const found = await sources(context, release)
  if ('missing' in found) return found
  for (const name of packages) await aptInstall(name, () => undefined)
  const files = (await readdir(join(found.folder, 't'))).filter((name) => /^auto-daemon-tests.*\.pl$/.test(name)).sort()
  const rows: SuiteRow[] = []
  for (const file of files) {
    process.stderr.write(`\r\x1b[K${release}: ${file} …`)
    rows.push(await inNetworkOfItsOwn(found.folder, file, release))
  }
  process.stderr.write('\r\x1b[K')
  return rows
}

/** The suite speaks from and to addresses of the documentation (RFC 5737, 3849). All of them are this host's there. */
const network = `
  ip link set lo up
  for block in 192.0.2.0/24 198.51.100.0/24 203.0.113.0/24; do ip route add local $block dev lo; done
  ip -6 route add local 2001:db8::/32 dev lo
  echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind
  exec "$@"
`

async function inNetworkOfItsOwn (folder: string, file: string, release: Release): Promise<SuiteRow> {
  const runner = [process.execPath, '--import', 'tsx', join(import.meta.dirname, 'run-suite-file.ts'), folder, file, release]
  const child = spawn('unshare', ['--net', '--', 'sh', '-euc', network, 'sh', ...runner], { stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => { printed += chunk })
  await once(child, 'close')
  const line = printed.trimEnd().split('\n').at(-1) ?? ''
  if (!line.startsWith('{')) throw new Error(`${file} could not be run:\n${printed.slice(-2000)}`)
  return JSON.parse(line) as SuiteRow
}

async function sources (context: StackContext, release: Release): Promise<{ folder: string } | { missing: string }> {
  const given = process.env.NGPILOT_RTPENGINE_SOURCE
  if (given !== undefined) return { folder: given }
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
    await aptInstall('dpkg-dev', () => undefined)
    await runCommand(['sh', '-euc', 'cd "$0"; dpkg-source --no-check -x *.dsc source', folder], (line) => { lines.push(line) })
    return { folder: join(folder, 'source') }
  } catch (error) {
    const why = lines.find((line) => line.startsWith('E: ')) ?? (error as Error).message
    return { missing: why.replace(/^E: /, '').replace(/\S+:\/\/\S+\//, '').replace(/\s*\[IP:.*\]/, '') }
  }
}
