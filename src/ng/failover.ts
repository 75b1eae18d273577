import { asNgpilotError, NgpilotError } from '../errors.ts'
import type { NgClient } from './client.ts'
import type { RawCommand } from './raw.ts'
import type { MediaNode, NgCommand, NgReply } from './types.ts'

export interface FailoverOptions {
  /** By the clock of `performance.now()`, in milliseconds, for all tries together. */
  deadline: number
  /** The command has left for a node. */
  onSent?: (node: MediaNode) => void
  /** Told of each node that joins `abandoned`, also when no node answers in the end. */
  onAbandoned?: (node: MediaNode) => void
  /** Told of each node that takes no call, or cannot be reached, and why. */
  onRefused?: (node: MediaNode, error: NgpilotError) => void
}

export interface Answered {
  /** The node that carried the command out. */
  node: MediaNode
  reply: NgReply
  /** Nodes that may have carried it out too, though they did not answer in time: they need a delete later. */
  abandoned: MediaNode[]
}

/** Of the time that is left, a node may take so much as long as there is another to try: in 400 ms, 240 and 160. */
const share = 0.6

/**
 * Sends a command that any of the nodes may carry out, a first offer, to the first that takes it. Each node gets a
 * cookie of its own. On silence, a refused connection or `no_node` (load limit, out of ports) the next one is asked;
 * any other refusal would be the same elsewhere.
 *
 * @param commandFor the command for a node, whose version may want it spelt otherwise.
 * @throws NgpilotError of the node that refused for good, of the only node, or, when several failed, one that names them
 *   all: `ng_timeout` when one of them was silent, else `no_node`.
 */
export async function sendToFirst (
  ng: Pick<NgClient, 'send'>, nodes: readonly MediaNode[], commandFor: (node: MediaNode) => NgCommand | RawCommand,
  { deadline, onSent, onAbandoned, onRefused }: FailoverOptions,
): Promise<Answered> {
  const abandoned: MediaNode[] = []
  const errors: NgpilotError[] = []
  const sent = new Set<MediaNode>()
  for (const [index, node] of nodes.entries()) {
    const isLast = index === nodes.length - 1
    try {
      const reply = await ng.send(node, commandFor(node), {
        deadline: isLast ? deadline : shareOf(deadline),
        whenRefused: isLast ? 'retry' : 'fail',
        whenSilent: isLast ? 'wait' : 'fail',
        onSent: () => {
          sent.add(node)
          onSent?.(node)
        },
      })
      return { node, reply, abandoned }
    } catch (thrown) {
      const error = asNgpilotError(thrown)
      if (error.code !== 'ng_timeout' && error.code !== 'no_node') throw error
      errors.push(error)
      if (error.code === 'no_node') onRefused?.(node, error)
      if (error.code === 'no_node' || !sent.has(node)) continue
      abandoned.push(node)
      onAbandoned?.(node)
    }
  }
  throw failureOf(errors)
}

function shareOf (deadline: number): number {
  const now = performance.now()
  return now + (deadline - now) * share
}

function failureOf (errors: NgpilotError[]): NgpilotError {
  const [first, ...others] = errors
  if (!first) return new NgpilotError('no_node', 'there is no node to send to')
  if (others.length === 0) return first
  const code = errors.some((error) => error.code === 'ng_timeout') ? 'ng_timeout' : 'no_node'
  return new NgpilotError(code, errors.map((error) => error.message).join('; '), { cause: new AggregateError(errors) })
}
