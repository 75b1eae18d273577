import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { split } from '../../src/ng/codec.ts'

/** Whose end is the tap's: a test. */
interface Owner { after (end: () => Promise<void>): void }

/** Stands between a client and an rtpengine, passes everything on and keeps the bodies of what went by, pings aside. */
export async function startNgTap (t: Owner, node: { host: string, port: number }) {
  const [front, back] = [createSocket('udp4'), createSocket('udp4')]
  front.bind(0, '127.0.0.1')
  back.bind(0, '127.0.0.1')
  await Promise.all([once(front, 'listening'), once(back, 'listening')])
  t.after(async () => {
    await Promise.all([front, back].map((socket) => new Promise<void>((resolve) => { socket.close(resolve) })))
  })
  const clients = new Map<string, RemoteInfo>()
  const commands: Buffer[] = []
  const replies: Buffer[] = []
  front.on('message', (datagram, from) => {
    const { cookie, body } = split(datagram)
    clients.set(cookie, from)
    if (!isHousekeeping(body)) commands.push(body)
    back.send(datagram, node.port, node.host)
  })
  back.on('message', (datagram) => {
    const { cookie, body } = split(datagram)
    const client = clients.get(cookie)
    replies.push(body)
    if (client) front.send(datagram, client.port, client.address)
  })
  return { host: '127.0.0.1', port: front.address().port, commands, replies }
}

/** What the fleet asks of its own accord. */
function isHousekeeping (body: Buffer): boolean {
  return body.includes('7:command4:ping') || body.includes('7:command10:statistics')
}
