/** What the demo's server tells the page, as JSON: `GET /settings.json`. */
export interface Settings {
  /** Kamailio's WebSocket, `ws://127.0.0.1:PORT`. */
  webSocket: string
  /** Host part of the SIP addresses. */
  domain: string
  /** The SIP address of the phone that echoes. */
  phone: string
  /** Where rtpengine's candidates are, in its order. */
  mediaAddresses: string[]
}

/** One SDP exchange as one end of the call saw it; undefined is what has not passed yet. */
export interface SdpExchange { sent?: string, got?: string }

/** The phone's side of a call: `GET /calls/CALL-ID`. */
export interface PhoneLeg extends SdpExchange {
  /** The codec of the packets that rtpengine gets from the phone, say `PCMU`; undefined until the first one came. */
  codec?: string
  /** Every key that the phone has heard since it got the call. */
  digits: string
}
