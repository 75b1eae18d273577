import { isIP, isIPv6 } from 'node:net'
import { badRequest } from './scan.ts'

/** RFC 3261 §19.1.1, RFC 7118. */
export type SipTransport = 'udp' | 'tcp' | 'tls' | 'sctp' | 'ws' | 'wss'

/**
 * A `sip:`, `sips:` or `tel:` URI. `user` as written, parameters of its own included, a password dropped; `host` without
 * the brackets of IPv6, empty for `tel:`, whose number is the `user`. Names of `params` in lower case.
 */
export interface SipUri {
  scheme: 'sip' | 'sips' | 'tel'
  user?: string
  host: string
  port?: number
  transport?: SipTransport
  params: Map<string, string>
}

/** One end of a SIP hop. `address` only when the host is one. */
export interface SipPeer { transport?: SipTransport, address?: string, port?: number, uri: string }

const transports = ['udp', 'tcp', 'tls', 'sctp', 'ws', 'wss'] as const

/**
 * Reads a URI (RFC 3261 §19.1, RFC 3966).
 *
 * @param where for the message of an error, say the header that holds it
 * @throws NgpilotError `bad_request`, also for a transport that is none: a typo must not pass for UDP
 */
export function parseSipUri (text: string, where = 'URI'): SipUri {
  const colon = text.indexOf(':')
  const scheme = text.slice(0, colon).toLowerCase()
  const [withoutHeaders = ''] = text.slice(colon + 1).split('?', 1)
  if (colon > 0 && scheme === 'tel') return parseTel(withoutHeaders, where)
  if (colon < 0 || (scheme !== 'sip' && scheme !== 'sips')) throw badRequest(where, 'neither sip:, sips: nor tel:; such as sip:192.0.2.1:5060;transport=tls')
  // A user part may hold "?" and ";", so the "@" comes first.
  const at = text.indexOf('@', colon)
  const rest = (at < 0 ? withoutHeaders : text.slice(at + 1).split('?', 1)[0] ?? '')
  const [hostPort = '', ...params] = rest.split(';')
  const uri: SipUri = { scheme, ...parseHostPort(hostPort, where), params: paramsFrom(params) }
  const [user = ''] = at < 0 ? [] : text.slice(colon + 1, at).split(':', 1)
  if (user !== '') uri.user = user
  const transport = uri.params.get('transport')
  if (transport !== undefined) uri.transport = transportFrom(transport, where)
  return uri
}

/**
 * The hop that a URI names, as in `sip:198.51.100.7:5060;transport=wss`. `sips:` means TLS below (RFC 3261 §26.2.2):
 * over TCP, which is its default, or over WebSocket.
 */
export function parsePeer (text: string, where = 'URI'): SipPeer {
  const { scheme, host, port, transport } = parseSipUri(text, where)
  const peer: SipPeer = { uri: text }
  if (isIP(host)) peer.address = host
  if (port !== undefined) peer.port = port
  const secured = scheme === 'sips' ? securely(transport) : transport
  if (secured) peer.transport = secured
  return peer
}

function securely (transport: SipTransport = 'tcp'): SipTransport {
  if (transport === 'ws') return 'wss'
  return transport === 'tcp' ? 'tls' : transport
}

function parseTel (text: string, where: string): SipUri {
  const [number = '', ...params] = text.split(';')
  if (!/^[+0-9A-Fa-f*#().-]+$/.test(number)) throw badRequest(where, 'no telephone number after tel:')
  return { scheme: 'tel', user: number, host: '', params: paramsFrom(params) }
}

function parseHostPort (text: string, where: string): { host: string, port?: number } {
  const [, bracketed, name, digits] = /^(?:\[([^\]]*)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = bracketed ?? name
  if (host === undefined || (bracketed !== undefined && !isIPv6(bracketed))) throw badRequest(where, 'no valid host and port')
  if (digits === undefined) return { host }
  const port = Number(digits)
  if (port < 1 || port > 65_535) throw badRequest(where, 'the port is not in 1..65535')
  return { host, port }
}

function paramsFrom (params: string[]): Map<string, string> {
  return new Map(params.filter((param) => param !== '').map((param) => {
    const [name = '', ...value] = param.split('=')
    return [name.toLowerCase(), value.join('=')]
  }))
}

function transportFrom (text: string, where: string): SipTransport {
  const transport = transports.find((known) => known === text.toLowerCase())
  if (!transport) throw badRequest(where, `the transport is none of ${transports.join(', ')}`)
  return transport
}
