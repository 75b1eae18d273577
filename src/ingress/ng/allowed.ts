import { BlockList, isIP } from 'node:net'

/** Whether NG commands from an address are taken: with no list, from whoever can reach the socket. This host always may. */
export function createAllowed (blocks: readonly string[]): (address: string) => boolean {
  if (blocks.length === 0) return () => true
  const list = new BlockList()
  for (const block of ['127.0.0.0/8', '::1', ...blocks]) {
    const [address = '', bits] = block.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  // An IPv4 client of an IPv6 socket comes as ::ffff:192.0.2.1, which BlockList takes for the IPv4 address that it is.
  return (address) => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}
