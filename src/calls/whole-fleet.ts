import { NgpilotError } from '../errors.ts'
import type { RawCommand } from '../ng/raw.ts'
import { bodyOf } from '../ng/raw.ts'
import type { MediaNode, NgDictionary, NgReply, NgValue } from '../ng/types.ts'
import type { CallDeps } from './deps.ts'
import { mergeStatistics } from './merged-statistics.ts'

export interface FleetRequest {
  /** By the clock of `performance.now()`. */
  deadline: number
  /** The command as the client sent it. */
  raw: RawCommand
  message: NgDictionary
}

/** `body`: one node's reply, byte for byte; else `reply` speaks for all of them. */
export type FleetReply = { body: Buffer } | { reply: NgDictionary }

/** rtpengine's own, where a `list` gives none. */
const usualLimit = 32

/** Commands that name no call. `list` and `statistics` are answered for all nodes; anything else is one node's business. */
export function createWholeFleet ({ fleet, ng }: Pick<CallDeps, 'fleet' | 'ng'>) {
  return async function wholeFleet ({ deadline, raw, message }: FleetRequest): Promise<FleetReply> {
    const isOfAll = raw.command === 'list' || raw.command === 'statistics'
    const nodes = isOfAll ? fleet.reachable() : fleet.candidates().slice(0, 1)
    const replies = await askAll(nodes, raw, deadline)
    const [first, ...others] = replies
    const body = first && bodyOf(first)
    if (body && others.length === 0) return { body }
    return { reply: raw.command === 'list' ? mergedList(replies, message.limit) : mergedStatistics(replies) }
  }

  /** What those that answer say. @throws NgpilotError of the first that refuses, or `no_node` where none answers. */
  async function askAll (nodes: MediaNode[], raw: RawCommand, deadline: number): Promise<NgReply[]> {
    const settled = await Promise.allSettled(nodes.map((node) => ng.send(node, raw, { deadline, whenRefused: 'fail' })))
    const replies = settled.flatMap((one) => one.status === 'fulfilled' ? [one.value] : [])
    const failed = settled.find((one) => one.status === 'rejected')
    if (replies.length > 0) return replies
    throw failed ? failed.reason as Error : new NgpilotError('no_node', 'no rtpengine answers at present')
  }
}

function mergedList (replies: NgReply[], limit: NgValue | undefined): NgDictionary {
  const calls = new Set(replies.flatMap(({ calls }) => Array.isArray(calls) ? calls : []))
  const most = limit === undefined || !Number.isInteger(Number(limit)) ? usualLimit : Number(limit)
  return { calls: [...calls].slice(0, most), result: 'ok' }
}

function mergedStatistics (replies: NgReply[]): NgDictionary {
  return { statistics: mergeStatistics(replies.map(({ statistics }) => statistics)), result: 'ok' }
}
