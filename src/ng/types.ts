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

/** One rtpengine: where its `listen-ng` socket is. `id` is the operator's name for it, the label in metrics and logs. */
export interface MediaNode { id: string, host: string, port: number }
