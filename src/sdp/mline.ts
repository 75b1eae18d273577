import { NgpilotError } from '../errors.ts'
import type { SdpMedia } from './sdp.ts'

/**
 * Reads `m=audio 49170/2 RTP/AVP 0 8` (RFC 8866 §5.14). The number of ports stays in the line alone.
 *
 * @param where for the message of an error
 * @throws NgpilotError `sdp_invalid`
 */
export function readMediaLine (line: string, where: string): Omit<SdpMedia, 'lines'> {
  const [kind, portText = '', protocol, ...formats] = line.slice(2).split(' ').filter((word) => word !== '')
  const port = Number(/^(\d{1,5})(?:\/\d+)?$/.exec(portText)?.[1] ?? NaN)
  if (!(port <= 65_535)) throw new NgpilotError('sdp_invalid', `${where}: the port of the m-line is not in 0..65535`)
  if (kind === undefined || protocol === undefined || formats.length === 0) {
    throw new NgpilotError('sdp_invalid', `${where}: the m-line has no protocol or no format`)
  }
  return { kind, port, protocol, formats }
}

/**
 * Whether media can flow: port 0 rejects or ends an m-line (RFC 3264 §6, §8.2), except where it is bundle-only, that is,
 * offered for the transport of another one (RFC 9143 §6).
 */
export function isLive ({ port, lines }: SdpMedia): boolean {
  return port !== 0 || lines.includes('a=bundle-only')
}

/** The value of a=mid (RFC 5888 §4). */
export function midOf ({ lines }: SdpMedia): string | undefined {
  return lines.find((line) => line.startsWith('a=mid:'))?.slice('a=mid:'.length)
}
