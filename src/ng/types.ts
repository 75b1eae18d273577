/**
 * A value of an NG message (bencode: byte string, integer, list, dictionary). Strings are sent as UTF-8; bytes that
 * must not change, SDP above all, travel as a Buffer.
 */
export type NgValue = string | number | Buffer | NgValue[] | NgDictionary

/** Keys as on the wire, hyphenated (`call-id`, `transport-protocol`): the spelling that every version understands. */
export interface NgDictionary { [key: string]: NgValue }

/** One command: `command` and its keys. Built by `commands.ts`. */
export interface NgCommand extends NgDictionary { command: string }

/**
 * What a node answers. `sdp` is exactly the node's bytes; every other string is decoded as UTF-8.
 * `error` comes with `error-reason`, `load limit` with `message`, an `ok` may carry a `warning`.
 */
export interface NgReply {
  result: 'ok' | 'pong' | 'error' | 'load limit'
  sdp?: Buffer
  'error-reason'?: string
  message?: string
  warning?: string
  [key: string]: NgValue | undefined
}

/**
 * A way to rtpengine: `udp` to its `listen-ng`, `ws` and `http` to its `listen-http`, `wss` and `https` to its
 * `listen-https`. NG over plain TCP is not among them: rtpengine closes the connection when more than 1 KB of a message
 * is still to come, and a browser's offer has 2 KB.
 */
export type TransportName = 'udp' | StreamName
export type StreamName = 'ws' | 'wss' | 'http' | 'https'

/** For `wss` and `https`; PEM each. */
export interface NodeTls {
  /** Who signed the node's certificate; default: the authorities that Node.js trusts. */
  ca?: string
  /** Our own certificate and key, for a node (or what stands before it) that asks for one. */
  cert?: string
  key?: string
  /** The name in the node's certificate, when it is not `host`. */
  serverName?: string
}

export interface Endpoint { host: string, port: number, transport?: TransportName, tls?: NodeTls }

/** One rtpengine. `id` is the operator's name for it, the label in metrics and logs. Its transport is UDP by default. */
export interface MediaNode extends Endpoint {
  id: string
  /** Where it takes the messages that are too long for a datagram. */
  stream?: Endpoint & { transport: StreamName }
  /** Messages of more bytes than this go to `stream`. Default: those of more than 65,507, which no datagram holds. */
  streamAboveBytes?: number
}
