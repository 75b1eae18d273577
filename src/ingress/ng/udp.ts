import { createSocket, type SocketOptions } from 'node:dgram'
import { lookup } from 'node:dns'
import { once } from 'node:events'
import { isIP, isIPv6 } from 'node:net'
import { maxMessageBytes } from '../../ng/check.ts'
import type { Listener, ListenerDeps } from './listener.ts'

/** Room for what comes while this process is busy: some 1,500 offers of a browser. */
const bufferBytes = 4 * 1024 ** 2

/** NG over UDP: one datagram a command, and one a reply, to where it came from. */
export async function listenUdp (
  host: string, port: number, { handle, isAllowed, ignored }: ListenerDeps,
): Promise<Listener> {
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', lookup: lookUp })
  socket.on('message', (datagram, { address, port }) => {
    if (!isAllowed(address)) { ignored(); return }
    handle(datagram, `${address} ${port}`, (reply) => socket.send(reply, port, address), maxMessageBytes)
  })
  const listening = once(socket, 'listening')
  socket.bind(port, host)
  await listening
  // What an answer meets on its way (no route, a closed port) is its client's trouble.
  socket.on('error', ignore)
  try {
    socket.setRecvBufferSize(bufferBytes)
    socket.setSendBufferSize(bufferBytes)
  } catch {} // The kernel's own sizes will do.
  const { address, port: bound } = socket.address()
  return {
    url: `udp:${address.includes(':') ? `[${address}]` : address}:${bound}`,
    close: () => new Promise((resolve) => { socket.close(resolve) }),
  }
}

const ignore = () => undefined

/** An address is what it is, at once: `dns.lookup` costs each answer 3 µs. */
const lookUp: SocketOptions['lookup'] = (host, options, done) => {
  const family = isIP(host)
  if (family === 0) lookup(host, options, done)
  else done(null, host, family)
}
