/** The part of ws (7 and 8 alike; it has no types of its own) that `web-socket.ts` uses. */
declare module 'ws' {
  import type { EventEmitter } from 'node:events'

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
    /** @throws SyntaxError for a URL that is none. */
    constructor (url: string, subprotocol: string, options: Options)
    send (data: Buffer, sent: (error?: Error) => void): void
    /** Ends the connection, or the making of it, at once; `close` follows, before it perhaps `error`. */
    terminate (): void
  }
}
