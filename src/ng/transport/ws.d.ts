/** The part of ws (7 and 8 alike; it has no types of its own) that is used here. */
declare module 'ws' {
  import type { EventEmitter } from 'node:events'
  import type { IncomingMessage } from 'node:http'
  import type { AddressInfo } from 'node:net'

  interface Options {
    perMessageDeflate?: boolean
    /** Bytes; a longer message ends the connection with an error. */
    maxPayload?: number
    /** Milliseconds. */
    handshakeTimeout?: number
    ca?: string
    cert?: string
    key?: string
    servername?: string
  }

  interface Events {
    open: []
    /** ws 7: a string for a text frame. ws 8: a Buffer always. */
    message: [data: Buffer | string]
    error: [error: Error]
    close: []
  }

  export default class WebSocket extends EventEmitter<Events> {
    static readonly OPEN: number
    readonly readyState: number
    /** Bytes that wait to be sent. */
    readonly bufferedAmount: number
    /** @throws SyntaxError for a URL that is none. */
    constructor (url: string, subprotocol?: string, options?: Options)
    send (data: Buffer | string, sent?: (error?: Error) => void): void
    /** Ends the connection, or the making of it, at once; `close` follows, before it perhaps `error`. */
    terminate (): void
  }

  interface ServerOptions {
    host: string
    port: number
    perMessageDeflate: boolean
    maxPayload: number
    /** The subprotocol to take; false refuses them all, and the connection is made without one. */
    handleProtocols (offered: Set<string>): string | false
    verifyClient (info: { req: IncomingMessage }, done: (isAllowed: boolean, status?: number) => void): void
  }

  interface ServerEvents {
    listening: []
    connection: [socket: WebSocket, request: IncomingMessage]
    error: [error: Error]
  }

  /** ws 8 only. */
  export class WebSocketServer extends EventEmitter<ServerEvents> {
    readonly clients: Set<WebSocket>
    constructor (options: ServerOptions)
    address (): AddressInfo
    /** Takes no more connections; those there are stay. */
    close (closed: () => void): void
  }
}
