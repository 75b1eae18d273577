/** The phone that tests drive in a real browser: one call at a time, a microphone, and an ear that measures. */
export interface WebPhone {
  register (webSocket: string, uri: string): Promise<void>
  call (target: string): Promise<void>
  /** Whatever comes in is answered at once; resolves when the next one is. */
  answered (): Promise<void>
  hold (): Promise<void>
  resume (): Promise<void>
  /** A re-INVITE with new ICE credentials for the same peer connection; resolves when it is answered. */
  restartIce (): Promise<void>
  /** From now on the page changes what it gets, the node's fingerprint or ICE password, or calls without a microphone. */
  spoil (what: 'fingerprint' | 'ice-pwd' | 'microphone' | 'nothing'): void
  /** The track of the microphone ends: the browser sends nothing more. */
  mute (): Promise<void>
  /** The page drops its connection without a word to anybody. */
  vanish (): void
  sendDtmf (digit: string): void
  hangup (): void
  /** Why the latest call ended, `running` while it has not. */
  ended (): Promise<string>
  /** The strongest tone that came in the last fifth of a second; 0 in silence. */
  heardHz (): number
  legs (): Promise<{ ice: string, dtls: string, codec: string, sent: string, got: string }>
}
