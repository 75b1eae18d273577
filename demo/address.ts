import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'

const loopback = '127.0.0.1'
// Nobody has this address (RFC 5737). Connecting a UDP socket to it sends nothing, it only asks the kernel for a route.
const anywhere = '192.0.2.1'

/**
 * The addresses for rtpengine to take media at. The first is loopback, where the phone is, and which Chromium reaches
 * from any other interface. Firefox drops loopback candidates, so that it needs a second.
 *
 * @param wanted given on the command line; without it the address that the default route goes out by
 * @throws Error when no interface has the wanted address
 */
export async function mediaAddresses (wanted?: string): Promise<string[]> {
  if (wanted === loopback) return [loopback]
  if (wanted !== undefined) {
    const own = ownAddresses()
    if (!own.includes(wanted)) throw new Error(`--address ${wanted}: no interface of this machine has it; there are ${own.join(', ')}`)
    return [loopback, wanted]
  }
  const primary = await routedAddress() ?? ownAddresses().find((address) => !address.startsWith('127.') && !address.includes(':'))
  return primary === undefined ? [loopback] : [loopback, primary]
}

function ownAddresses (): string[] {
  // Link-local IPv6 would need a zone, which no candidate can carry.
  return Object.values(networkInterfaces()).flatMap((found = []) => found.map(({ address }) => address))
    .filter((address) => !address.startsWith('fe80:'))
}

async function routedAddress (): Promise<string | undefined> {
  const socket = createSocket('udp4')
  try {
    socket.connect(9, anywhere)
    await once(socket, 'connect')
    const { address } = socket.address()
    return address
  } catch {
    return undefined // No route: the machine is on no network.
  } finally {
    socket.close()
  }
}
