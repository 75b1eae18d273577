import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { revisionOf } from '../../src/policy/load.ts'
import type { StackContext } from '../../stack/context.ts'
import { startNgpilot } from '../../stack/ngpilot.ts'
import { freePort } from '../../stack/ports.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { sdpFile } from '../support/calls.ts'
import { heapAfterCollection } from '../support/heap.ts'

export interface ReloadFigures {
  requests: number
  /** What came instead of 200, once each. */
  failures: string[]
  /** Revisions on decisions that no good file has. */
  strange: string[]
  /** Revisions that decided, of so many that were loaded. */
  seen: number
  loaded: number
  refused: number
  /** Revisions that the metrics still tell of. */
  told: number
  /** MB of memory before the reloads, halfway and at the end. */
  resident: number[]
  /** MB of heap after a garbage collection, at the end of each quarter of the reloads. */
  heap: number[]
  /** Of the requests, in ms: beside reloads, and before them. */
  during: { median: number, p99: number, worst: number }
  before: { median: number, p99: number, worst: number }
}

/** Ways to be broken, one after the other: each of them is refused at another step. */
const broken = [
  'rules: [', 'version: 2\n', '', 'version: 1\nendpoints: [{ profile: nobody }]\n', 'version: 1\nrules: [{ name: a, match: { when: "vars." } }]\n',
  'version: 1\nprofiles: { a: { extends: a } }\n', '\u0000\u0001\uFFFD', `version: 1\nrules: [${'['.repeat(500)}`,
]

const good = (round: number, rules: number): string => `version: 1
profiles: { browser: { extends: webrtc }, phone: { extends: sip } }
endpoints: [{ profile: browser, match: { transport: wss } }, { profile: phone }]
rules:
${Array.from({ length: rules }, (_, index) => `  - { name: rule-${round}-${index}, match: { ${matchOf(round, index)} }, set: { tos: ${(round + index) % 256} } }`).join('\n')}
`

/** A tenth of them are expressions that no policy before had. */
function matchOf (round: number, index: number): string {
  return index % 10 === 0 ? `when: 'regex(sip.userAgent, "^Phone ${round}-${index}")'` : `vars: { trunk: t${index} }`
}

/**
 * A real ngpilot and rtpengine under load of calls, while the policy is loaded so many times, every second time broken.
 *
 * @param rules of each good file
 * @param clients that make calls, each one after the other
 */
export async function runReloads (
  t: StackContext, directory: string, { reloads, rules, clients }: { reloads: number, rules: number, clients: number },
): Promise<ReloadFigures> {
  const file = join(directory, 'a.yaml')
  const put = async (text: string) => {
    await writeFile(`${file}.new`, text)
    await rename(`${file}.new`, file)
  }
  await put(good(0, rules))
  const rtpengine = await startRtpengine(t)
  const inspector = await freePort()
  const ngpilot = await startNgpilot(t, {
    env: {
      NODE_OPTIONS: `--inspect=127.0.0.1:${inspector}`,
      NGPILOT_RTPENGINE_NODES: `n1=127.0.0.1:${rtpengine.port}`, NGPILOT_POLICY_DIRECTORY: directory,
      NGPILOT_POLICY_IS_WATCHED: 'false', NGPILOT_LOG_LEVEL: 'error',
    },
  })
  const ask = async (path: string, body?: object) => fetch(`${ngpilot.url}${path}`, {
    method: 'POST', ...body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
  })

  const sdp = sdpFile('chromium-audio-gathered-loopback').toString()
  const failures = new Set<string>()
  const seen = new Set<string>()
  let times: number[] = []
  let isDone = false
  let calls = 0
  async function load (): Promise<void> {
    while (!isDone) {
      const callId = `call-${calls++}`
      const vars = { trunk: `t${calls % rules}` }
      const begin = performance.now()
      const legs = { source: { transport: 'wss' }, destination: { transport: 'udp' } }
      const reply = await ask('/v1/offer', { callId, fromTag: 'a', sdp, vars, ...legs })
      times.push(performance.now() - begin)
      const said = await reply.json() as { revision?: string, detail?: string }
      if (reply.status === 200 && said.revision !== undefined) seen.add(said.revision)
      else failures.add(`${reply.status}: ${said.detail ?? ''}`)
      await (await ask('/v1/delete', { callId })).arrayBuffer()
    }
  }
  const loads = Array.from({ length: clients }, load)

  // As many calls as it takes until the code is warm, then a measure of what a call takes by itself.
  const requests = async (count: number) => {
    for (const end = times.length + count; times.length < end;) await new Promise(setImmediate)
  }
  await requests(100)
  times = []
  await requests(Math.max(100, reloads))
  const before = times
  times = []

  const metrics = async () => (await fetch(`${ngpilot.url}/metrics`)).text()
  const megabytes = async () => Number(/^process_resident_memory_bytes (\d+)$/m.exec(await metrics())?.[1] ?? NaN) / 1e6
  const resident = [await megabytes()]
  const heap: number[] = []
  const goodRevisions = new Set([revisionOf([{ name: 'a.yaml', text: good(0, rules) }])])
  for (let round = 1; round <= reloads; round++) {
    const text = round % 2 === 1 ? good(round, rules) : broken[round / 2 % broken.length] ?? ''
    await put(text)
    if (round % 2 === 1) goodRevisions.add(revisionOf([{ name: 'a.yaml', text }]))
    await (await ask('/v1/policy/reload')).arrayBuffer()
    if (round === reloads / 2) resident.push(await megabytes())
    if (round % Math.floor(reloads / 4) === 0) heap.push(await heapAfterCollection(inspector))
  }
  isDone = true
  await Promise.all(loads)
  resident.push(await megabytes())
  const last = await metrics()
  const count = (result: string) => Number(new RegExp(`^ngpilot_policy_reloads_total\\{result="${result}"\\} (\\d+)$`, 'm').exec(last)?.[1] ?? 0)
  return {
    requests: times.length, failures: [...failures], seen: seen.size,
    strange: [...seen].filter((revision) => !goodRevisions.has(revision)),
    loaded: count('ok') - 1, refused: count('invalid'),
    told: new Set(Array.from(last.matchAll(/^ngpilot_decisions_total\{.*revision="(\w+)"/gm), ([, revision]) => revision)).size, resident, heap,
    during: spread(times), before: spread(before),
  }
}

function spread (times: readonly number[]) {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
  return { median: at(0.5), p99: at(0.99), worst: at(1) }
}
