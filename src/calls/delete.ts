import { asNgpilotError } from '../errors.ts'
import { deleteCommand } from '../ng/commands.ts'
import type { CallRecord } from '../state/store.ts'
import type { CallDeps } from './deps.ts'
import type { Outcome } from './outcome.ts'
import type { MediaRequest } from './request.ts'

/** The call-id names the whole call; tags are not needed. */
export type DeleteRequest = Pick<MediaRequest, 'callId' | 'deadline'>

export type Delete = ReturnType<typeof createDelete>

/** Ends a call on its node, at once and whole. A call that nobody knows is gone already: no error. */
export function createDelete ({ fleet, ng, store }: CallDeps) {
  return async function deleteCall (request: DeleteRequest, call: CallRecord | undefined): Promise<Outcome> {
    if (!call) return { command: 'delete' }
    try {
      await ng.send(fleet.pinned(call.node), deleteCommand({ callId: request.callId, deleteDelaySeconds: 0 }), request)
    } catch (error) {
      if (asNgpilotError(error).code !== 'call_unknown') throw error
    } finally {
      await store.remove(request.callId)
    }
    return { command: 'delete', node: call.node }
  }
}
