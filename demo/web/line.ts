import { UA, WebSocketInterface } from 'jssip'
import type { Settings } from './api.ts'

export type LineState = 'registered' | 'unreachable' | 'refused'

/**
 * Connects to Kamailio and registers under a name of this page's own, so that two tabs do not share one. JsSIP tries
 * again by itself whenever the connection breaks.
 */
export function openLine (settings: Settings, onState: (state: LineState, detail: string) => void): UA {
  const ua = new UA({
    sockets: new WebSocketInterface(settings.webSocket),
    uri: `sip:web-${crypto.randomUUID().slice(0, 8)}@${settings.domain}`,
    session_timers: false,
    connection_recovery_max_interval: 4,
  })
  ua.on('registered', () => onState('registered', ''))
  ua.on('registrationFailed', ({ response }: { response: { status_code: number, reason_phrase: string } | null }) => {
    // Without a response it was the connection, of which `disconnected` tells.
    if (response) onState('refused', `${response.status_code} ${response.reason_phrase}`)
  })
  ua.on('disconnected', () => onState('unreachable', settings.webSocket))
  ua.start()
  // Kamailio then drops the registration at once, and a call that is left behind ends.
  addEventListener('pagehide', () => ua.stop())
  return ua
}
