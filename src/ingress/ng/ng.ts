import { createAllowed } from './allowed.ts'
import { type HandlerOptions, createHandler } from './handler.ts'
import type { Listener } from './listener.ts'
import { listenUdp } from './udp.ts'
import { listenWebSocket } from './web-socket.ts'

export interface NgOptions extends HandlerOptions {
  listen: readonly { transport: 'udp' | 'ws', host: string, port: number }[]
  /** Addresses and blocks of clients; with none of them, whoever reaches the socket may ask. */
  allow: readonly string[]
}

/**
 * Starts the NG ingress: ngpilot poses as an rtpengine, for clients that know nothing else.
 * @throws when an address cannot be listened on.
 */
export async function startNg ({ listen, allow, ...options }: NgOptions) {
  const { handle, stop } = createHandler(options)
  const deps = {
    handle,
    isAllowed: createAllowed(allow),
    ignored: () => options.observer.ignored('not allowed'),
  }
  const listeners: Listener[] = []
  const close = async () => { await Promise.all(listeners.map((listener) => listener.close())) }
  try {
    for (const { transport, host, port } of listen) {
      listeners.push(await (transport === 'udp' ? listenUdp : listenWebSocket)(host, port, deps))
    }
  } catch (error) {
    await close()
    throw error
  }
  return {
    urls: listeners.map(({ url }) => url),
    /** Answers what is under way, then closes the sockets. */
    async close () {
      await stop()
      await close()
    },
  }
}
