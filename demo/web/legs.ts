import type { PhoneLeg, SdpExchange } from './api.ts'
import { page, showFact, showSdp } from './page.ts'

const pollMs = 500

/**
 * Shows what is known of both legs, as long as the call lasts: the browser's from its peer connection, the phone's from
 * the demo's server. Returns a function that ends it; what was shown last stays to be read.
 */
export function watchLegs (connection: RTCPeerConnection, callId: () => string | undefined): () => void {
  const showStates = () => {
    const { iceConnectionState } = connection
    // `completed` is the controlling side's word for connected.
    const ice = iceConnectionState === 'completed' ? 'connected' : iceConnectionState
    showFact('ice', ice, ice)
    const dtls = connection.getSenders()[0]?.transport?.state ?? 'new'
    showFact('dtls', dtls, dtls)
  }
  const poll = async () => {
    showStates()
    showExchange('browser', { sent: connection.localDescription?.sdp, got: connection.remoteDescription?.sdp })
    showFact('browser-codec', await browserCodec(connection))
    const id = callId()
    if (id !== undefined) showPhone(await phoneLeg(id))
  }
  connection.addEventListener('iceconnectionstatechange', showStates)
  connection.addEventListener('connectionstatechange', showStates)
  const timer = setInterval(() => void poll(), pollMs)
  return () => {
    clearInterval(timer)
    showFact('ice', 'closed', 'closed')
    showFact('dtls', 'closed', 'closed')
  }
}

/** Empties both legs, before a new call. */
export function clearLegs (): void {
  showFact('ice', undefined, 'new')
  showFact('dtls', undefined, 'new')
  showFact('browser-codec', undefined)
  showExchange('browser', {})
  showPhone({ digits: '' })
}

function showPhone (leg: PhoneLeg): void {
  showFact('phone-codec', leg.codec)
  // m=audio PORT PROTOCOL FORMATS (RFC 8866 §5.14)
  showFact('phone-protocol', leg.got && /^m=audio \d+ (\S+)/m.exec(leg.got)?.[1])
  showExchange('phone', leg)
  page.digits.hidden = leg.digits === ''
  page.digits.textContent = leg.digits && `The phone heard ${leg.digits}`
}

function showExchange (leg: 'browser' | 'phone', { sent, got }: { [Key in keyof SdpExchange]: string | undefined }): void {
  showSdp(`${leg}-sent`, sent)
  showSdp(`${leg}-got`, got)
}

/** The codec of the audio that comes in, as the browser counts it; of what goes out while nothing has come yet. */
async function browserCodec (connection: RTCPeerConnection): Promise<string | undefined> {
  const stats = [...await connection.getStats().then((report) => report.values() as Iterable<RtpStats>)]
  const rtp = stats.find(({ type }) => type === 'inbound-rtp') ?? stats.find(({ type }) => type === 'outbound-rtp')
  return stats.find(({ id }) => id === rtp?.codecId)?.mimeType?.replace('audio/', '')
}

interface RtpStats { type: string, id: string, codecId?: string, mimeType?: string }

async function phoneLeg (callId: string): Promise<PhoneLeg> {
  const response = await fetch(`calls/${encodeURIComponent(callId)}`)
  if (!response.ok) throw new Error(`the demo's server answered ${response.status}`)
  return await response.json() as PhoneLeg
}
