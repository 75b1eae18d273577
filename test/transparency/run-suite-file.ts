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
const ends: (() => Promise<void> | void)[] = []
const context: StackContext = { after: (end) => { ends.push(end) } }

try {
  const scratch = await mkdtemp(join(tmpdir(), 'ngpilot-suite-'))
  context.after(() => rm(scratch, { recursive: true, force: true }))
  const options = await optionsOf(scratch)
  const row: SuiteRow = { file, straight: await counted(options, false), through: await counted(options, true) }
  console.log(JSON.stringify(row))
} finally {
  for (const end of ends.reverse()) await end()
}

/** The file starts its daemon itself, and says with what: a program that only writes that down stands in for it. */
async function optionsOf (scratch: string): Promise<string[]> {
  const recorder = join(scratch, 'recorder')
  await writeFile(recorder, `#!/bin/sh\nprintf '%s\\n' "$@" > ${scratch}/options\n`)
  await chmod(recorder, 0o755)
  await runPerl({ RTPE_BIN: recorder })
  return (await readFile(join(scratch, 'options'), 'utf8')).trimEnd().split('\n')
}

async function counted (options: readonly string[], isThrough: boolean): Promise<Counts> {
  const mine: (() => Promise<void>)[] = []
  const owner: StackContext = { after: (end) => { mine.push(end) } }
  try {
    await startDaemon(owner, {
      name: 'rtpengine', tree: await ensureTree({ release: release as Release }),
      argv: ['rtpengine', '--log-stderr', ...options], isReady: () => answersPing('127.0.0.1', daemonPort),
    })
    if (isThrough) {
      await startNgpilot(owner, {
        env: {
          NGPILOT_RTPENGINE_NODES: `127.0.0.1:${daemonPort}`, NGPILOT_NG_LISTEN: `127.0.0.1:${ngpilotPort}`,
          NGPILOT_POLICY_DIRECTORY: await trustingPolicy(owner), NGPILOT_LOG_LEVEL: 'error', NGPILOT_REQUEST_DEADLINE_MS: '3000',
        },
      })
    }
    const printed = await runPerl({ RTPE_TEST_NO_LAUNCH: '1', RTPENGINE_PORT: String(isThrough ? ngpilotPort : daemonPort) })
    return { ok: (printed.match(/^ok \d+/gm) ?? []).length, notOk: (printed.match(/^not ok \d+/gm) ?? []).length }
  } finally {
    for (const end of mine.reverse()) await end()
  }
}

/** What it prints: TAP. The library that it wants preloaded maps addresses, which this network makes needless. */
async function runPerl (env: Record<string, string>): Promise<string> {
  const child = spawn('perl', [`-I${folder}/perl`, file], {
    cwd: join(folder, 't'), stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH, RTPENGINE_HOST: '127.0.0.1', RTPENGINE_PORT: String(daemonPort), LD_PRELOAD: 'tests-preload', RTPE_PRELOAD_TEST_ACTIVE: '1', ...env },
  })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => { printed += chunk })
  const killer = setTimeout(() => child.kill('SIGKILL'), 600_000)
  await once(child, 'close')
  clearTimeout(killer)
  return printed
}
