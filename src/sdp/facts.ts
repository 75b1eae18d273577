import { audioCodecs, type AudioCodec } from './codecs.ts'
import { isLive } from './mline.ts'
import { isInternal } from './scope.ts'
import type { Sdp, SdpMedia } from './sdp.ts'

/** What policies ask of an SDP. `protocol`, `ptime`, address: of the first live audio m-line, else of the first live one. */
export interface SdpFacts {
  /** The audio codecs, in order. */
  codecs: AudioCodec[]
  /** The kinds of live m-lines, each once: audio, video, application, image. */
  media: string[]
  protocol?: string
  /** Milliseconds, only where the SDP says it. */
  ptime?: number
  /** Of the media address. */
  family?: 'IP4' | 'IP6'
  address?: string
  hasIce: boolean
  hasDtls: boolean
  hasSdes: boolean
  /** The media address is one that the internet does not route. */
  isPrivate: boolean
}

/** What an SDP says, session lines counting for every m-line. Nothing of it is secret. */
export function factsOfSdp (sdp: Sdp): SdpFacts {
  const live = sdp.media.filter(isLive)
  const main = live.find(({ kind }) => kind === 'audio') ?? live[0]
  const ptime = Number(valueOf(main, 'a=ptime:'))
  const [, , family, address] = (lineOf(main, 'c=') ?? sdp.session.find((line) => line.startsWith('c=')))?.split(/[= /]/) ?? []
  const keys = keysIn([sdp.session, ...live.map(({ lines }) => lines)])
  return {
    codecs: audioCodecs(sdp),
    media: [...new Set(live.map(({ kind }) => kind))],
    ...main && { protocol: main.protocol },
    ...ptime > 0 && { ptime },
    ...(family === 'IP4' || family === 'IP6') && { family },
    ...address !== undefined && { address },
    ...keys,
    isPrivate: address !== undefined && isInternal(address),
  }
}

/** What each part can be reached and keyed by. */
function keysIn (parts: readonly (readonly string[])[]): Pick<SdpFacts, 'hasIce' | 'hasDtls' | 'hasSdes'> {
  const keys = { hasIce: false, hasDtls: false, hasSdes: false }
  for (const lines of parts) {
    for (const line of lines) {
      if (line.startsWith('a=ice-ufrag:')) keys.hasIce = true
      else if (line.startsWith('a=fingerprint:')) keys.hasDtls = true
      else if (line.startsWith('a=crypto:')) keys.hasSdes = true
    }
  }
  return keys
}

function lineOf (media: SdpMedia | undefined, start: string): string | undefined {
  return media?.lines.find((line) => line.startsWith(start))
}

function valueOf (media: SdpMedia | undefined, start: string): string | undefined {
  return lineOf(media, start)?.slice(start.length)
}
