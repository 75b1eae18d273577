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

/** `HOST:PORT` or `NAME=HOST:PORT`; without a name the address is the id. */
export function namedAddress (text: string): { id: string, host: string, port: number } | undefined {
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
