import type { Endpoint } from '../types.ts'
import { HttpTransport } from './http.ts'
import type { Transport, TransportEvents } from './transport.ts'
import { UdpTransport } from './udp.ts'
import { WebSocketTransport } from './web-socket.ts'

/** The transport that the endpoint names; what goes wrong with it is told as an event. */
export function openTransport (endpoint: Endpoint, events: TransportEvents): Transport {
  switch (endpoint.transport ?? 'udp') {
    case 'udp': return new UdpTransport(endpoint, events)
    case 'ws': case 'wss': return new WebSocketTransport(endpoint, events)
    case 'http': case 'https': return new HttpTransport(endpoint, events)
  }
}
