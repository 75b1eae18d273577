import { isIP } from 'node:net'

/** An address as eight groups of 16 bits; IPv4 is `::ffff:0:0/96` (RFC 4291 §2.5.5.2), so both compare alike. */
export type Address = readonly number[]

/** All addresses whose first `bits` bits are those of `groups`; `text` is how it was written. */
export interface AddressBlock { text: string, groups: Address, bits: number }

/** A single address or a block in CIDR form, undefined: neither. A single address is a block of one. */
export function parseBlock (text: string): AddressBlock | undefined {
  const [address = '', length, ...rest] = text.split('/')
  const groups = parseAddress(address)
  if (groups === undefined || rest.length > 0 || address.includes('%')) return undefined
  if (length === undefined) return { text, groups, bits: 128 }
  const unused = isIP(address) === 4 ? 96 : 0
  if (!/^\d{1,3}$/.test(length) || Number(length) > 128 - unused) return undefined
  return { text, groups, bits: Number(length) + unused }
}

/** An IPv4 or IPv6 address, in brackets or with a zone if need be; undefined: neither, a host name for instance. */
export function parseAddress (text: string): Address | undefined {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text
  const version = isIP(bare)
  if (version === 0) return undefined
  const groups: number[] = version === 4 ? [0, 0, 0, 0, 0, 0xffff] : []
  if (version === 4) addV4(bare, groups)
  else addV6(bare, groups)
  return groups
}

export function contains (block: AddressBlock, address: Address): boolean {
  const whole = block.bits >> 4
  for (let index = 0; index < whole; index++) if (block.groups[index] !== address[index]) return false
  const unused = 16 - (block.bits & 15)
  return unused === 16 || (block.groups[whole] ?? 0) >> unused === (address[whole] ?? 0) >> unused
}

/** `192.0.2.1`, which may also be the end of an IPv6 address. By hand: each decision parses two addresses. */
function addV4 (text: string, groups: number[]): void {
  let address = 0
  let octet = 0
  for (let index = 0; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 48
    if (digit >= 0) octet = octet * 10 + digit
    else [address, octet] = [address * 256 + octet, 0]
  }
  address = address * 256 + octet
  groups.push(Math.floor(address / 0x10000), address % 0x10000)
}

function addV6 (text: string, groups: number[]): void {
  const zone = text.indexOf('%')
  const parts = (zone < 0 ? text : text.slice(0, zone)).split(':')
  let gap = -1
  for (const part of parts) {
    if (part.includes('.')) addV4(part, groups)
    else if (part !== '') groups.push(parseInt(part, 16))
    else if (gap < 0) gap = groups.length // `::`, which leaves two empty parts where an address begins or ends with it.
  }
  if (gap >= 0) groups.splice(gap, 0, ...Array<number>(8 - groups.length).fill(0))
}
