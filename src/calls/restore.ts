import { asNgpilotError, NgpilotError } from '../errors.ts'
import type { CallStore, ExchangeRecord } from '../state/store.ts'
import type { Answer } from './answer.ts'
import type { CallDeps } from './deps.ts'
import type { ConformanceCheck } from './conformance.ts'
import type { Offer } from './offer.ts'
import type { Place } from './place.ts'
import type { createSerial, Hold } from './serial.ts'

interface RestoreDeps extends Pick<CallDeps, 'peers'> {
  store: Pick<CallStore, 'find' | 'save'>
  serial: ReturnType<typeof createSerial>
  offer: Offer
  answer: Answer
  conformance: Pick<ConformanceCheck, 'sent'>
}

/** One SDP of an exchange, the offer or its answer. `exchange`: its name (exchange.ts); the tags: whose they were. */
interface Piece {
  callId: string
  branch: string
  exchange: string
  offerer: string
  answerer: string
  role: 'offer' | 'answer'
}

/** Less than the others wait for an answer (state/peers.ts). */
const allowedMs = 500
const done = 'done'

/**
 * Puts media back as they were before an offer that was refused. The node has carried that out already, while for both ends
 * nothing has changed (RFC 3261 §14.1): after a hold that was refused, one of them would hear nothing. The offer and the
 * answer of the exchange that stands go to the node once more, and what it makes of them to nobody.
 *
 * These SDPs have keys in them, so they are in no store: each is sent by the instance that it passed.
 */
export function createRestore ({ store, serial, peers, offer, answer, conformance }: RestoreDeps) {
  const askOthers = peers?.about('repeat', async (question) => {
    const piece = JSON.parse(question) as Piece
    const isDone = await serial(piece.callId, performance.now() + allowedMs, (hold) => repeat(piece, hold))
    return isDone ? done : undefined
  })

  /** @returns whether this instance has the SDP */
  async function repeat ({ role, ...exchanged }: Piece, hold: Hold): Promise<boolean> {
    const request = conformance.sent(exchanged, role)
    if (!request) return false
    const { callId, offerer, answerer } = exchanged
    const again = { ...request, fromTag: offerer, toTag: answerer, deadline: performance.now() + allowedMs }
    const call = await store.find(callId)
    if (role === 'offer') await offer(again, call, hold, { isRestoring: true })
    else await answer(again, call, hold, { isRestoring: true })
    return true
  }

  return async function restore (callId: string, place: Place, { standing }: ExchangeRecord, hold: Hold): Promise<void> {
    const { key, caller, callee } = place
    if (standing === undefined || callee === undefined) return
    const [offerer, answerer] = standing.startsWith('0') ? [caller, callee] : [callee, caller]
    const exchanged = { callId, branch: key, exchange: standing, offerer, answerer }
    let event = 'media as before the refused offer'
    let detail: string | undefined
    try {
      for (const role of ['offer', 'answer'] as const) {
        const piece = { ...exchanged, role }
        if (await repeat(piece, hold) || (await askOthers?.(JSON.stringify(piece), 1))?.includes(done)) continue
        throw new NgpilotError('call_unknown', `no instance has the ${role} of before any more`)
      }
    } catch (error) {
      event = 'media not as before the refused offer'
      detail = asNgpilotError(error).message
    }
    await store.save(callId, { event: { at: Date.now(), event, ...detail !== undefined && { detail } } })
  }
}

export type Restore = ReturnType<typeof createRestore>
