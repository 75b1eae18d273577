import type { Message, SipPeer } from '../stack/fixtures/sip-peer.ts'

/** Sends a request back to Kamailio with another Request-URI, as a proxy between two of its users does: the same call. */
export function sendBack (proxy: SipPeer, { head, body, startLine }: Message, uri: string): void {
  const [method = ''] = startLine.split(' ', 1)
  const via = `Via: SIP/2.0/UDP 127.0.0.1:${proxy.port};branch=z9hG4bK${proxy.port}${method};rport`
  proxy.send(Buffer.from([`${method} ${uri} SIP/2.0`, via, ...head.split('\r\n').slice(1), '', body].join('\r\n')))
}

/** Cancels what went back so, by the request as the callee got it. */
export function cancelBack (proxy: SipPeer, { header }: Message, uri: string): void {
  const copied = ['From', 'To', 'Call-ID', 'Max-Forwards'].map((name) => `${name}: ${header(name)}`)
  const via = `Via: SIP/2.0/UDP 127.0.0.1:${proxy.port};branch=z9hG4bK${proxy.port}INVITE;rport`
  proxy.send(Buffer.from([`CANCEL ${uri} SIP/2.0`, via, ...copied, 'CSeq: 1 CANCEL', 'Content-Length: 0', '', ''].join('\r\n')))
}

/** Sends a reply on to whom the request came from. */
export function passOn (proxy: SipPeer, { head, body }: Message): void {
  const lines = head.split('\r\n')
  const own = lines.findIndex((line) => line.startsWith('Via:'))
  proxy.send(Buffer.from([...lines.filter((_line, index) => index !== own), '', body].join('\r\n')))
}
