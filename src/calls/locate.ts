import { queryCommand } from '../ng/commands.ts'
import type { MediaNode, NgReply } from '../ng/types.ts'
import type { CallDeps } from './deps.ts'

/** How long the nodes are waited for: what is left is for the command itself. */
const longestMs = 120

/** A call at a node, and what that says of it. */
export interface Located { node: MediaNode, reply: NgReply }

/** Asks all nodes that are not known to be gone, at once, for a call: the first that has it. */
export async function locate (
  { fleet, ng }: Pick<CallDeps, 'fleet' | 'ng'>, callId: string, deadline: number,
): Promise<Located | undefined> {
  const within = Math.min(deadline, performance.now() + longestMs)
  const asked = fleet.reachable().map(async (node) => ({
    node, reply: await ng.send(node, queryCommand({ callId }), { deadline: within, whenRefused: 'fail' }),
  }))
  return Promise.any(asked).catch(() => undefined)
}
