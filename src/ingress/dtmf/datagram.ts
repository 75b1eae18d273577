/** A pressed key, as rtpengine tells of it. `event` is that of RFC 4733: 0–9, 10 for *, 11 for #, 12–15 for A–D. */
export interface Dtmf { callId: string, tag: string, tags: string[], event: number, durationMs: number, volume: number }

const head = '{"callid":"'
const beforeTag = '","source_tag":"'
// The end of it is rtpengine's own and cannot be forged.
const tail = /^([\s\S]*?)(?:","source_label":"[\s\S]*?)?","tags":\["([\s\S]*)"\],"type":"DTMF","timestamp":\d+,"source_ip":"[^"]*","event":(\d{1,2}),"duration":(\d{1,9}),"volume":(\d{1,3})/
const mostReadings = 8

/**
 * Reads what rtpengine sends to its `dtmf-log-dest`. It looks like JSON, but rtpengine escapes nothing: with a quote in a
 * Call-ID it is none, and a caller could make `"callid"` appear twice. So it is read by its fixed order. Where a Call-ID
 * holds the text that ends it, there are several readings, the longest Call-ID first: whoever knows the calls takes the
 * first that is one, and nobody can press keys in another's call.
 */
export function readDtmf (datagram: Buffer): Dtmf[] {
  const text = datagram.toString('utf8')
  if (!text.startsWith(head)) return []
  const readings: Dtmf[] = []
  let at = text.lastIndexOf(beforeTag)
  for (; at > 0 && readings.length < mostReadings; at = text.lastIndexOf(beforeTag, at - 1)) {
    const [, tag, tags, event, duration, volume] = tail.exec(text.slice(at + beforeTag.length)) ?? []
    if (tag === undefined || Number(event) > 15) continue
    readings.push({
      callId: text.slice(head.length, at), tag, tags: (tags ?? '').split('","'),
      event: Number(event), durationMs: Number(duration), volume: Number(volume),
    })
  }
  return readings
}

/** `5`, `*`, `#`, `A` */
export function digitOf ({ event }: Pick<Dtmf, 'event'>): string {
  return '0123456789*#ABCD'.charAt(event)
}
