import { BlockList, isIP } from 'node:net'

/** Where the NG ingress listens. */
export interface NgListen { transport: 'udp' | 'ws', host: string, port: number }

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** An IP address, IPv6 without brackets, or a host name (RFC 1123, underscores let pass). */
export function isHost (text: string): boolean {
  if (isIP(text)) return true
  // Digits and dots that are no address are a typing error, not a name.
  return text.length < 254 && /^([a-z\d_]([a-z\d_-]{0,61}[a-z\d_])?(\.(?!$)|$))+$/i.test(text) && !/^[\d.]+$/.test(text)
}

export function isLoopback (host: string): boolean {
  return host === 'localhost' || (isIP(host) !== 0 && loopback.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4'))
}

/** `HOST:PORT` or `[IPV6]:PORT` in its parts, undefined when it is neither. */
export function splitAddress (text: string): { host: string, port: number } | undefined {
  const [, ipv6, name, port] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? []
  const host = ipv6 ?? name ?? ''
  const isSound = (ipv6 === undefined ? isHost(host) : isIP(ipv6) === 6) && Number(port) > 0 && Number(port) < 65536
  return isSound ? { host, port: Number(port) } : undefined
}

export interface NamedAddress { id: string, host: string, port: number }

/** `HOST:PORT` or `NAME=HOST:PORT`; without a name the address is the id. */
export function namedAddress (text: string): NamedAddress | undefined {
  const [, name, address = ''] = /^(?:([\w.:[\]-]{1,64})=)?(.*)$/s.exec(text) ?? []
  const parts = splitAddress(address)
  return parts && { id: name ?? address, ...parts }
}

/** `http[s]://…` with a host. */
export function isHttpUrl (text: string): boolean {
  return /^https?:\/\/[^/?#\s]+\S*$/.test(text) && URL.canParse(text)
}

/** `[udp:|ws:]HOST:PORT` in its parts, undefined when it is none. */
export function splitNgListen (text: string): NgListen | undefined {
  const [, transport = 'udp', address = ''] = /^(?:(udp|ws):)?(.+)$/.exec(text) ?? []
  const parts = splitAddress(address)
  return parts && { transport: transport as 'udp' | 'ws', ...parts }
}

/** An IP address, or a block of them as in `192.0.2.0/24`. */
export function isAddressBlock (text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const version = isIP(address)
  return version !== 0 && rest.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)))
}

/** How to reach an rtpengine; without a transport it is UDP. */
export interface EndpointAddress { host: string, port: number, transport?: 'udp' | 'ws' | 'wss' | 'http' | 'https' }

/** `HOST:PORT`, or `TRANSPORT://HOST:PORT`, in its parts. */
export function splitEndpoint (text: string): EndpointAddress | undefined {
  const [, transport, rest = ''] = /^(?:(udp|wss?|https?):\/\/)?(.*)$/s.exec(text) ?? []
  const address = splitAddress(rest)
  return address && { ...address, ...(transport !== undefined && { transport: transport as 'udp' }) }
}

/** The same, but no datagrams. */
export function isStreamAddress (text: string): boolean {
  return (splitEndpoint(text)?.transport ?? 'udp') !== 'udp'
}

/** A name to ask DNS for: its port for addresses (A, AAAA), none for services (SRV, RFC 2782). */
export interface DnsName { name: string, port?: number, transport?: Exclude<EndpointAddress['transport'], undefined> }

/** `NAME:PORT` or `_SERVICE._PROTOCOL.DOMAIN`, either with a transport before it. */
export function splitDnsName (text: string): DnsName | undefined {
  const [, scheme, rest = ''] = /^(?:(udp|wss?|https?):\/\/)?(.*)$/s.exec(text) ?? []
  const transport = scheme as EndpointAddress['transport']
  if (/^_[a-z\d-]+\._[a-z]+\../i.test(rest)) return isHost(rest) ? { name: rest, ...(transport && { transport }) } : undefined
  const address = splitAddress(rest)
  if (!address || isIP(address.host)) return undefined
  return { name: address.host, port: address.port, ...(transport && { transport }) }
}

/** The address of a DNS server: `IP`, `IP:PORT` or `[IPV6]:PORT`. */
export function isServerAddress (text: string): boolean {
  return isIP(text) !== 0 || isIP(splitAddress(text)?.host ?? '') !== 0
}
