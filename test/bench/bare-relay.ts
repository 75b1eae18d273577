import { createSocket } from 'node:dgram'

/**
 * Copies NG datagrams between Kamailio and an rtpengine and does nothing else: what any control plane in Node costs at
 * least. `node --import tsx test/bench/bare-relay.ts LISTEN-PORT RTPENGINE-PORT`, on 127.0.0.1.
 */
const [listenPort, rtpenginePort] = process.argv.slice(2).map(Number) as [number, number]
const [front, back] = [createSocket('udp4'), createSocket('udp4')]
/** By cookie. */
const askers = new Map<string, { port: number, address: string }>()
const cookieOf = (message: Buffer) => message.toString('latin1', 0, message.indexOf(' '))

front.on('message', (message, asker) => {
  askers.set(cookieOf(message), asker)
  back.send(message, rtpenginePort, '127.0.0.1')
})
back.on('message', (message) => {
  const cookie = cookieOf(message)
  const asker = askers.get(cookie)
  askers.delete(cookie)
  if (asker) front.send(message, asker.port, asker.address)
})
front.bind(listenPort, '127.0.0.1', () => console.log('ready'))
