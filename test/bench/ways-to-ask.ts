import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { decode, encode } from '../../src/ng/codec.ts'
import type { NgDictionary } from '../../src/ng/types.ts'

/** `error`: the code of an error by HTTP, the words of one by NG; undefined: it was done. `sdp`: of offer and answer. */
export interface Asked { error?: string | undefined, sdp?: string }

/** One way to have ngpilot do something. `nothing`: a request that asks for nothing. */
export interface Way {
  offer (callId: string, sdp: string): Promise<Asked>
  answer (callId: string, sdp: string): Promise<Asked>
  delete (callId: string): Promise<Asked>
  nothing (): Promise<Asked>
  close (): void
}

const noReply = 'no reply'

export function byHttp (port: number): Way {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const ask = (path: string, body?: object) => new Promise<Asked>((resolve) => {
    const text = body ? JSON.stringify(body) : ''
    const headers = body && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
    request({ port, path, method: body ? 'POST' : 'GET', agent, ...headers && { headers } }, (reply) => {
      let received = ''
      reply.setEncoding('utf8').on('data', (chunk: string) => { received += chunk })
      reply.on('end', () => {
        const { code, sdp } = received.startsWith('{') ? JSON.parse(received) as { code?: string, sdp?: string } : {}
        const status = reply.statusCode ?? 500
        resolve({ ...status >= 300 && { error: code ?? String(status) }, ...sdp !== undefined && { sdp } })
      })
    }).on('error', () => resolve({ error: noReply })).end(text)
  })
  return {
    offer: (callId, sdp) => ask('/v1/offer', { callId, fromTag: 'f', sdp }),
    answer: (callId, sdp) => ask('/v1/answer', { callId, fromTag: 'f', toTag: 't', sdp }),
    delete: (callId) => ask('/v1/delete', { callId }),
    nothing: () => ask('/healthz'),
    close: () => agent.destroy(),
  }
}

/** As Kamailio's module does it; each command is sent once. */
export async function byNg (port: number): Promise<Way> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4_194_304 })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const waiting = new Map<string, (reply: NgDictionary) => void>()
  socket.on('message', (datagram) => {
    const { cookie, message } = decode(datagram)
    waiting.get(cookie)?.(message)
  })
  let count = 0
  const ask = (command: NgDictionary) => new Promise<Asked>((resolve) => {
    const cookie = `load${count++}`
    const end = (asked: Asked) => {
      clearTimeout(timer)
      waiting.delete(cookie)
      resolve(asked)
    }
    const timer = setTimeout(() => end({ error: noReply }), 2000)
    waiting.set(cookie, ({ result, sdp, message, 'error-reason': reason }) => {
      const text = [message, reason, result].find((each) => typeof each === 'string') ?? ''
      const isDone = result === 'ok' || result === 'pong'
      end({ ...!isDone && { error: text.includes('more to do') ? 'overloaded' : text }, ...Buffer.isBuffer(sdp) && { sdp: sdp.toString() } })
    })
    socket.send(encode(cookie, command), port, '127.0.0.1')
  })
  const call = (callId: string) => ({ 'call-id': callId, 'from-tag': 'f' })
  return {
    offer: (callId, sdp) => ask({ command: 'offer', ...call(callId), sdp: Buffer.from(sdp), supports: ['load limit'] }),
    answer: (callId, sdp) => ask({ command: 'answer', ...call(callId), 'to-tag': 't', sdp: Buffer.from(sdp) }),
    delete: (callId) => ask({ command: 'delete', ...call(callId) }),
    nothing: () => ask({ command: 'ping' }),
    close: () => socket.close(),
  }
}
