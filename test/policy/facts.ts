import type { CallFacts } from '../../src/policy/types.ts'
import type { AudioCodec } from '../../src/sdp/codecs.ts'
import type { SdpFacts } from '../../src/sdp/facts.ts'

/** The facts of a caller's offer of audio, but for what is given. */
export function factsOf ({ codecs = [], sdp, ...given }: Partial<Omit<CallFacts, 'sdp'>> & { codecs?: AudioCodec[], sdp?: Partial<SdpFacts> }): CallFacts {
  return {
    command: 'offer', callId: 'call-1', at: Date.UTC(2026, 0, 5, 12), caller: 'sender', sender: {}, receiver: {}, vars: {}, ...given,
    sdp: { codecs, media: ['audio'], hasIce: false, hasDtls: false, hasSdes: false, isPrivate: false, ...sdp },
  }
}
