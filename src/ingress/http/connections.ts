import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { NgpilotError } from '../../errors.ts'
import { problemOf, sipStatusHeader } from './errors.ts'

/** Of node:http: how long a client may take to send a request, and how often that is looked at. */
export const limits = {
  requestTimeout: 10_000, headersTimeout: 5000, connectionsCheckingInterval: 1000, maxHeaderSize: 16_384,
}

/**
 * What node:http answers before a request reaches a route. `Expect: 100-continue` (curl: with a large body) gets its
 * 100 at once, unless the body is too large: then the refusal comes instead of it, and the body is never sent.
 */
export function addConnections (app: FastifyInstance, bodyLimitBytes: number): void {
  app.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (Number(request.headers['content-length'] ?? 0) <= bodyLimitBytes) response.writeContinue()
    app.server.emit('request', request, response)
  })
}

/** Answers what is no HTTP request, or took too long to be one, and ends its connection. */
export function refuseConnection (error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return void socket.destroy()
  const [line, refusal] = error.code === 'HPE_HEADER_OVERFLOW'
    ? ['431 Request Header Fields Too Large', new NgpilotError('too_large', `the headers take more than ${limits.maxHeaderSize} bytes`)] as const
    : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? ['408 Request Timeout', new NgpilotError('bad_request', 'the request was not there in time')] as const
      : ['400 Bad Request', new NgpilotError('bad_request', 'this is no HTTP request')] as const
  const { sip, document } = problemOf(refusal)
  const body = JSON.stringify({ ...document, status: Number(line.slice(0, 3)), title: line.slice(4) })
  socket.end(`HTTP/1.1 ${line}\r\nContent-Type: application/problem+json\r\n${sipStatusHeader}: ${sip}\r\n`
    + `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`)
}
