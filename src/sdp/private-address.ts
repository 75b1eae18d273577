import { BlockList, isIP } from 'node:net'

/** What the internet does not route: RFC 1918, 6598 (carrier NAT), 3927, 4193 (ULA), 4291 (link-local), loopback. */
const blocks = new BlockList()
for (const [address, bits] of [['10.0.0.0', 8], ['172.16.0.0', 12], ['192.168.0.0', 16], ['100.64.0.0', 10], ['169.254.0.0', 16],
  ['127.0.0.0', 8]] as const) blocks.addSubnet(address, bits, 'ipv4')
for (const [address, bits] of [['fc00::', 7], ['fe80::', 10], ['::1', 128]] as const) blocks.addSubnet(address, bits, 'ipv6')

/** Whether an address cannot be reached over the internet. A host name can, as far as its text tells. */
export function isPrivateAddress (address: string): boolean {
  const version = isIP(address)
  return version !== 0 && blocks.check(address, version === 4 ? 'ipv4' : 'ipv6')
}
