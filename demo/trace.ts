import type { SdpExchange } from './web/api.ts'

/** What the phone saw of a call; `tag` is the phone's own, known from its first reply on. */
export interface PhoneView extends SdpExchange { tag?: string }

/**
 * The latest SDP that the phone got and sent in a call, read from the SIP trace that `baresip -s` prints. What a
 * re-INVITE brings replaces what was before.
 */
export function phoneViewOf (log: string, phoneAddress: string, callId: string): PhoneView {
  const view: PhoneView = {}
  for (const { isSent, text } of messagesIn(log, phoneAddress)) {
    if (headerOf(text, 'Call-ID') !== callId) continue
    const sdp = sdpOf(text)
    if (sdp) view[isSent ? 'sent' : 'got'] = sdp
    const tag = /;tag=([^;>\s]+)/.exec(headerOf(text, 'To') ?? '')?.[1]
    if (isSent && text.startsWith('SIP/2.0 ') && tag) view.tag = tag
  }
  return view
}

/** A message is framed by colours: `ESC[36;1m#`, then `UDP SOURCE -> DESTINATION`, the bytes, `ESC[;m`. */
function* messagesIn (log: string, phoneAddress: string): Iterable<{ isSent: boolean, text: string }> {
  for (const [, source, text = ''] of log.matchAll(/\u001b\[36;1m#\n\w+ (\S+) -> \S+\n(.*?)\u001b\[;m/gs)) {
    yield { isSent: source === phoneAddress, text }
  }
}

function headerOf (text: string, name: string): string | undefined {
  return new RegExp(`^${name}: *(.*?)\\r?$`, 'im').exec(text)?.[1]
}

function sdpOf (text: string): string | undefined {
  const [, body = ''] = text.split(/\r\n\r\n(.*)/s)
  return body.startsWith('v=0') ? body : undefined
}
