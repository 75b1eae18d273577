import { isIPv6 } from 'node:net'

/** How far an address reaches. `name`: a host name, which says nothing by itself. */
export type Scope = 'public' | 'private' | 'loopback' | 'link-local' | 'unspecified' | 'mdns' | 'name'

/** By its first octets: a `BlockList` of Node takes ten times as long, and this is asked for every candidate. */
export function scopeOf (address: string): Scope {
  if (dotted.test(address)) return scopeOfIPv4(address)
  if (isIPv6(address)) return scopeOfIPv6(address.toLowerCase())
  return address.toLowerCase().endsWith('.local') ? 'mdns' : 'name'
}

/** As an IPv4 address is written: what Node has for it takes longer. */
const dotted = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/

/** RFC 1918, RFC 6598 (carrier-grade NAT), RFC 3927. */
function scopeOfIPv4 (address: string): Scope {
  const dot = address.indexOf('.')
  const first = Number(address.slice(0, dot))
  const second = Number(address.slice(dot + 1, address.indexOf('.', dot + 1)))
  if (first === 0) return 'unspecified'
  if (first === 127) return 'loopback'
  if (first === 169 && second === 254) return 'link-local'
  const isPrivate = first === 10 || (first === 172 && second >= 16 && second < 32) || (first === 192 && second === 168)
  return isPrivate || (first === 100 && second >= 64 && second < 128) ? 'private' : 'public'
}

/** RFC 4291 §2.5, RFC 4193. */
function scopeOfIPv6 (address: string): Scope {
  if (/^[0:]+$/.test(address)) return 'unspecified'
  if (/^[0:]+:0*1$/.test(address)) return 'loopback'
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1]
  if (mapped !== undefined) return scopeOfIPv4(mapped)
  if (/^fe[89ab]/.test(address)) return 'link-local'
  return /^f[cd]..:/.test(address) ? 'private' : 'public'
}

/** Whether nobody outside of a network can send to it. */
export function isInternal (address: string): boolean {
  const scope = scopeOf(address)
  return scope === 'private' || scope === 'loopback' || scope === 'link-local' || scope === 'mdns'
}

/** The family word of SDP (RFC 8866 §8.2.7) that goes with an address; undefined for a name. */
export function familyOf (address: string): 'IP4' | 'IP6' | undefined {
  if (dotted.test(address)) return 'IP4'
  return isIPv6(address) ? 'IP6' : undefined
}
