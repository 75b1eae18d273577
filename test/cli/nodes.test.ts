import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { setNode } from '../../src/cli/nodes.ts'
import type { NodeView } from '../../src/fleet/node.ts'
import { freePort } from '../../stack/ports.ts'
import { startNgpilot } from '../../stack/ngpilot.ts'
import { program } from '../../stack/program.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { sdpFile } from '../support/calls.ts'

test('nodes are shown; drain --wait ends when the last call has gone, and no new call lands there', async (t) => {
  const [n1, n2] = [await startRtpengine(t), await startRtpengine(t)]
  const env = { NGPILOT_RTPENGINE_NODES: `n1=127.0.0.1:${n1.port},n2=127.0.0.1:${n2.port}`, NGPILOT_POLICY_DIRECTORY: 'policy' }
  const ngpilot = await startNgpilot(t, { env })
  const post = async (path: string, body: object) => {
    const reply = await fetch(`${ngpilot.url}${path}`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
    })
    return reply.status === 204 ? undefined : await reply.json() as { node: string }
  }
  const offer = (callId: string) => post('/v1/offer', { callId, fromTag: 'f', sdp: sdpFile('answer-plain-pcmu').toString() })
  const first = await offer('c1')
  const busy = first?.node ?? ''

  const draining = run(['drain', busy, '--wait', '--url', ngpilot.url])
  await until(async () => (await run(['nodes', '--url', ngpilot.url])).includes('draining'))
  for (const callId of ['c2', 'c3', 'c4', 'c5']) assert.notEqual((await offer(callId))?.node, busy)
  await post('/v1/delete', { callId: 'c1' })
  const printed = await draining
  assert.match(printed, new RegExp(`^${busy} is draining\\n[\\s\\S]*${busy} is empty\\n$`))

  assert.match(await run(['enable', busy, '--url', ngpilot.url]), new RegExp(`^${busy} is (up|suspect: .*)\n`))
  const table = await run(['nodes', '--url', ngpilot.url])
  assert.match(table, /^NODE +ADDRESS +VERSION +STATE.*\nn1 .*\nn2 .*\n$/)
})

test('an unknown node, an unknown command and a missing ngpilot are told in words', async (t) => {
  const rtpengine = await startRtpengine(t)
  const ngpilot = await startNgpilot(t, {
    env: { NGPILOT_RTPENGINE_NODES: `n1=127.0.0.1:${rtpengine.port}`, NGPILOT_POLICY_DIRECTORY: 'policy' },
  })
  await assert.rejects(run(['drain', 'n7', '--url', ngpilot.url]), /ngpilot: there is no node n7; there are n1/)
  await assert.rejects(run(['nods', '--url', ngpilot.url]), /ngpilot: "nods" is no command/)
  await assert.rejects(run(['nodes', '--url', `http://127.0.0.1:${await freePort()}`]), /ngpilot does not answer at/)
  await assert.rejects(run(['enable', 'n1', '--wait', '--url', ngpilot.url]), /ngpilot: --wait goes with drain alone/)
  await assert.rejects(run(['--wiat']), /Unknown option '--wiat'/)
})

test('a drain that waits says why when the node cannot tell its calls, and once each; enable says why a node is not up', async () => {
  const node: NodeView = {
    id: 'n1', address: 'h:1', version: undefined, state: 'draining', reason: 'by the operator; it is down', since: 0, sets: [],
    priority: 0, weight: 1, isBusy: false, isDrained: false, calls: undefined, freePorts: undefined, roundTripMs: undefined,
    inFlight: 0,
  }
  const seen: NodeView[] = [node, { ...node, calls: 1 }, { ...node, calls: 0, isDrained: true }]
  const printed: string[] = []
  const api = { nodes: async () => Promise.resolve([seen.shift() ?? node]), setNode: async () => Promise.resolve(node) }
  const print = (line: string) => printed.push(line)
  await setNode(api, 'n1', 'drain', { wait: true, everyMs: 1 }, print)
  await setNode(api, 'n1', 'enable', {}, print)
  assert.deepEqual(printed, [
    'n1 is draining', 'n1 does not say how many calls are left (by the operator; it is down)', '1 call left', 'n1 is empty',
    'n1 is draining: by the operator; it is down',
  ])
})

test('a drain that waits ends at a node whose process has ended; of one that is silent it says that nobody can tell', async () => {
  const node: NodeView = {
    id: 'n1', address: 'h:1', version: undefined, state: 'draining', reason: 'by the operator; it is down', since: 0, sets: [],
    priority: 0, weight: 1, isBusy: false, isDrained: false, calls: undefined, freePorts: undefined, roundTripMs: undefined,
    inFlight: 0, down: { since: 0, isGone: true },
  }
  const printed: string[] = []
  const apiOf = (view: NodeView) =>
    ({ nodes: async () => Promise.resolve([view]), setNode: async () => Promise.resolve(view) })
  const times = { wait: true, everyMs: 1, goneAfterMs: 5, silentAfterMs: 10 }
  const print = (line: string) => printed.push(line)
  await setNode(apiOf({ ...node, isUnshared: true }), 'n1', 'drain', times, print)
  assert.equal(printed[1], 'the other ngpilots do not know it yet: their Redis does not answer')
  assert.equal(printed.at(-1), 'n1 is down, and its calls have ended with it: nothing listens at h:1')
  await assert.rejects(setNode(apiOf({ ...node, down: { since: 0, isGone: false } }), 'n1', 'drain', times, print),
    /n1 does not answer, so nobody can tell whether its calls go on \(by the operator; it is down\)\. It drains on/)
})

async function run (args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [...program, ...args], {
    env: { PATH: process.env.PATH },
  })
  return stdout
}

async function until (isRight: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 30; tries++) if (await isRight()) return
  assert.fail('never right')
}
