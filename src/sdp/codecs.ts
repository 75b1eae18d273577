import type { Sdp, SdpMedia } from './sdp.ts'

/** A codec as a=rtpmap names it. `clockRate` in Hz. */
export interface AudioCodec { name: string, clockRate: number }

/** A codec with the format (payload type) that stands for it. `channels` as written, most often absent. */
export interface MediaCodec extends AudioCodec { format: string, channels?: string }

/** The audio payload types that need no a=rtpmap (RFC 3551 §6, table 4). */
const staticCodecs = new Map<string, AudioCodec>(Object.entries({
  0: { name: 'PCMU', clockRate: 8000 },
  3: { name: 'GSM', clockRate: 8000 },
  4: { name: 'G723', clockRate: 8000 },
  5: { name: 'DVI4', clockRate: 8000 },
  6: { name: 'DVI4', clockRate: 16_000 },
  7: { name: 'LPC', clockRate: 8000 },
  8: { name: 'PCMA', clockRate: 8000 },
  9: { name: 'G722', clockRate: 8000 },
  10: { name: 'L16', clockRate: 44_100 },
  11: { name: 'L16', clockRate: 44_100 },
  12: { name: 'QCELP', clockRate: 8000 },
  13: { name: 'CN', clockRate: 8000 },
  14: { name: 'MPA', clockRate: 90_000 },
  15: { name: 'G728', clockRate: 8000 },
  16: { name: 'DVI4', clockRate: 11_025 },
  17: { name: 'DVI4', clockRate: 22_050 },
  18: { name: 'G729', clockRate: 8000 },
}))

/**
 * The codecs of the first live audio m-line, in its order, telephone-event and CN among them. A dynamic payload type
 * without a=rtpmap names no codec and is left out. Empty where there is no live audio.
 */
export function audioCodecs ({ media }: Sdp): AudioCodec[] {
  const audio = media.find(({ kind, port }) => kind === 'audio' && port !== 0)
  return audio ? codecsOf(audio).map(({ name, clockRate }) => ({ name, clockRate })) : []
}

/** The codecs of one m-line, in its order. */
export function codecsOf (media: SdpMedia): MediaCodec[] {
  const named = rtpmapsOf(media)
  const codecs: MediaCodec[] = []
  for (const format of media.formats) {
    const codec = named.get(format) ?? staticCodec(media, format)
    if (codec) codecs.push(codec)
  }
  return codecs
}

function staticCodec ({ kind }: SdpMedia, format: string): MediaCodec | undefined {
  const codec = kind === 'audio' ? staticCodecs.get(format) : undefined
  return codec && { name: codec.name, clockRate: codec.clockRate, format }
}

/** `a=rtpmap:111 opus/48000/2` (RFC 8866 §6.6), by payload type. */
function rtpmapsOf ({ lines }: SdpMedia): Map<string, MediaCodec> {
  const codecs = new Map<string, MediaCodec>()
  for (const line of lines) {
    if (!line.startsWith('a=rtpmap:')) continue
    const [, format, name, clockRate, channels] = rtpmap.exec(line) ?? []
    if (!format || !name || !clockRate) continue
    codecs.set(format, { name, clockRate: Number(clockRate), format, ...channels !== undefined && { channels } })
  }
  return codecs
}

const rtpmap = /^a=rtpmap:(\d+) +([^/]+)\/(\d+)(?:\/(\d+))?/
