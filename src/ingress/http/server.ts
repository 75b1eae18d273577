import { createHash, timingSafeEqual } from 'node:crypto'
import fastify, { type FastifyError, type FastifyInstance, type FastifyRequest } from 'fastify'
import { type ErrorCode, NgpilotError, asNgpilotError } from '../../errors.ts'
import { addConnections, limits, refuseConnection } from './connections.ts'
import { problemOf, sipStatusHeader } from './errors.ts'
import { type RequestLog, type RequestObserver, addTelling, tellError } from './told.ts'
import { timeoutPath } from './timeouts.ts'
import { explain } from '../validation.ts'

export interface ServerOptions { token?: string, bodyLimitBytes: number, observer: RequestObserver, log: RequestLog }

/**
 * The HTTP server without its routes: limits, token, body types, and every error as a problem document. Nothing that a
 * client sends throws past it.
 */
export function createServer ({ token, bodyLimitBytes, observer, log }: ServerOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: bodyLimitBytes,
    routerOptions: { maxParamLength: 1536 }, // a Call-ID of 512 bytes, each as %XX
    forceCloseConnections: 'idle',
    http: limits,
    requestTimeout: limits.requestTimeout,
    clientErrorHandler: refuseConnection,
    return503OnClosing: false, // the hook below says it in a problem document
    ajv: {
      customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: false, allErrors: true, verbose: true },
    },
  })
  addConnections(app, bodyLimitBytes)
  addTelling(app, observer, log)
  let isStopping = false
  app.addHook('preClose', (done) => {
    isStopping = true
    done()
  })
  app.addHook('onRequest', (_request, _reply, done) => {
    done(isStopping ? new NgpilotError('stopping', 'this ngpilot is going down; ask another') : undefined)
  })
  app.removeContentTypeParser('text/plain')
  const readJson = app.getDefaultJsonParser('error', 'error')
  // Where no body is due, a client that always says JSON means none.
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null)
    else void readJson(request, body as string, done)
  })
  for (const type of ['message/sip', 'application/sdp']) {
    app.addContentTypeParser(type, { parseAs: 'buffer' }, (_request, body, done) => { done(null, body) })
  }

  app.setErrorHandler((thrown, request, reply) => {
    const error = errorOf(thrown, request.routeOptions)
    tellError(request, error)
    const { status, sip, document } = problemOf(error)
    if (error.code === 'overloaded') reply.header('retry-after', '1')
    // A reason phrase of SIP is UTF-8. Node.js sends a character of a header as one byte only where the body is no string.
    return reply.code(status).header(sipStatusHeader, Buffer.from(sip).toString('latin1'))
      .type('application/problem+json; charset=utf-8').send(Buffer.from(JSON.stringify(document)))
  })
  app.setNotFoundHandler((request) => {
    throw new NgpilotError('not_found', `there is no ${request.method} ${request.url}; /openapi.json lists what there is`)
  })
  if (token !== undefined) {
    const expected = digest(token)
    app.addHook('onRequest', (request, _reply, done) => {
      const isOpen = ['/healthz', '/readyz', timeoutPath].includes(request.url)
      const isAllowed = isOpen || timingSafeEqual(digest((request.headers.authorization ?? '').replace(/^bearer /i, '')), expected)
      done(isAllowed ? undefined : new NgpilotError('unauthorized', 'the header Authorization must be "Bearer" and the token of http.token'))
    })
  }
  return app
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a client of this route can do with a body that is too large. */
    whenTooLarge?: string
  }
}

/** What fastify refuses by itself, with what would be right. */
const fastifyCodes: Record<string, [ErrorCode, string]> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'unsupported_media_type', 'the Content-Type must be message/sip, application/sdp or application/json; /openapi.json says where',
  ],
}

/** What fastify and its parsers throw, in ngpilot's own words. */
function errorOf (thrown: unknown, { bodyLimit, config }: FastifyRequest['routeOptions']): NgpilotError {
  if (!isFastifyError(thrown)) return asNgpilotError(thrown)
  if (thrown.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new NgpilotError('too_large', `the body has more than ${bodyLimit} bytes; ${config.whenTooLarge ?? 'the setting is http.bodyLimitBytes'}`)
  }
  if (thrown.validation) return new NgpilotError('bad_request', explain(thrown.validation, thrown.validationContext))
  if (thrown.statusCode !== undefined && thrown.statusCode < 500) {
    const [code, message] = fastifyCodes[thrown.code] ?? ['bad_request', thrown.message]
    return new NgpilotError(code, message)
  }
  return asNgpilotError(thrown)
}

function isFastifyError (thrown: unknown): thrown is FastifyError {
  return thrown instanceof Error && ('validation' in thrown || 'statusCode' in thrown)
}

function digest (text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
