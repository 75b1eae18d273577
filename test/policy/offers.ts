import type { AudioCodec } from '../../src/sdp/codecs.ts'

/** Codecs as `name/clock rate`, apart by spaces. */
export function codecs (list: string): AudioCodec[] {
  return list.split(' ').map((codec) => {
    const [name = '', clockRate] = codec.split('/')
    return { name, clockRate: Number(clockRate) }
  })
}

/** What Chromium 156 offers. */
export const chromium = codecs('opus/48000 red/48000 G722/8000 PCMU/8000 PCMA/8000 CN/8000 telephone-event/48000 telephone-event/8000')

/** What Firefox ESR 153 offers: DTMF only at the clock rate of telephony. */
export const firefox = codecs('opus/48000 G722/8000 PCMU/8000 PCMA/8000 telephone-event/8000')

/** What most telephones offer. */
export const phone = codecs('PCMU/8000 PCMA/8000 telephone-event/8000')
