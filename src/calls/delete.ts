import type { CallRecord } from '../state/store.ts'
import type { CallDeps } from './deps.ts'
import type { Outcome } from './outcome.ts'
import type { MediaRequest } from './request.ts'
import type { Hold } from './serial.ts'

/** The call-id names the whole call; tags are not needed. */
export type DeleteRequest = Pick<MediaRequest, 'callId' | 'deadline'>

export type Delete = ReturnType<typeof createDelete>

/**
 * Ends a call, at once and whole. Nobody waits for the node: the delete is owed to it from now on, and whatever comes next
 * for the call waits for its first try. A call that nobody knows is gone already: no error.
 */
export function createDelete ({ fleet, deletes, store }: CallDeps) {
  return async function deleteCall (request: DeleteRequest, call: CallRecord | undefined, hold: Hold): Promise<Outcome> {
    if (!call) return { command: 'delete' }
    hold(deletes.owe(fleet.pinned(call.node), request.callId))
    await store.remove(request.callId)
    return { command: 'delete', node: call.node }
  }
}
