import type { TestContext } from 'node:test'
import { type Calls, createCalls } from '../../src/calls/calls.ts'
import { Deletes } from '../../src/calls/deletes.ts'
import { createTellLost } from '../../src/calls/tell-lost.ts'
import { createLiveFleet } from '../../src/fleet/live.ts'
import { observedNg } from '../../src/fleet/observed.ts'
import { NgClient } from '../../src/ng/client.ts'
import type { NgDictionary, NgValue } from '../../src/ng/types.ts'
import type { Policy } from '../../src/policy/types.ts'
import type { CallStore, OwedDelete } from '../../src/state/store.ts'
import { type ChaosRelay, type Faults, startChaosRelay } from './chaos-rtpengine.ts'
import { startFakeRtpengine } from './fake-rtpengine.ts'

/** A node that keeps calls as rtpengine does, behind a network that misbehaves. */
export interface CallNode extends ChaosRelay {
  /** Call-ids of the calls that it has. */
  calls: Set<string>
  /** The m= port of every SDP that it gives: which node an SDP is from. */
  mediaPort: number
  /** It has forgotten every call and every cookie. */
  restart: () => void
}

export async function startCallNode (
  t: TestContext, { id, seed, mediaPort, faults }: { id: string, seed: number, mediaPort: number, faults?: Faults },
): Promise<CallNode> {
  const calls = new Set<string>()
  const node = await startFakeRtpengine(t, { respond: (command) => reply(command, calls, mediaPort) })
  const relay = await startChaosRelay(t, node, { id, seed, ...faults && { faults } })
  return Object.assign(relay, {
    calls, mediaPort,
    restart () {
      calls.clear()
      node.restart()
    },
  })
}

/** What rtpengine 12.5 says: an offer begins a call where there is none; deleting an unknown one is no error. */
function reply (command: NgDictionary, calls: Set<string>, mediaPort: number): NgDictionary {
  const callId = typeof command['call-id'] === 'string' ? command['call-id'] : ''
  switch (command.command) {
    case 'ping': return { result: 'pong' }
    case 'statistics': return { result: 'ok', statistics: { currentstatistics: { sessionsown: calls.size } } }
    case 'offer':
      calls.add(callId)
      return { result: 'ok', sdp: withPort(command.sdp, mediaPort) }
    case 'answer':
      if (!calls.has(callId)) return { result: 'error', 'error-reason': 'Unknown call-id' }
      return { result: 'ok', sdp: withPort(command.sdp, mediaPort) }
    case 'delete':
      return calls.delete(callId) ? { result: 'ok', tags: {} } : { result: 'ok', warning: 'Call-ID not found or tags didn\'t match' }
    case 'query': return calls.has(callId) ? { result: 'ok', tags: {} } : { result: 'error', 'error-reason': 'Unknown call-id' }
    default: return { result: 'error', 'error-reason': 'Unrecognized command' }
  }
}

function withPort (sdp: NgValue | undefined, port: number): Buffer {
  return Buffer.from((Buffer.isBuffer(sdp) ? sdp.toString() : '').replace(/^(m=\w+) \d+/m, `$1 ${port}`))
}

interface InstanceOptions { instanceId: string, nodes: CallNode[], policy: Policy, store: CallStore }

/** One ngpilot without its ingress: calls, deletes, fleet and NG client. Several share a store. */
export function startInstance (t: TestContext, { instanceId, nodes, policy, store }: InstanceOptions) {
  const client = new NgClient({ instanceId, retryAfterMs: 20 })
  const fleet = createLiveFleet({
    nodes: nodes.map(({ id, host, port }) => ({ id, host, port })), ng: client,
    rules: { pingMs: 100, probeMs: 30, maxProbeMs: 60, pingTimeoutMs: 60, slowStartMs: 50, holdMs: 50, relapseMs: 100 },
  })
  const ng = observedNg(client, fleet)
  const lost: string[] = []
  let owed = 0
  const deletes = new Deletes({
    ng, retryAfterMs: 100, nodeOf: async (callId) => (await store.find(callId))?.node,
    observer: { owed: (count) => { owed = count }, lost: (node, reason) => { lost.push(`${node}: ${reason}`) } },
  })
  const calls = createCalls({
    policy: () => policy, fleet, ng, store, deletes, tellLost: createTellLost({ store, events: { emit: () => undefined } }),
    observer: { decided: () => undefined, found: () => undefined, exchanged: () => undefined, over: () => undefined },
  })
  const underWay = new Set<Promise<unknown>>()
  /** Does what a request asks. */
  async function serve<T> (request: (calls: Calls) => Promise<T>): Promise<T> {
    const done = request(calls)
    underWay.add(done)
    return done.finally(() => underWay.delete(done))
  }
  /** As at SIGTERM. @returns the deletes that it leaves to others */
  async function stop (withinMs = 0): Promise<OwedDelete[]> {
    await Promise.allSettled(underWay)
    await calls.close()
    const left = await deletes.drain(withinMs)
    fleet.close()
    await client.close()
    return left
  }
  t.after(() => stop())
  return { deletes, fleet, lost, owed: () => owed, serve, stop }
}

export type Instance = ReturnType<typeof startInstance>
