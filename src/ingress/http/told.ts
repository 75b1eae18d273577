import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { NgpilotError } from '../../errors.ts'

/** What the ingress tells of each request that it answered. */
export interface RequestObserver {
  answered (ingress: string, command: string, result: string, seconds: number): void
}
export interface RequestLog {
  info (fields: object, message: string): void
  warn (fields: object, message: string): void
}

interface Told { command?: string, callId?: string, error?: string, [field: string]: unknown }

const told = new WeakMap<FastifyRequest, Told>()

/** Adds fields to the one line that the log gets for a request. */
export function tell (request: FastifyRequest, fields: object): void {
  told.set(request, { ...told.get(request), ...fields })
}

export function tellError (request: FastifyRequest, error: NgpilotError): void {
  tell(request, { error: error.code, detail: error.message, ...(error.code === 'internal' && { err: error.cause }) })
}

/** Counts every request of the API once, whatever became of it, and writes its line. */
export function addTelling (app: FastifyInstance, observer: RequestObserver, log: RequestLog): void {
  app.addHook('onResponse', (request, reply, done) => {
    const path = request.routeOptions.url
    if (path === undefined || path.startsWith('/v1/')) {
      const { command = path?.slice('/v1/'.length) ?? 'unknown', ...fields } = told.get(request) ?? {}
      observer.answered('http', command, fields.error ?? 'ok', reply.elapsedTime / 1000)
      const line = { ingress: 'http', command, ...fields, ms: Math.round(reply.elapsedTime * 100) / 100 }
      if (fields.error === undefined) log.info(line, 'request answered')
      else log.warn(line, 'request refused')
    }
    done()
  })
}
