import { isAtLeast, type Release } from '../../src/ng/release.ts'
import type { NgDictionary, NgValue } from '../../src/ng/types.ts'

/** Values of a reply that differ from one rtpengine to the next: times, ports, packets that it sends of its own accord. */
const volatile = new Set([
  'created', 'created_us', 'created_ts', 'last signal', 'last packet', 'last redis update', 'last kernel packet', 'last user packet',
  'local port', 'uptime', 'packets', 'bytes', 'SSRC', 'last-frame-pos', 'last RTP timestamp', 'last RTP seq',
])
/**
 * What 26.0 has as soon as one of those packets has gone out; nobody else sends any, so each SSRC is of its own making.
 */
const comesLater = new Set(['SSRC', 'ingress SSRCs', 'egress SSRCs'])
const lines: [RegExp, string][] = [
  [/^(m=\w+) [1-9]\d* /, '$1 PORT '],
  [/^a=rtcp:[1-9]\d*/, 'a=rtcp:PORT'],
  [/^a=ice-(ufrag|pwd):.*/, 'a=ice-$1:RANDOM'],
  [/^a=candidate:(\S+) (\d) (\S+) (\d+) (\S+) \d+/, 'a=candidate:RANDOM $2 $3 $4 $5 PORT'],
  [/(raddr \S+ rport) \d+/, '$1 PORT'],
  [/^a=crypto:(\d+ \S+) inline:\S+/, 'a=crypto:$1 inline:KEY'],
  [/^a=fingerprint:(\S+) .*/, 'a=fingerprint:$1 CERTIFICATE'],
  [/^a=tls-id:.*/, 'a=tls-id:RANDOM'],
  [/^a=rtpengine:.*/, 'a=rtpengine:RANDOM'],
  [/^a=ssrc:\d+ cname:\S+/, 'a=ssrc:RANDOM cname:RANDOM'],
  [/^o=(\S+) \d+ \d+/, 'o=$1 ID VERSION'],
]

/** A reply with everything taken out that no two rtpengines have in common, to be compared. */
export function plain (reply: NgDictionary, version: Release): unknown {
  return plainValue(reply, '', isAtLeast(version, '26.0') ? comesLater : new Set())
}

function plainValue (value: NgValue, key: string, left: ReadonlySet<string>): unknown {
  if (volatile.has(key)) return 'VOLATILE'
  if (Buffer.isBuffer(value)) return plainSdp(value.toString('latin1'))
  if (typeof value === 'string') return plainText(value)
  if (Array.isArray(value)) return value.map((item) => plainValue(item, '', left))
  if (typeof value !== 'object') return value
  const told = Object.entries(value).filter(([name]) => !left.has(name))
  return Object.fromEntries(told.map(([name, item]) => [plainText(name), plainValue(item, name, left)]))
}

/** Tags that rtpengine makes up for subscribers. */
function plainText (text: string): string {
  return /^[0-9a-f]{16,}$/.test(text) ? 'RANDOM' : text
}

function plainSdp (sdp: string): string {
  return sdp.split(/\r?\n/).map((line) => lines.reduce((text, [pattern, masked]) => text.replace(pattern, masked), line)).join('\n')
}

/** The first place where two plain replies differ, for a person. */
export function firstDifference (one: unknown, other: unknown, path = ''): string {
  if (isRecord(one) && isRecord(other)) {
    for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
      const found = firstDifference(one[key], other[key], `${path}.${key}`)
      if (found !== '') return found
    }
    return ''
  }
  const [left, right] = [one, other].map((value) => value === undefined ? 'nothing' : JSON.stringify(value))
  return left === right ? '' : `${path}: straight ${left?.slice(0, 300)}, through ${right?.slice(0, 300)}`
}

function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
