import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { StackContext } from '../../stack/context.ts'
import { startNgpilot } from '../../stack/ngpilot.ts'
import { freePort } from '../../stack/ports.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { encode, readBody, split } from '../../src/ng/codec.ts'
import { writeJson } from '../../src/ng/json.ts'
import { isAtLeast, type Release } from '../../src/ng/release.ts'
import type { NgDictionary } from '../../src/ng/types.ts'
import { startNgCaller } from '../support/ng-caller.ts'
import { mediaOf } from './media.ts'
import { firstDifference, plain } from './plain.ts'
import type { Sequence, Step } from './sequence.ts'

export interface Compared {
  commands: number
  /** Replies that are the same straight and through ngpilot. */
  same: number
  /** Of those that differ: where. */
  different: string[]
}

/** A policy in which the client's own flags are all that counts, in a directory that is gone with the context. */
export async function trustingPolicy (context: StackContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ngpilot-policy-'))
  context.after(() => rm(directory, { recursive: true, force: true }))
  await writeFile(join(directory, 'policy.yaml'), 'version: 1\nrules:\n  - { name: the-client-knows, set: { client-flags: trust } }\n')
  return directory
}

/** An rtpengine straight, and another of the same version behind an ngpilot that trusts its clients; each with a client. */
async function startBoth (context: StackContext, tree: string) {
  const args = ['--interface=::1', '--interface=outside/127.0.0.2']
  const straight = await startRtpengine(context, { tree, logLevel: 3, args })
  const behind = await startRtpengine(context, { tree, logLevel: 3, args })
  const ngPort = await freePort()
  const ngpilot = await startNgpilot(context, {
    env: {
      NGPILOT_RTPENGINE_NODES: `n1=127.0.0.1:${behind.port}`, NGPILOT_NG_LISTEN: `127.0.0.1:${ngPort}`,
      NGPILOT_POLICY_DIRECTORY: await trustingPolicy(context), NGPILOT_LOG_LEVEL: 'error', NGPILOT_REQUEST_DEADLINE_MS: '4000',
    },
  })
  const ends: (() => Promise<void>)[] = []
  const owner = { after: (end: () => Promise<void>) => { ends.push(end) } }
  const callers = [await startNgCaller(owner, { port: straight.port }), await startNgCaller(owner, { port: ngPort })]
  const stop = async () => {
    for (const end of ends) await end()
    for (const daemon of [ngpilot, straight, behind]) await daemon.stop()
  }
  return { callers, stop }
}

/** Has media pass through both, and compares what comes out; `commands` are the scenarios. */
export async function compareMedia (context: StackContext, tree: string): Promise<Compared> {
  const { callers, stop } = await startBoth(context, tree)
  const [straight, through] = await Promise.all(callers.map((caller) => mediaOf(context, (command) => caller.ask(command))))
  await stop()
  const different = [...straight ?? []].flatMap(([name, outcome]) => {
    const other = through?.get(name)
    return isDeepStrictEqual(outcome, other) ? [] : [`media, ${name}${firstDifference(outcome, other)}`]
  })
  const commands = straight?.size ?? 0
  return { commands, same: commands - different.length, different }
}

/**
 * Sends the same sequences to one rtpengine straight and to another of the same version through ngpilot, and compares the
 * replies, all that is random in them aside.
 */
export async function compare (
  context: StackContext, sequences: readonly Sequence[], { tree, format, version }: { tree: string, format: 'bencode' | 'JSON', version: Release },
): Promise<Compared> {
  const { callers, stop } = await startBoth(context, tree)
  const result: Compared = { commands: 0, same: 0, different: [] }
  const bodyOf = (command: NgDictionary) => format === 'JSON' ? writeJson(command) : split(encode('x', command)).body
  for (const { name, commands, since, before } of sequences) {
    const straightAway = since === undefined || isAtLeast(version, since) ? commands : before
    if (!straightAway) continue
    /** What each of the two has answered so far. */
    const replies: [NgDictionary[], NgDictionary[]] = [[], []]
    for (const [index, command] of commands.entries()) {
      const cookie = `${format}-${result.commands++}`
      const made = [madeOf(straightAway[index] ?? command, replies[0]), madeOf(command, replies[1])]
      const [one, two] = await Promise.all(callers.map(async (caller, at) => {
        const { body: reply } = split(await caller.askRaw(cookie, bodyOf(made[at] ?? {})))
        const read = readBody(reply, 0)
        replies[at]?.push(read)
        return { plain: plain(read, version), isJson: reply[0] === 0x7b }
      }))
      if (isDeepStrictEqual(one, two)) result.same++
      else result.different.push(`${name}, ${made[1]?.command as string}${firstDifference(one?.plain, two?.plain)}`)
    }
  }
  await stop()
  return result
}

function madeOf (step: Step, replies: readonly NgDictionary[]): NgDictionary {
  return typeof step === 'function' ? step(replies) : step
}
