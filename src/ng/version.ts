import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { tlsOptions, urlOf } from './transport/stream.ts'
import type { Endpoint, NgDictionary, NgReply, NgValue } from './types.ts'
import { releaseOf, type Release } from './release.ts'

/** A reply of a few hundred bytes. */
const mostBytes = 4096
/** rtpengine does not bear that a request is given up (see `Transport.close`), so it is waited for as long as that. */
const patientMs = 600_000

/**
 * The version that a node says it runs, `12.5.1.31-1`. NG itself has no such question, but who listens for HTTP or WebSocket
 * also plays Janus, and that has one (seen with 10.5, 12.5 and 26.0). Undefined where the answer is none.
 *
 * @param signal ends the waiting
 */
export async function askVersion (endpoint: Endpoint, signal: AbortSignal): Promise<string | undefined> {
  const isTls = endpoint.transport === 'wss' || endpoint.transport === 'https'
  const url = new URL('/admin', urlOf({ ...endpoint, transport: isTls ? 'https' : 'http' }))
  const body = JSON.stringify({ janus: 'info', transaction: 'version' })
  const text = await new Promise<string>((resolve) => {
    const done = () => resolve('')
    let received = ''
    const request = (isTls ? httpsRequest : httpRequest)(url, {
      ...tlsOptions(endpoint), method: 'POST', agent: false, signal, timeout: patientMs,
      headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
    }, (response) => {
      response.setEncoding('utf8')
        .on('data', (chunk: string) => {
          received += chunk
          if (received.length > mostBytes) response.destroy()
        })
        .on('end', () => resolve(received))
        .on('error', done)
        .on('close', done)
    })
    request.on('error', done).on('timeout', () => request.destroy()).end(body)
  })
  const version = /"version_string"\s*:\s*"([\w.+~:-]{1,64})"/.exec(text)?.[1]
  return version !== undefined && releaseOf(version) !== undefined ? version : undefined
}

/** Counters in the reply to `statistics`, by the release whose command they count. Verified with 10.5, 12.5 and 26.0. */
const counters: readonly [counter: string, since: Release][] = [
  ['totalcreatecount', '26.0'], ['totaltrnsfmcount', '13.3'], ['totalconncount', '13.2'], ['totalpausereccount', '11.3'],
  ['totaloffercount', '10.5'],
]

/** The oldest release that counts what a node counts, by its `statistics`: all that UDP tells of a version. */
export function leastReleaseOf (reply: NgReply): Release | undefined {
  const control = dictionary(dictionary(reply.statistics).controlstatistics)
  return counters.find(([counter]) => Object.hasOwn(control, counter))?.[1]
}

function dictionary (value: NgValue | undefined): NgDictionary {
  return typeof value === 'object' && !Array.isArray(value) && !Buffer.isBuffer(value) ? value : {}
}
