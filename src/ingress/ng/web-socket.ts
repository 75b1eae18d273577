import { once } from 'node:events'
import { WebSocketServer } from 'ws'
import { maxBytesOver } from '../../ng/transport/transport.ts'
import type { Listener, ListenerDeps } from './listener.ts'

const subprotocol = 'ng.rtpengine.com'
/** Each worker of Kamailio has one. */
const maxConnections = 1000
/** A client with so much that it has not read yet reads no more. */
const maxUnreadBytes = 4 * 1024 ** 2

/** NG over WebSocket: one message a command, text or binary, and one binary message a reply, in whichever order. */
export async function listenWebSocket (
  host: string, port: number, { handle, isAllowed, ignored }: ListenerDeps,
): Promise<Listener> {
  const maxBytes = maxBytesOver('ws')
  const server = new WebSocketServer({
    host,
    port,
    perMessageDeflate: false,
    maxPayload: maxBytes,
    handleProtocols: (offered) => offered.has(subprotocol) && subprotocol,
    verifyClient ({ req: { headers, socket } }, done) {
      const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
      const isFriend = isAllowed(socket.remoteAddress ?? '')
      if (!isFriend) ignored()
      // Without the subprotocol rtpengine closes the connection too.
      done(isFriend && offered.includes(subprotocol) && server.clients.size < maxConnections, isFriend ? 400 : 403)
    },
  })
  server.on('connection', (socket, { socket: { remoteAddress = '', remotePort = 0 } }) => {
    const peer = `ws ${remoteAddress} ${remotePort}`
    socket.on('message', (data) => handle(Buffer.from(data), peer, (reply) => {
      if (socket.bufferedAmount > maxUnreadBytes) socket.terminate()
      else socket.send(reply, ignore)
    }, maxBytes))
    socket.on('error', () => socket.terminate())
  })
  await once(server, 'listening')
  server.on('error', ignore)
  const { address, port: bound } = server.address()
  return {
    url: `ws:${address.includes(':') ? `[${address}]` : address}:${bound}`,
    async close () {
      for (const client of server.clients) client.terminate()
      await new Promise<void>((resolve) => { server.close(resolve) })
    },
  }
}

const ignore = () => undefined
