import type { FastifyInstance, FastifyRequest } from 'fastify'
import { endsCall } from '../../sip/message.ts'
import type { Admission } from '../admission.ts'

const deadlines = new WeakMap<FastifyRequest, number>()

/** Lets the requests of these routes wait for their turn, once they are there as a whole. */
export function addTurns (app: FastifyInstance, admission: Pick<Admission, 'turn'>): void {
  app.addHook('preValidation', async (request) => {
    const isEnding = request.url === '/v1/delete' || (Buffer.isBuffer(request.body) && endsCall(request.body))
    deadlines.set(request, await admission.turn(isEnding))
  })
}

/** By when a request is to be answered, by the clock of `performance.now()`. */
export function deadlineOf (request: FastifyRequest): number {
  return deadlines.get(request) ?? performance.now()
}
