import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Admission } from '../admission.ts'
import { type Urgency, urgencyOfCommand, urgencyOfSip } from '../urgency.ts'

const deadlines = new WeakMap<FastifyRequest, number>()

/** Lets the requests of these routes wait for their turn, once they are there as a whole. */
export function addTurns (app: FastifyInstance, admission: Pick<Admission, 'turn'>): void {
  app.addHook('preValidation', async (request) => {
    deadlines.set(request, await admission.turn(urgencyOf(request)))
  })
}

/** By when a request is to be answered, by the clock of `performance.now()`. */
export function deadlineOf (request: FastifyRequest): number {
  return deadlines.get(request) ?? performance.now()
}

function urgencyOf ({ url, headers, body }: FastifyRequest): Urgency {
  if (url === '/v1/sip' && Buffer.isBuffer(body)) return urgencyOfSip(body)
  return urgencyOfCommand(url.slice('/v1/'.length), headers['ngpilot-to-tag'] ?? (body as { toTag?: unknown } | undefined)?.toTag)
}
