import type { BranchRecord, CallRecord, OwedDelete } from '../state/store.ts'
import type { CallDeps } from './deps.ts'
import { isOurs } from './at-node.ts'
import { locate } from './locate.ts'
import type { Outcome } from './outcome.ts'
import { liveBranches, nodeTagOf, type Place, viaBranchOf } from './place.ts'
import type { MediaRequest } from './request.ts'
import type { Hold } from './serial.ts'

/** The call-id names the whole call; tags are not needed. */
export type DeleteRequest = Pick<MediaRequest, 'callId' | 'deadline' | 'sip'> & Partial<Pick<MediaRequest, 'fromTag'>>

export type Delete = ReturnType<typeof createDelete>

type EndDeps = Pick<CallDeps, 'fleet' | 'ng' | 'deletes' | 'store' | 'observer'>
type Branches = [key: string, branch: BranchRecord][]

/**
 * Ends a call, at once and whole. Nobody waits for the node: the delete is owed to it from now on, and whatever comes next
 * for the call waits for its first try. A call that no store knows ends on whichever node has it; one that no node has, or
 * whose node is not configured any more, is gone already: no error.
 */
export function createDelete ({ fleet, ng, deletes, store, observer }: EndDeps) {
  return async function deleteCall (request: DeleteRequest, call: CallRecord | undefined, hold: Hold): Promise<Outcome> {
    if (!call) hold(endWherever(request))
    if (!call || call.endedAt !== undefined) return { command: 'delete' }
    const isBye = request.sip?.method === 'BYE' && request.sip.status === undefined
    observer.over(request.callId, { status: request.sip?.status, byeFrom: isBye ? request.fromTag : undefined })
    const node = fleet.known(call.node)
    if (node) hold(deletes.owe(node, request.callId))
    await store.end(request.callId)
    return { command: 'delete', node: call.node }
  }

  /** A SIP message speaks of its dialog, so a call that others made on the same node is theirs to end. */
  async function endWherever ({ callId, deadline, sip }: DeleteRequest): Promise<void> {
    const located = await locate({ fleet, ng }, callId, deadline)
    if (located && (!sip || isOurs(located.reply))) await deletes.owe(located.node, callId)
  }
}

export type EndSome = ReturnType<typeof createEndSome>

/** Ends some branches, and with the last of them the call. */
export function createEndSome (deps: EndDeps, deleteCall: Delete) {
  return async function endSome (
    request: DeleteRequest, call: CallRecord, branches: Branches, hold: Hold,
  ): Promise<Outcome> {
    if (branches.length >= liveBranches(call).length) return deleteCall(request, call, hold)
    await endBranches(deps, request.callId, call, branches, hold)
    return { command: 'delete', node: call.node }
  }
}

/** Ends some branches of a call that lives on with others. */
export async function endBranches (
  { fleet, deletes, store }: EndDeps, callId: string, call: CallRecord, branches: Branches, hold: Hold,
): Promise<void> {
  if (branches.length === 0) return
  const node = fleet.known(call.node)
  if (node) for (const [key, { caller }] of branches) hold(deletes.owe(node, callId, branchAtNode(call, key, caller)))
  await store.save(callId, {
    branches: Object.fromEntries(branches.map(([key, branch]) => [key, { ...branch, state: 'ended' as const }])),
    isPruned: true,
    event: { at: Date.now(), event: 'branch ended' },
  })
}

/** The branches that a failed INVITE leaves behind: all that it opened, or only the one that is meant. */
export function failedBranches (
  call: CallRecord, { key, branch, caller, callee }: Place,
  { viaBranch, cseq }: { viaBranch?: string | undefined, cseq: number },
): Branches {
  const opened = liveBranches(call).filter(([, each]) =>
    each.caller === caller && each.state !== 'confirmed' && (each.invite === undefined || each.invite.cseq === cseq))
  if (viaBranch !== undefined) return opened.filter(([other]) => other === viaBranch)
  if (callee === undefined || opened.length < 2) return opened
  // One of several, and its To tag alone says which: where no reply with an SDP has shown it, it cannot be known.
  return branch && call.legs[callee]?.branch === key ? opened.filter(([other]) => other === key) : []
}

/** One tag or the via-branch takes just that fork, on every version; both tags would take the call (rtpengine 12.5). */
function branchAtNode (call: CallRecord, key: string, caller: string): OwedDelete['branch'] {
  const tag = nodeTagOf(call, { key })
  return tag === undefined ? { fromTag: caller, viaBranch: viaBranchOf(call, key) } : { fromTag: tag }
}
