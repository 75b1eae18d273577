import type { CallRecord } from '../state/store.ts'
import { createAdopt } from './adopt.ts'
import { createAnswer } from './answer.ts'
import { Cancels } from './cancels.ts'
import { type CallCommand, type CallCommandReply, createCallCommand } from './commands.ts'
import { createConformance } from './conformance.ts'
import type { CallDeps } from './deps.ts'
import { createDelete, createEndSome, type Delete, type DeleteRequest } from './end.ts'
import { Leftovers } from './leftovers.ts'
import { createListing } from './listing.ts'
import { createManage, type SipRequest } from './manage.ts'
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
    offer, answer, deleteCall, endSome, cancels, repeats,
    restore: createRestore({ ...deps, serial, offer, answer, conformance }),
  })

  const adopt = createAdopt(deps)
  /** The SDP of a SIP message; in one without, nothing is to be gone on with. */
  const adoptBy = (request: SipRequest) => {
    const { sip: { method, status = 0 }, sdp, toTag, fromTag } = request
    if (!sdp || toTag === undefined || status >= 300) return undefined
    const isAnswer = status > 0 || method === 'ACK'
    // The tags of an answer follow the offer: in a reply they are those of its request, in an ACK they are not.
    return adopt(method === 'ACK' ? { ...request, fromTag: toTag, toTag: fromTag } : request, isAnswer)
  }

  const leftovers = new Leftovers(deps, (callId, look) => serial(callId, performance.now() + cancelDeadlineMs, look))
  const relay = createRelay(deps, { offer, answer, endSome, leftovers })

  type Verb<R, O> = (request: R, call: CallRecord | undefined, hold: Hold) => Promise<O>
  type Find<R> = (request: R) => Promise<CallRecord | undefined>
  const find: Find<DeleteRequest> = ({ callId }) => deps.store.find(callId)
  const inTurn = <R extends DeleteRequest, O>(verb: Verb<R, O>, known: Find<R> = find) => (request: R) =>
    serial(request.callId, request.deadline, async (hold) => verb(request, await known(request), hold))

  return {
    offer: inTurn(offer, async (request) => await find(request) ?? adopt(request, false)),
    answer: inTurn(answer, async (request) => await find(request) ?? adopt(request, true)),
    deleteCall: inTurn(deleteCall),
    manage: inTurn(manage, async (request) => await deps.store.recall(request.callId) ?? adoptBy(request)),
    /** Any other NG command, to the node that has the call. */
    command: inTurn<CallCommand, CallCommandReply>(createCallCommand(deps)),
    /** A command from a client that speaks NG itself: about one call, or about none. */
    relay: inTurn<NgRequest, Relayed>(relay, async (request) => await find(request)
      ?? (request.media && adopt(request.media, request.raw.command === 'answer'))),
    wholeFleet: createWholeFleet(deps),
    listing: createListing(deps),
    /** Ends what was cancelled and waits for nothing more. */
    close: () => {
      leftovers.close()
      return cancels.close()
    },
  }
}

export type Calls = ReturnType<typeof createCalls>
