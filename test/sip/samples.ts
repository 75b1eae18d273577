import { sample } from '../sdp/samples.ts'

/** An INVITE as a browser sends it, with a browser's SDP. */
export function invite (change: { lines?: (lines: string[]) => string[], body?: Buffer, ending?: string } = {}): Buffer {
  const { lines, body = sample('chromium-audio-gathered'), ending = '\r\n' } = change
  const head = [
    'INVITE sip:1000@example.com SIP/2.0',
    'Via: SIP/2.0/WSS 4rq1v.invalid;branch=z9hG4bK7654321;rport',
    'Max-Forwards: 70',
    'To: "Bob; x" <sip:1000@example.com>',
    'From: "Alice" <sip:alice@example.com>;tag=abc123',
    'Call-ID: 8dj3kd93jd',
    'CSeq: 1 INVITE',
    'Contact: <sip:al@4rq1v.invalid;transport=ws;ob>',
    'User-Agent: JsSIP 3.1',
    'Supported: ice,replaces,outbound',
    'Content-Type: application/sdp',
    `Content-Length: ${body.length}`,
  ]
  return Buffer.concat([Buffer.from([...(lines ? lines(head) : head), '', ''].join(ending)), body])
}

/** The INVITE with the header of that name replaced; by nothing, it goes. */
export function inviteWith (name: string, ...replacement: string[]): Buffer {
  return invite({ lines: (lines) => lines.flatMap((line) => line.startsWith(`${name}:`) ? replacement : [line]) })
}
