import { createHash } from 'node:crypto'
import { mkdir, readFile, stat, statfs } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { aptInstall } from './apt.ts'
import { runCommand } from './command.ts'
import { contained } from './contained.ts'
import { debianMirror } from './mirror.ts'

/** Debian releases that a tree can be made of, by the versions of the programs that are in the field. */
export type Release = 'bookworm' | 'trixie' | 'sid'

const programs = [
  'kamailio', 'kamailio-extra-modules', 'kamailio-websocket-modules', 'kamailio-tls-modules',
  'kamailio-utils-modules', 'kamailio-json-modules', 'kamailio-lwsc-modules', 'rtpengine-daemon',
]

/** What a tree holds; its place in the cache is keyed by this list. The rest of the stack comes from the default one. */
const packages: Record<Release, readonly string[]> = {
  bookworm: programs, // Kamailio 5.6, rtpengine 10.5
  trixie: [...programs, 'redis-server', 'redis-sentinel', 'sip-tester', 'baresip-core'], // Kamailio 6.0, rtpengine 12.5
  sid: programs, // Kamailio 6.1, rtpengine 26.0
}

const neededBytes = 2 * 1024 ** 3

export interface TreeOptions {
  /** Default: trixie, Debian 13. */
  release?: Release
  /** Told one line at a time what is being done; never called when the tree is there already. */
  onProgress?: (line: string) => void
  /** The cache folder. Default: `NGPILOT_STACK_DIR`, else /var/cache/ngpilot for root and ~/.cache/ngpilot. */
  folder?: string
}

/**
 * Resolves with the path of a whole Debian that holds the programs of the stack, as a folder of its own: the host
 * keeps its release and its packages. Built once (about 40 s, 400 MB), then used as it is.
 *
 * Of several that want it at once one builds and the others wait for it; a tree has its name only when it is whole.
 *
 * @throws Error that says what is missing: not root, no Debian, no room, or mmdebstrap's own last words.
 */
export async function ensureTree (options: TreeOptions = {}): Promise<string> {
  const { release = 'trixie', onProgress = () => undefined, folder = cacheFolder() } = options
  const key = createHash('sha256').update([release, ...packages[release]].join(' ')).digest('hex').slice(0, 12)
  const tree = join(folder, `${release}-${key}`)
  if (await exists(tree)) return tree
  if (process.getuid?.() !== 0) throw new Error(`cannot build ${tree}: only root may make a Debian tree and enter it`)
  const codename = await hostCodename()
  await mkdir(folder, { recursive: true })
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize < neededBytes) throw new Error(`cannot build ${tree}: less than 2 GB are free in ${folder}`)
  if (!await exists('/usr/bin/mmdebstrap')) await aptInstall('mmdebstrap', onProgress)
  const mirror = await debianMirror(codename)
  const bootstrap = [
    'mmdebstrap', '--mode=root', '--variant=minbase', ...(mirror.keyring ? [`--keyring=${mirror.keyring}`] : []),
    // A mirror of sid may lag behind by more days than its Release file says that it is good for.
    ...(release === 'sid' ? ['--aptopt=Acquire::Check-Valid-Until "false"'] : []),
    `--include=${packages[release].join(',')}`, release,
  ]
  await runCommand(contained(['sh', '-euc', buildScript, tree, mirror.uri, ...bootstrap]), onProgress)
  return tree
}

/**
 * Works under a lock that the kernel takes back when its holder dies, so a `.building` folder found here is what is left
 * of a builder that died. The lock's file tells who holds it.
 */
const buildScript = `
  tree=$0 mirror=$1; shift
  exec 9>>"$tree.lock"
  flock --nonblock 9 || { echo "waiting for process $(cat "$tree.lock"), which builds $tree"; flock 9; }
  [ ! -d "$tree" ] || exit 0
  echo ${process.pid} > "$tree.lock"
  echo "building $tree"
  rm -rf --one-file-system "$tree.building"
  trap 'rm -rf --one-file-system "$tree.building"' EXIT INT TERM
  "$@" "$tree.building" "$mirror"
  mv -T "$tree.building" "$tree"
`

function cacheFolder (): string {
  const fallback = process.getuid?.() === 0 ? '/var/cache/ngpilot' : join(homedir(), '.cache/ngpilot')
  return process.env.NGPILOT_STACK_DIR ?? fallback
}

async function hostCodename (): Promise<string> {
  const osRelease = await readFile('/etc/os-release', 'utf8').catch(() => '')
  const codename = /^VERSION_CODENAME="?([^"\n]+)/m.exec(osRelease)?.[1]
  if (!codename || !/^ID="?debian"?$/m.test(osRelease)) {
    throw new Error('the stack is built from the apt sources of a Debian host; /etc/os-release says that this is none')
  }
  return codename
}

async function exists (path: string): Promise<boolean> {
  return stat(path).then(() => true, () => false)
}
