import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCalls } from '../../src/calls/calls.ts'
import type { FoundInCall } from '../../src/calls/conformance.ts'
import { Deletes } from '../../src/calls/deletes.ts'
import type { CallEvent } from '../../src/calls/events.ts'
import type { MediaRequest, SipFacts } from '../../src/calls/request.ts'
import { createTellLost } from '../../src/calls/tell-lost.ts'
import type { Passed } from '../../src/calls/watch.ts'
import { createLiveFleet } from '../../src/fleet/live.ts'
import type { NodeSettings } from '../../src/fleet/node.ts'
import { NgClient } from '../../src/ng/client.ts'
import { listCommand } from '../../src/ng/commands.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import type { Policy } from '../../src/policy/types.ts'
import { createMemoryStore } from '../../src/state/memory.ts'
import type { StackContext } from '../../stack/context.ts'
import { type RtpengineOptions, startRtpengine } from '../../stack/rtpengine.ts'

export interface StartCallsOptions {
  nodes?: NodeSettings[]
  /** Default: the one that ships. */
  policy?: Policy
  rtpengine?: RtpengineOptions
}

/** The calls with a policy and a memory store, on a real rtpengine unless `nodes` says otherwise. */
export async function startCalls (t: StackContext, { nodes, ...given }: StartCallsOptions = {}) {
  const rtpengine = await startRtpengine(t, given.rtpengine)
  const node = { id: 'n1', host: rtpengine.address, port: rtpengine.port }
  const policy = given.policy ?? await loadPolicy('policy')
  const store = createMemoryStore({ ttlSeconds: 60 })
  const ng = new NgClient({ instanceId: 'test' })
  t.after(() => ng.close())
  t.after(() => store.close())
  const fleet = createLiveFleet({ nodes: nodes ?? [node], ng })
  t.after(async () => {
    fleet.close()
    return Promise.resolve()
  })
  const deletes = new Deletes({ ng, observer: { owed: () => undefined, lost: () => undefined }, retryAfterMs: 200 })
  t.after(async () => { await deletes.drain(100) })
  const decisions: string[] = []
  const findings: FoundInCall[] = []
  let latest: Passed | undefined
  const events: CallEvent[] = []
  const tellLost = createTellLost({ store, events: { emit: (event) => { events.push(event) } } })
  const calls = createCalls({
    policy: () => policy, fleet, ng, store, deletes, tellLost,
    observer: {
      decided: (_id, { command }, { sender, receiver }) => { decisions.push(`${command} ${sender.name} ${receiver.name}`) },
      found: (found) => { findings.push(found) },
      exchanged: (passed) => { latest = passed },
      over: () => undefined,
    },
  })

  t.after(() => calls.close())

  /** What the node and the store still hold. */
  const left = async () => ({
    onNode: (await ng.send(node, listCommand(), { deadline: performance.now() + 1000 })).calls,
    inStore: await store.size(),
  })
  /** Waits until both are empty, for a delete may go on in the background. */
  const emptied = async () => {
    for (let tries = 0; tries < 250; tries++) {
      const { onNode, inStore } = await left()
      if (Array.isArray(onNode) && onNode.length === 0 && inStore === 0) return
      await sleep(20)
    }
    throw new Error(`still there: ${JSON.stringify(await left())}`)
  }
  return { calls, store, ng, fleet, node, rtpengine, decisions, findings, events, left, emptied, latest: () => latest }
}

export const browser = { transport: 'wss', address: '127.0.0.1', port: 40_001 } as const
export const phone = { transport: 'udp', address: '127.0.0.1', port: 40_002 } as const

export function sdpFile (name: string): Buffer {
  return readFileSync(new URL(`../data/sdp/${name}.sdp`, import.meta.url))
}

/** A request with what every one of them needs. */
export function request<T extends Partial<MediaRequest>> (given: T) {
  return { callId: 'call-1', fromTag: 'from', vars: {}, deadline: performance.now() + 2000, ...given }
}

/** The SIP part of a request: `sip('INVITE')`, `sip('INVITE', { status: 200 })`. */
export function sip (method: string, more: Partial<SipFacts> = {}): SipFacts {
  return { method, cseq: 1, ...more }
}

/** m-lines and attribute names of an SDP, for assertions that read well. */
export function outline (sdp: Buffer | undefined) {
  const lines = (sdp ?? Buffer.alloc(0)).toString('latin1').split('\r\n')
  return {
    media: lines.filter((line) => line.startsWith('m=')).map((line) => line.replace(/^(m=\w+) [1-9]\d*/, '$1 PORT')),
    connections: lines.filter((line) => line.startsWith('c=')),
    attributes: [...new Set(lines.filter((line) => line.startsWith('a=')).map((line) => line.slice(2).split(':')[0] ?? ''))].sort(),
  }
}
