import { spawn } from 'node:child_process'
import { access } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { aptInstall } from './apt.ts'
import { contained } from './contained.ts'
import type { StackContext } from './context.ts'

/**
 * What each writes of loopback: a pcap, a pcapng, and text as a person reads it at a terminal. They stay root: a process
 * that takes another user is not ended with its guard (see {@link contained}).
 */
const programs = {
  tcpdump: ['-Z', 'root', '-i', 'lo', '-U', '--immediate-mode', '-w', '-'],
  tshark: ['-i', 'lo', '-q', '-F', 'pcapng', '-w', '-', '-f'],
  ngrep: ['-R', '-d', 'lo', '-t', '-l', '-W', 'byline', ''],
} as const

export type CaptureProgram = keyof typeof programs

export interface Capture {
  /** Waits until half a second has brought nothing (3 s at most), ends it, and resolves with all that it wrote. */
  end: () => Promise<Buffer>
}

/** tcpdump, ngrep and tshark are of the host, as the loopback is: installs one by apt-get when it is missing. */
async function ensureCaptureProgram (program: CaptureProgram): Promise<void> {
  const folders = ['/usr/bin', '/usr/sbin']
  const there = await Promise.all(folders.map((folder) => access(`${folder}/${program}`).then(() => true, () => false)))
  if (!there.includes(true)) await aptInstall(program, () => undefined)
}

/**
 * Captures loopback with a filter of libpcap, such as `port 5060`, from when this resolves on.
 *
 * @throws Error with what the program printed, when it has ended or is not ready within 10 s
 */
export async function startCapture (context: StackContext, program: CaptureProgram, filter: string): Promise<Capture> {
  await ensureCaptureProgram(program)
  const [command = '', ...args] = contained([program, ...programs[program], filter])
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const chunks: Buffer[] = []
  let printed = ''
  let outcome: string | undefined
  child.stdout.on('data', (chunk: Buffer) => { chunks.push(chunk) })
  child.stderr.setEncoding('utf8').on('data', (text: string) => { printed += text })
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => resolve(void (outcome = error.message)))
    child.once('close', (code, signal) => resolve(void (outcome = String(signal ?? code))))
  })
  const kill = async () => {
    if (outcome === undefined) child.kill('SIGKILL')
    await ended
  }
  context.after(kill)
  const deadline = performance.now() + 10_000
  // Each has its file header or its first words out when it listens.
  while (chunks.length === 0) {
    if (outcome !== undefined) throw new Error(`${program} did not start, it ended with ${outcome}:\n${printed}`)
    if (performance.now() > deadline) throw new Error(`${program} was not ready after 10 s:\n${printed}`)
    await sleep(20)
  }
  await sleep(200)
  return {
    async end () {
      for (let tries = 0, count = -1; tries < 6 && count !== chunks.length; tries++) {
        count = chunks.length
        await sleep(500)
      }
      await kill()
      return Buffer.concat(chunks)
    },
  }
}
