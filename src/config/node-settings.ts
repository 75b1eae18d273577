import { Type } from 'typebox'

/** What may be said of a node however it is found. */
const traits = {
  weight: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1000, expects: 'a number above 0, up to 1000' })),
  priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 100, expects: 'a whole number from 0 to 100' })),
  sets: Type.Optional(Type.Array(Type.String({ pattern: '^[\\w.-]{1,32}$', expects: 'a name of letters, digits and . _ - of at most 32 characters' }), { minItems: 1, expects: 'a list of names' })),
  version: Type.Optional(Type.String({ format: 'node-version', expects: 'a version of rtpengine in quotes, say "12.5"' })),
  caFile: Type.Optional(Type.String({ minLength: 1, expects: 'a PEM file' })),
  certFile: Type.Optional(Type.String({ minLength: 1, expects: 'a PEM file' })),
  keyFile: Type.Optional(Type.String({ minLength: 1, expects: 'a PEM file' })),
  serverName: Type.Optional(Type.String({ format: 'host', expects: 'a host name' })),
}

const nodeKeys = {
  id: Type.Optional(Type.String({ pattern: '^[\\w.:[\\]-]{1,64}$', expects: 'a name of letters, digits and . _ - : of at most 64 characters' })),
  address: Type.String({ format: 'node-address', expects: 'HOST:PORT or [IPV6]:PORT, with ws://, wss://, http:// or https:// before it where that is the transport' }),
  stream: Type.Optional(Type.String({ format: 'stream-address', expects: 'ws://, wss://, http:// or https:// and HOST:PORT' })),
  streamAboveBytes: Type.Optional(Type.Integer({ minimum: 0, maximum: 65507 })),
  ...traits,
}

/** One rtpengine as an operator writes it: in the list of the settings, or as a value of the hash in Redis. */
export const NodeSettings = Type.Object(nodeKeys, {
  additionalProperties: false,
  expects: `HOST:PORT, [IPV6]:PORT, TRANSPORT://HOST:PORT, NAME=HOST:PORT or a map of ${Object.keys(nodeKeys).join(', ')}`,
})

const dnsKeys = {
  name: Type.String({ format: 'dns-name', expects: 'NAME:PORT, or _SERVICE._PROTOCOL.DOMAIN of SRV records, with a transport (ws://) before it where it is not UDP' }),
  ...traits,
}

/** A name whose records are nodes. */
export const DnsSettings = Type.Object(dnsKeys, {
  additionalProperties: false,
  expects: `NAME:PORT, _SERVICE._PROTOCOL.DOMAIN or a map of ${Object.keys(dnsKeys).join(', ')}`,
})

/** `NAME=HOST:PORT` as the map that it stands for. */
export function namedNode (text: string): Record<string, unknown> {
  const [, id, address] = /^([^=]*)=(.*)$/s.exec(text) ?? []
  return id === undefined ? { address: text } : { id, address }
}
