import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StackContext } from '../../stack/context.ts'
import { startDaemon } from '../../stack/daemon.ts'
import { startNgpilot } from '../../stack/ngpilot.ts'
import { answersPing } from '../../stack/rtpengine.ts'
import { ensureTree, type Release } from '../../stack/tree.ts'
import { trustingPolicy } from './compare.ts'
import type { Counts, SuiteRow } from './own-suite.ts'

/**
 * Runs one file of rtpengine's own test-suite twice, against a daemon with the options that the file asks for: straight and
 * through ngpilot. Prints a line of JSON. Started by own-suite.ts in a network of its own, where all its addresses are.
 */
const [folder = '', file = '', release = 'trixie'] = process.argv.slice(2)
const daemonPort = 2223
const ngpilotPort = 2299
const versions: Record<Release, string> = { bookworm: '10.5', trixie: '12.5', sid: '26.0' }
/** Its harness takes the sender's port from an address as the preloaded library makes it up, `[address]:port`. */
const suiteAddress = `package SuiteAddress;
use IO::Socket;
my $recv = \\&IO::Socket::recv;
no warnings 'redefine';
*IO::Socket::recv = sub {
  my $from = &$recv;
  return $from unless defined $from && caller eq 'NGCP::Rtpengine::AutoTest' && sockaddr_family($from) == AF_INET;
  my ($port, $address) = unpack_sockaddr_in($from);
  return '[' . inet_ntoa($address) . "]:$port";
};
1;
`
const ends: (() => Promise<void> | void)[] = []
const context: StackContext = { after: (end) => { ends.push(end) } }

const scratch = await mkdtemp(join(tmpdir(), 'ngpilot-suite-'))
context.after(() => rm(scratch, { recursive: true, force: true }))

try {
  await writeFile(join(scratch, 'SuiteAddress.pm'), suiteAddress)
  const options = await optionsOf()
  const row: SuiteRow = { file, straight: await counted(options, false), through: await counted(options, true) }
  console.log(JSON.stringify(row))
} catch (error) {
  const row: SuiteRow = { file, notRun: (error as Error).message }
  console.log(JSON.stringify(row))
} finally {
  for (const end of ends.reverse()) await end()
}

/**
 * ngpilot is told the release, so that a flags string (`rtpp-flags`) goes on as it came where the daemon reads it; one that
 * does not gets it as keys, and so does more through ngpilot than straight (docs/decisions/0014).
 */
async function settings (): Promise<string> {
  const path = join(scratch, 'ngpilot.yaml')
  await writeFile(path, `rtpengine: { nodes: [{ id: n1, address: "127.0.0.1:${daemonPort}", version: "${versions[release as Release]}" }] }\n`)
  return path
}

/** The file starts its daemon itself, and says with what: a program that only writes that down stands in for it. */
async function optionsOf (): Promise<string[]> {
  const recorder = join(scratch, 'recorder')
  await writeFile(recorder, `#!/bin/sh\nprintf '%s\\n' "$@" > ${scratch}/options\n`)
  await chmod(recorder, 0o755)
  // It ends what it started as soon as nothing answers its first ping, now and then before that has written a word.
  let last = ''
  for (let attempt = 0; attempt < 20; attempt++) {
    last = (await runPerl({ RTPE_BIN: recorder })).last
    const options = await readFile(join(scratch, 'options'), 'utf8').catch(() => '')
    if (options.endsWith('\n')) return options.trimEnd().split('\n')
  }
  throw new Error(`it starts no daemon here: ${last}`)
}

/** The configuration that its options name lies beside it. */
async function configOf (options: readonly string[]): Promise<Record<string, string>> {
  const name = options.join('\n').match(/^--config-file=(.+)/m)?.[1]
  return name === undefined || name === 'none' ? {} : { [name]: await readFile(join(folder, 't', name), 'utf8') }
}

async function counted (options: readonly string[], isThrough: boolean): Promise<Counts> {
  const mine: (() => Promise<void>)[] = []
  const owner: StackContext = { after: (end) => { mine.push(end) } }
  try {
    await startDaemon(owner, {
      name: 'rtpengine', tree: await ensureTree({ release: release as Release }), files: await configOf(options),
      argv: ['rtpengine', '--log-stderr', ...options], isReady: () => answersPing('127.0.0.1', daemonPort),
    })
    if (isThrough) {
      await startNgpilot(owner, {
        env: {
          NGPILOT_CONFIG: await settings(), NGPILOT_NG_LISTEN: `127.0.0.1:${ngpilotPort}`,
          NGPILOT_POLICY_DIRECTORY: await trustingPolicy(owner), NGPILOT_LOG_LEVEL: 'error', NGPILOT_REQUEST_DEADLINE_MS: '3000',
        },
      })
    }
    const { printed, last } = await runPerl({ RTPE_TEST_NO_LAUNCH: '1', RTPENGINE_PORT: String(isThrough ? ngpilotPort : daemonPort) })
    const failed = [...printed.matchAll(/^not ok \d+(?: - )?(.*)/gm)].map(([, name = '']) => name)
    const ok = (printed.match(/^ok \d+(?! # skip)/gm) ?? []).length
    return { ok, notOk: failed.length, failed, ...!/^1\.\.\d+$/m.test(printed) && { brokeOff: last } }
  } finally {
    for (const end of mine.reverse()) await end()
  }
}

/** What it prints: TAP, and the last of what it has to complain of, which says why it broke off. The library that it wants
 *  preloaded maps addresses, which this network makes needless. */
async function runPerl (env: Record<string, string>): Promise<{ printed: string, last: string }> {
  const { PATH, RTPENGINE_EXTENDED_TESTS } = process.env
  const child = spawn('perl', [`-I${folder}/perl`, `-I${scratch}`, '-MSuiteAddress', file], {
    cwd: join(folder, 't'), stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH, ...RTPENGINE_EXTENDED_TESTS !== undefined && { RTPENGINE_EXTENDED_TESTS }, RTPENGINE_HOST: '127.0.0.1',
      RTPENGINE_PORT: String(daemonPort), LD_PRELOAD: 'tests-preload', RTPE_PRELOAD_TEST_ACTIVE: '1', ...env,
    },
  })
  let printed = ''
  let complaints = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => { printed += chunk })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => { complaints = (complaints + chunk).slice(-65536) })
  const killer = setTimeout(() => child.kill('SIGKILL'), 600_000)
  await once(child, 'close')
  clearTimeout(killer)
  const words = complaints.split('\n').filter((line) => !/^(#|ERROR: ld\.so|\)|$)/.test(line)).join(' ').slice(-300)
  return { printed, last: words || `it ended with ${child.signalCode ?? child.exitCode} and no word` }
}
