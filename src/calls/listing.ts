import { NgpilotError } from '../errors.ts'
import type { BranchRecord, CallRecord, TimelineEntry } from '../state/store.ts'
import type { CallDeps } from './deps.ts'

/** One call in a list. */
export interface CallSummary {
  callId: string
  node: string
  /** Of the node; `unknown` when it is not configured any more. */
  nodeState: string
  /** Its media are lost: the node is down or gone, or has ended the call. */
  isStranded: boolean
  /** Why, for a person. Only of a stranded call. */
  strandedBecause?: string
  createdAt: number
  isEstablished: boolean
  /** Without a profile where the client is trusted. */
  legs: { tag: string, profile?: string }[]
}

/** All that is known of a call. Nothing of it is a secret. */
export interface CallView extends CallSummary {
  revision: string
  caller?: string
  branches: (Pick<BranchRecord, 'caller' | 'state' | 'exchange'> & { branch: string, callee: string })[]
  timeline: TimelineEntry[]
}

export interface ListOptions { limit: number, after?: string, node?: string, isStranded?: boolean }

/** So many calls are looked at for one page: a filter that finds little must not read all. */
const mostLooked = 5000
const batchSize = 500

/** The calls as operators see them. */
export function createListing ({ store, fleet }: Pick<CallDeps, 'store' | 'fleet'>) {
  async function list ({ limit, after, node, isStranded }: ListOptions): Promise<{ calls: CallSummary[], next?: string }> {
    const states = nodeStates()
    const calls: CallSummary[] = []
    let next = after
    let looked = 0
    do {
      const page = await store.page({ limit: Math.min(batchSize, limit), ...(next !== undefined && { after: next }) })
      next = page.next
      looked += page.calls.length
      const wanted = page.calls.filter((call) => (node === undefined || call.node === node)
        && (isStranded === undefined || isStranded === (strandedBecause(call, states) !== undefined)))
      const found = await Promise.all(wanted.map(async ({ callId }) => [callId, await store.find(callId)] as const))
      for (const [callId, call] of found) if (call) calls.push(summaryOf(callId, call, states))
    } while (next !== undefined && calls.length < limit && looked < mostLooked)
    return { calls, ...(next !== undefined && { next }) }
  }

  async function show (callId: string): Promise<CallView> {
    const call = await store.find(callId)
    if (!call) throw new NgpilotError('call_unknown', `there is no call ${callId}`)
    const branches = Object.entries(call.branches).map(([branch, { caller, callee, state, exchange }]) => ({
      branch, caller, callee: callee.profile, ...(state && { state }), ...(exchange && { exchange }),
    }))
    return {
      ...summaryOf(callId, call, nodeStates()),
      revision: call.revision,
      ...(call.caller !== undefined && { caller: call.caller }),
      branches,
      timeline: call.timeline,
    }
  }

  function nodeStates (): NodeStates {
    return new Map(fleet.nodes().map(({ id, state, reason }) => [id, { state, reason }]))
  }

  return { list, show }
}

export type Listing = ReturnType<typeof createListing>

type NodeStates = ReadonlyMap<string, { state: string, reason: string }>

/** Undefined while its media should flow. */
function strandedBecause ({ node, lost }: Pick<CallRecord, 'node' | 'lost'>, states: NodeStates): string | undefined {
  if (lost?.why === 'media-timeout') return `${node} has ended the call: no media came`
  const known = states.get(node)
  if (!known) return `${node} is not among rtpengine.nodes any more`
  if (known.state === 'down') return `${node} is down: ${known.reason}`
  return lost ? `${node} has lost the call` : undefined
}

function summaryOf (callId: string, call: CallRecord, states: NodeStates): CallSummary {
  const because = strandedBecause(call, states)
  return {
    callId,
    node: call.node,
    nodeState: states.get(call.node)?.state ?? 'unknown',
    isStranded: because !== undefined,
    ...(because !== undefined && { strandedBecause: because }),
    createdAt: call.createdAt,
    isEstablished: call.isEstablished,
    legs: call.passedTags?.map((tag) => ({ tag }))
      ?? Object.entries(call.legs).map(([tag, { profile }]) => ({ tag, profile })),
  }
}
