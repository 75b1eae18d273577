import type { CallRecord } from '../state/store.ts'
import { createAnswer } from './answer.ts'
import { Cancels } from './cancels.ts'
import { type CallCommand, type CallCommandReply, createCallCommand } from './commands.ts'
import { createConformance } from './conformance.ts'
import type { CallDeps } from './deps.ts'
import { createDelete, createEndSome, type Delete, type DeleteRequest } from './end.ts'
import { Leftovers } from './leftovers.ts'
import { createListing } from './listing.ts'
import { createManage } from './manage.ts'
import { createOffer } from './offer.ts'
import { liveBranches } from './place.ts'
import { type NgRequest, type Relayed, createRelay } from './relay.ts'
import { Repeats } from './repeats.ts'
import { createRestore } from './restore.ts'
import { createSerial, type Hold } from './serial.ts'
import { createWholeFleet } from './whole-fleet.ts'

const cancelDeadlineMs = 1000

/** The verbs that an ingress may ask for; those of one call run one after another. */
export function createCalls (deps: CallDeps) {
  const serial = createSerial()
  const conformance = createConformance(deps.observer)
  const offer = createOffer(deps, conformance)
  const answer = createAnswer(deps, conformance)
  const repeats = new Repeats()
  const endCall = createDelete(deps)
  const deleteCall: Delete = (request, call, hold) => {
    repeats.forget(request.callId)
    conformance.forget(request.callId, Object.keys(call?.branches ?? {}))
    return endCall(request, call, hold)
  }
  const endSome = createEndSome(deps, deleteCall)
  const cancels = new Cancels((callId) => {
    const deadline = performance.now() + cancelDeadlineMs
    return serial(callId, deadline, async (hold) => {
      const call = await deps.store.find(callId)
      const cancelled = call ? liveBranches(call).filter(([, { state }]) => state === 'cancelled') : []
      if (call && cancelled.length > 0) await endSome({ callId, deadline }, call, cancelled, hold)
    })
  })
  const manage = createManage(deps, {
    offer, answer, deleteCall, endSome, cancels, repeats, restore: createRestore(deps.store, { offer, answer, conformance }),
  })

  const leftovers = new Leftovers(deps, (callId, look) => serial(callId, performance.now() + cancelDeadlineMs, look))
  const relay = createRelay(deps, { offer, answer, endSome, leftovers })

  type Verb<R, O> = (request: R, call: CallRecord | undefined, hold: Hold) => Promise<O>
  const inTurn = <R extends DeleteRequest, O>(verb: Verb<R, O>, find: 'find' | 'recall' = 'find') => (request: R) =>
    serial(request.callId, request.deadline, async (hold) =>
      verb(request, await deps.store[find](request.callId), hold))

  return {
    offer: inTurn(offer), answer: inTurn(answer), deleteCall: inTurn(deleteCall), manage: inTurn(manage, 'recall'),
    /** Any other NG command, to the node that has the call. */
    command: inTurn<CallCommand, CallCommandReply>(createCallCommand(deps)),
    /** A command from a client that speaks NG itself: about one call, or about none. */
    relay: inTurn<NgRequest, Relayed>(relay), wholeFleet: createWholeFleet(deps),
    listing: createListing(deps),
    /** Ends what was cancelled and waits for nothing more. */
    close: () => {
      leftovers.close()
      return cancels.close()
    },
  }
}

export type Calls = ReturnType<typeof createCalls>
