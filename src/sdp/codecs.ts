import type { Sdp, SdpMedia } from './sdp.ts'

/** A codec as a=rtpmap names it. `clockRate` in Hz. */
export interface AudioCodec { name: string, clockRate: number }

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
  if (!audio) return []
  const named = rtpmapsOf(audio)
  return audio.formats.map((format) => named.get(format) ?? staticCodecs.get(format)).filter((codec) => codec !== undefined)
}

/** `a=rtpmap:111 opus/48000/2` (RFC 8866 §6.6), by payload type. */
function rtpmapsOf ({ lines }: SdpMedia): Map<string, AudioCodec> {
  const codecs = new Map<string, AudioCodec>()
  for (const line of lines) {
    if (!line.startsWith('a=rtpmap:')) continue
    const [, format, name, clockRate] = /^a=rtpmap:(\d+) +([^/]+)\/(\d+)/.exec(line) ?? []
    if (format && name && clockRate) codecs.set(format, { name, clockRate: Number(clockRate) })
  }
  return codecs
}
