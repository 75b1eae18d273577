import { queryCommand } from '../ng/commands.ts'
import type { MediaNode } from '../ng/types.ts'
import type { CallDeps } from './deps.ts'

/** How long the nodes are waited for: what is left is for the command itself. */
const longestMs = 120

/** Asks all nodes that are not known to be gone, at once, for a call: the first that has it. */
export async function locate (
  { fleet, ng }: Pick<CallDeps, 'fleet' | 'ng'>, callId: string, deadline: number,
): Promise<MediaNode | undefined> {
  const within = Math.min(deadline, performance.now() + longestMs)
  const asked = fleet.reachable().map(async (node) => {
    await ng.send(node, queryCommand({ callId }), { deadline: within, whenRefused: 'fail' })
    return node
  })
  return Promise.any(asked).catch(() => undefined)
}
