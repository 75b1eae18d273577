import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { decode, encode, split } from '../../src/ng/codec.ts'
import type { NgDictionary } from '../../src/ng/types.ts'

/** Whose end is the caller's: a test. */
interface Owner { after (end: () => Promise<void>): void }

/** A client that speaks NG over UDP as a worker of Kamailio does: one socket, connected, a cookie a command. */
export async function startNgCaller (t: Owner, { host = '127.0.0.1', port }: { host?: string, port: number }) {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  t.after(() => new Promise((resolve) => { socket.close(resolve) }))
  socket.connect(port, host)
  await once(socket, 'connect')
  const received: Buffer[] = []
  const waiting = new Map<string, (datagram: Buffer) => void>()
  socket.on('error', () => undefined)
  socket.on('message', (datagram) => {
    received.push(datagram)
    const { cookie } = split(datagram)
    waiting.get(cookie)?.(datagram)
    waiting.delete(cookie)
  })
  let count = 0
  const prefix = Math.random().toString(36).slice(2)

  /** Sends bytes as they are and resolves with the datagram that comes back under the cookie. */
  const askRaw = (cookie: string, body: Buffer, withinMs = 5000) => new Promise<Buffer>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer to ${cookie} within ${withinMs} ms`)), withinMs)
    waiting.set(cookie, (datagram) => {
      clearTimeout(timer)
      resolve(datagram)
    })
    socket.send(Buffer.concat([Buffer.from(`${cookie} `), body]))
  })
  return {
    /** All datagrams that came, in order. */
    received,
    send: (bytes: Buffer | string) => { socket.send(bytes) },
    askRaw,
    async ask (command: NgDictionary): Promise<NgDictionary> {
      const cookie = `${prefix}_${count++}`
      return decode(await askRaw(cookie, split(encode(cookie, command)).body)).message
    },
  }
}
