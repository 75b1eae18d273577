import type { Handle } from './handler.ts'

/** Something that listens for NG commands. */
export interface Listener {
  /** Where: `udp:127.0.0.1:2223`. */
  url: string
  close (): Promise<void>
}

export interface ListenerDeps {
  handle: Handle
  isAllowed: (address: string) => boolean
  /** Something came from an address that is not allowed. */
  ignored: () => void
}
