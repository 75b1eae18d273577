import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StackContext } from '../../stack/context.ts'
import type { Kamailio } from '../../stack/kamailio.ts'

/** Bare SIP over UDP, for what no phone does on demand: the same request twice, a body that breaks rules. */
export async function startSipClient (t: StackContext, kamailio: Kamailio) {
  const socket = createSocket('udp4')
  socket.connect(kamailio.sipPort, kamailio.address)
  await once(socket, 'connect')
  t.after(async () => {
    socket.close()
    return Promise.resolve()
  })
  const received: string[] = []
  socket.on('message', (message) => received.push(message.toString()))
  const { port } = socket.address()

  /** A request to `target`; `callId` is also its tag and branch. */
  const request = (method: string, target: string, callId: string, body = '', headers: string[] = []) => [
    `${method} ${target} SIP/2.0`, `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${callId};rport`, 'Max-Forwards: 70',
    `From: <sip:caller@${kamailio.domain}>;tag=${callId}`, `To: <${target}>`, `Call-ID: ${callId}`, `CSeq: 1 ${method}`,
    `Contact: <sip:caller@127.0.0.1:${port}>`, ...headers, ...(body ? ['Content-Type: application/sdp'] : []),
    `Content-Length: ${Buffer.byteLength(body)}`, '', body,
  ].join('\r\n')

  return {
    request,
    received,
    send: (message: string | Buffer) => socket.send(message),
    /** Waits for a reply with this status. */
    async waitFor (status: number): Promise<string> {
      for (let tries = 0; tries < 250; tries++) {
        const found = received.find((message) => message.startsWith(`SIP/2.0 ${status} `))
        if (found) return found
        await sleep(20)
      }
      throw new Error(`no ${status} came; what came: ${received.map((message) => message.split('\r\n')[0]).join(', ') || 'nothing'}`)
    },
  }
}
