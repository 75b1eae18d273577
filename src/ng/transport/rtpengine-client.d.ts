/** The part of rtpengine-client 0.4.12 (which has no types) that `node-socket.ts` builds on: its UDP client. */
declare module 'rtpengine-client' {
  import type { RemoteInfo, Socket } from 'node:dgram'
  import type { EventEmitter } from 'node:events'

  export class Client extends EventEmitter {
    /** Made by the constructor: IPv4, binding; its events are led to the methods below. */
    protected socket: Socket
    /** Binds to a free port of any address when `options` names none. */
    constructor (options: { localAddress?: string, localPort?: number })
    /** The socket is bound. Sets its buffer sizes from `UDP_RECV_BUFSIZE` and `UDP_SEND_BUFSIZE`, emits `listening`. */
    protected _onListening (): void
    protected _onMessage (datagram: Buffer, from: RemoteInfo): void
    protected _onError (error: Error): void
    /** Closes the socket; throws when it is closed already. */
    close (): void
  }
}
